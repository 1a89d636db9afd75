"""How often one may log in, start runs and try tools; and what holds while Redis is away."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from common import throttling
from executions.models import WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.flows import workflow_of
from workflows.models import Workflow

PASSWORD = "correct horse battery"
LOGIN = "/api/v1/auth/login"
ADMIN_LOGIN = "/admin/login/"
NO_REDIS = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:9/0",
    }
}


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    cache.clear()
    throttling._of_this_process.clear()


@pytest.fixture
def dana(db: None) -> User:
    return User.objects.create_user("dana", password=PASSWORD, is_staff=True)


@pytest.fixture
def greeting(alice: User) -> Workflow:
    """A workflow of alice's; its runs stay PENDING, since nothing is committed here."""
    return workflow_of(alice)


def start(client: APIClient, workflow: Workflow) -> int:
    return client.post(f"/api/v1/workflows/{workflow.pk}/execute", {}).status_code


@pytest.mark.parametrize("has_redis", [True, False])
def test_the_admins_log_in_is_counted_with_the_apis(
    dana: User, anonymous: APIClient, settings: Settings, has_redis: bool
) -> None:
    settings.CACHES = settings.CACHES if has_redis else NO_REDIS
    settings.LOGIN_RATE = "4/min"
    browser = Client()
    wrong = {"username": "dana", "password": "wrong"}
    assert [browser.post(ADMIN_LOGIN, wrong).status_code for _ in range(2)] == [200, 200]
    body = {"name": "dana", "password": "wrong"}
    assert [anonymous.post(LOGIN, body).status_code for _ in range(2)] == [401, 401]
    refused = browser.post(ADMIN_LOGIN, {"username": "dana", "password": PASSWORD})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert "_auth_user_id" not in browser.session
    assert anonymous.post(LOGIN, {"name": "dana", "password": PASSWORD}).status_code == 429
    assert browser.get(ADMIN_LOGIN).status_code == 200


def test_without_redis_one_can_still_log_in(
    dana: User, anonymous: APIClient, settings: Settings
) -> None:
    settings.CACHES = NO_REDIS
    assert anonymous.post(LOGIN, {"name": "dana", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("has_redis", [True, False])
def test_a_user_starts_only_so_many_runs(
    greeting: Workflow,
    api: APIClient,
    staff: User,
    client_for: ClientFor,
    settings: Settings,
    has_redis: bool,
) -> None:
    settings.CACHES = settings.CACHES if has_redis else NO_REDIS
    settings.EXECUTE_RATE = "2/min"
    assert [start(api, greeting), start(api, greeting)] == [202, 202]
    refused = api.post(f"/api/v1/workflows/{greeting.pk}/execute", {})
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused["Content-Type"] == "application/problem+json"
    assert 0 < int(refused["Retry-After"]) <= 60
    assert WorkflowExecution.objects.count() == 2
    # Reading is free, and others have counts of their own.
    assert api.get(f"/api/v1/workflows/{greeting.pk}/executions").status_code == 200
    assert start(client_for(staff), greeting) == 202


def test_trying_tools_out_is_bounded(api: APIClient, settings: Settings) -> None:
    settings.TRY_RATE = "1/min"
    address = "/api/v1/mcp-servers/none/tools/add/try"
    answers = [api.post(address, {"arguments": {}}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 429]
    assert "Retry-After" in answers[1]


def test_none_is_no_limit(greeting: Workflow, api: APIClient, settings: Settings) -> None:
    settings.EXECUTE_RATE = "none"
    assert {start(api, greeting) for _ in range(3)} == {202}
