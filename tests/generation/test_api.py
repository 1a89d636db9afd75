"""Asking for a workflow over REST: shapes, ownership, limits, repeated requests."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from generation.models import Generation
from tests.conftest import ClientFor

PROMPT = "Summarise the text and post the summary in Slack."
ADDRESS = "/api/v1/workflows/generate"


def made(user: User, **fields: Any) -> Generation:
    return Generation.objects.create(
        **{"id": "generation-1", "prompt": PROMPT, "created_by": user, **fields}
    )


@pytest.mark.django_db(transaction=True)
def test_waiting_gives_the_result_at_once(worker: None, office: None, api: APIClient) -> None:
    answer = api.post(f"{ADDRESS}?wait=20", {"prompt": PROMPT})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["stage"], body["generator"]) == (
        "COMPLETED",
        "ready",
        "offline-planner",
    )
    assert set(body["result"]) == {
        "workflow",
        "agents_to_create",
        "existing_agents_used",
        "mcps_suggested",
        "existing_mcps_used",
        "suggested_schedule",
        "explanation",
        "warnings",
        "estimated_complexity",
        "ready_steps",
        "blocked_steps",
        "can_execute",
    }
    assert body["usage"] == {"input_tokens": 0, "output_tokens": 0, "cost_usd": None}
    assert api.get(answer["Location"]).json() == body


def test_without_waiting_the_answer_is_where_to_look(api: APIClient) -> None:
    answer = api.post(ADDRESS, {"prompt": PROMPT})
    assert answer.status_code == 202
    assert answer.json()["status"] == "PENDING"
    assert answer["Location"].endswith(f"{ADDRESS}/{answer.json()['id']}")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": "too short"},
        {"prompt": "a" * 4001},
        {"prompt": 12345678901},
        {"prompt": PROMPT, "workflow_id": "x"},
        {"prompt": PROMPT, "include_agents": "yes"},
        {"prompt": PROMPT, "preferred_complexity": "huge"},
        {"prompt": PROMPT, "context": ["a"]},
        {"prompt": PROMPT, "context": {"a": "x" * 9000}},
    ],
)
def test_a_wrong_body_is_refused(api: APIClient, body: Any) -> None:
    answer = api.post(ADDRESS, body)
    assert answer.status_code == 400
    assert not Generation.objects.exists()


@pytest.mark.parametrize("wait", ["-1", "61", "x"])
def test_a_wrong_wait_is_refused(api: APIClient, wait: str) -> None:
    assert api.post(f"{ADDRESS}?wait={wait}", {"prompt": PROMPT}).status_code == 400
    assert not Generation.objects.exists()


def test_the_same_key_gives_the_same_job(api: APIClient) -> None:
    first = api.post(ADDRESS, {"prompt": PROMPT}, HTTP_IDEMPOTENCY_KEY="k1")
    again = api.post(ADDRESS, {"prompt": PROMPT}, HTTP_IDEMPOTENCY_KEY="k1")
    other = api.post(ADDRESS, {"prompt": f"{PROMPT} Now."}, HTTP_IDEMPOTENCY_KEY="k1")
    assert first.json()["id"] == again.json()["id"]
    assert other.status_code == 422
    assert Generation.objects.count() == 1


def test_too_many_requests_are_refused_with_the_time_to_wait(
    api: APIClient, settings: Settings
) -> None:
    settings.GENERATIONS_PER_HOUR = 2
    for _ in range(2):
        assert api.post(ADDRESS, {"prompt": PROMPT}).status_code == 202
    refused = api.post(ADDRESS, {"prompt": PROMPT})
    assert refused.status_code == 429
    assert 3500 < int(refused["Retry-After"]) <= 3600
    assert Generation.objects.count() == 2


def test_others_neither_see_nor_touch_it(
    alice: User, bob: User, client_for: ClientFor, anonymous: APIClient
) -> None:
    generation = made(alice)
    outsider = client_for(bob)
    for address in (f"{ADDRESS}/{generation.pk}", f"{ADDRESS}/generation-unknown"):
        assert outsider.get(address).status_code == 404
        assert outsider.post(f"{address}/cancel").status_code == 404
    apply = outsider.post(f"{ADDRESS}/apply", {"generation_id": generation.pk})
    assert apply.status_code == 404
    assert outsider.get(ADDRESS).json()["results"] == []
    assert anonymous.get(ADDRESS).status_code == 401
    assert anonymous.post(ADDRESS, {"prompt": PROMPT}).status_code == 401
    generation.refresh_from_db()
    assert generation.status == "PENDING"


def test_owner_and_staff_see_it(alice: User, staff: User, client_for: ClientFor) -> None:
    generation = made(alice)
    for user in (alice, staff):
        client = client_for(user)
        assert client.get(f"{ADDRESS}/{generation.pk}").json()["prompt"] == PROMPT
        assert [row["id"] for row in client.get(ADDRESS).json()["results"]] == [generation.pk]


def test_a_list_has_no_results_and_can_be_narrowed(alice: User, api: APIClient) -> None:
    made(alice)
    made(alice, id="generation-2", status="COMPLETED", result={"workflow": {}})
    rows = api.get(f"{ADDRESS}?status=COMPLETED").json()["results"]
    assert [row["id"] for row in rows] == ["generation-2"]
    assert "result" not in rows[0]
    assert api.get(f"{ADDRESS}?status=DONE").status_code == 400


def test_cancelling_ends_a_job_once(alice: User, api: APIClient) -> None:
    generation = made(alice)
    cancelled = api.post(f"{ADDRESS}/{generation.pk}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
    assert api.post(f"{ADDRESS}/{generation.pk}/cancel").status_code == 409
