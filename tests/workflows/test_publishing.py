"""Publishing: what others run stays while the author edits on."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow, definition, stats_step
from workflows.models import Workflow, WorkflowVersion

URL = "/api/v1/workflows/digest"
BROKEN = definition(stats_step("first"), {"id": "ask", "type": "agent", "agent_id": "nobody"})


@pytest.fixture(autouse=True)
def digest(alice: User, make_workflow: MakeWorkflow) -> Workflow:
    return make_workflow(alice, "digest", definition=definition(stats_step("first")))


def stored() -> list[Any]:
    rows = Workflow.objects.order_by("id").values()
    return [*rows, *WorkflowVersion.objects.order_by("id").values()]


def test_a_published_version_stays_while_editing_goes_on(api: APIClient) -> None:
    answer = api.post(f"{URL}/publish", {})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["published_version"], answer["ETag"]) == (1, '"r2"')
    api.post(f"{URL}/steps", {"step": stats_step("second")})
    row = api.get(URL).json()
    assert (row["version"], row["published_version"]) == (2, 1)


def test_a_dry_run_tells_what_changes_and_for_whom(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    api.post(f"{URL}/publish", {})
    api.post(f"{URL}/webhooks", {"name": "shop"})
    api.post(f"{URL}/webhooks", {"name": "pinned", "version": 1})
    calling = definition({"id": "run", "type": "workflow", "workflow_id": "digest"})
    make_workflow(alice, "caller", definition=calling)
    api.post(f"{URL}/steps", {"step": stats_step("second")})
    before = stored()
    answer = api.post(f"{URL}/publish", {"dry_run": True}).json()
    assert (answer["published_version"], answer["previous_version"]) == (2, 1)
    assert [change["step"] for change in answer["changes"]["steps"]] == ["second"]
    assert answer["followers"] == {"schedules": 0, "webhooks": 1, "workflows": 1}
    assert stored() == before


def test_a_version_with_errors_is_not_published(api: APIClient) -> None:
    api.post(f"{URL}/publish", {})
    api.put(URL, {"name": "digest", "definition": BROKEN})
    before = stored()
    answer = api.post(f"{URL}/publish", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_executable")
    assert "unknown_agent" in {problem["code"] for problem in answer.json()["problems"]}
    assert stored() == before


def test_an_older_version_is_published_again(api: APIClient) -> None:
    api.post(f"{URL}/steps", {"step": stats_step("second")})
    api.post(f"{URL}/publish", {})
    answer = api.post(f"{URL}/publish", {"version": 1})
    assert answer.json()["summary"].startswith("removed second")
    assert Workflow.objects.get(pk="digest").published_version == 1


def test_unpublishing_lets_everybody_run_the_current_version(api: APIClient) -> None:
    api.post(f"{URL}/publish", {})
    answer = api.delete(f"{URL}/publish")
    assert (answer.status_code, answer.json()["published_version"]) == (200, None)


@pytest.mark.parametrize(
    ("body", "status"), [({"version": 2}, 404), ({"version": 0}, 400), ({"number": 1}, 400)]
)
def test_what_is_not_there_is_not_published(api: APIClient, body: Any, status: int) -> None:
    before = stored()
    assert api.post(f"{URL}/publish", body).status_code == status
    assert stored() == before


def test_a_stale_reader_publishes_nothing(api: APIClient) -> None:
    api.patch(URL, {"category": "x"})
    before = stored()
    assert api.post(f"{URL}/publish", {}, headers={"If-Match": '"r1"'}).status_code == 412
    assert stored() == before


def test_others_publish_nothing(bob: User, client_for: ClientFor) -> None:
    before = stored()
    assert client_for(bob).post(f"{URL}/publish", {}).status_code == 404
    assert APIClient().post(f"{URL}/publish", {}).status_code == 401
    assert stored() == before
