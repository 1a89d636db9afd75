"""Schedules over REST."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from executions.models import WorkflowExecution
from executions.triggers.models import Schedule
from tests.executions.flows import workflow_of
from workflows.models import Workflow

DAILY = {"name": "Every morning", "cron": "0 9 * * mon-fri", "time_zone": "Europe/Berlin"}


@pytest.fixture
def workflow(alice: User) -> Workflow:
    """Alice's."""
    return workflow_of(alice)


@pytest.fixture
def address(workflow: Workflow) -> str:
    """Where its schedules are."""
    return f"/api/v1/workflows/{workflow.pk}/schedules"


def test_a_schedule_is_made_read_changed_and_deleted(api: APIClient, address: str) -> None:
    made = api.post(address, {**DAILY, "user_input": "Ada"})
    assert made.status_code == 201, made.content
    body = made.json()
    one = f"{address}/{body['id']}"
    assert (body["overlap_policy"], body["is_paused"], body["last_run"]) == ("skip", False, None)
    assert len(body["next_runs"]) == 5
    assert all(run["local"][11:16] == "09:00" for run in body["next_runs"])
    assert all(run["at"].endswith("Z") for run in body["next_runs"])
    assert api.get(one).json() == body
    assert [row["id"] for row in api.get(address).json()["results"]] == [body["id"]]
    assert api.put(one, body).status_code == 200
    changed = api.patch(one, {"cron": "30 7 * * *"}).json()
    assert (changed["cron"], changed["user_input"]) == ("30 7 * * *", "Ada")
    replaced = api.put(one, {"name": "Hourly", "interval_seconds": 3600}).json()
    assert (replaced["cron"], replaced["interval_seconds"], replaced["user_input"]) == (
        *("", 3600),
        "",
    )
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404
    assert not Schedule.objects.exists()


def test_pausing_shows_no_next_runs(api: APIClient, address: str) -> None:
    one = f"{address}/{api.post(address, DAILY).json()['id']}"
    paused = api.post(f"{one}/pause", {"note": "Holidays"}).json()
    assert (paused["is_paused"], paused["note"], paused["next_runs"]) == (True, "Holidays", [])
    resumed = api.post(f"{one}/resume").json()
    assert (resumed["is_paused"], len(resumed["next_runs"])) == (False, 5)


def test_firing_now_starts_one_run_for_one_key(api: APIClient, address: str, alice: User) -> None:
    one = f"{address}/{api.post(address, {**DAILY, 'is_paused': True}).json()['id']}"
    answers = [api.post(f"{one}/trigger", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    run = WorkflowExecution.objects.get()
    assert {answer.json()["id"] for answer in answers} == {run.pk}
    assert (run.triggered_by, run.created_by) == ("schedule", alice)
    shown = api.get(one).json()
    assert shown["last_run"]["execution_id"] == run.pk
    runs = api.get(f"/api/v1/workflows/executions?schedule_id={shown['id']}").json()["results"]
    assert [row["schedule_id"] for row in runs] == [shown["id"]]


def test_the_same_key_makes_one_schedule(api: APIClient, address: str) -> None:
    ids = {api.post(address, DAILY, headers={"Idempotency-Key": "k"}).json()["id"] for _ in "12"}
    assert Schedule.objects.get().pk in ids
    assert len(ids) == 1
    other = api.post(address, {**DAILY, "name": "Other"}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"cron": ""}, "/cron"),
        ({"interval_seconds": 60}, "/cron"),
        ({"cron": "61 * * * *"}, "/cron"),
        ({"cron": "0 0 30 2 *"}, "/cron"),
        ({"cron": "* * * * *\x00"}, None),
        ({"time_zone": "Europe/Berlyn"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"time_zone": "/etc/localtime"}, "/time_zone"),
        ({"cron": "", "interval_seconds": 59}, "/interval_seconds"),
        ({"cron": "", "interval_seconds": 0}, "/interval_seconds"),
        ({"cron": "", "interval_seconds": True}, "/interval_seconds"),
        ({"jitter_seconds": 100_000}, "/jitter_seconds"),
        ({"jitter_seconds": -1}, "/jitter_seconds"),
        ({"cron": "", "interval_seconds": 60, "jitter_seconds": 61}, "/jitter_seconds"),
        ({"catchup_window_seconds": 5}, "/catchup_window_seconds"),
        ({"overlap_policy": "sometimes"}, "/overlap_policy"),
        ({"version": 7}, "/version"),
        ({"version": 2**40}, "/version"),
        ({"name": ""}, "/name"),
        ({"is_paused": "no"}, "/is_paused"),
        ({"next_runs": []}, "/next_runs"),
        ({"workflow_id": "other"}, "/workflow_id"),
        ({"nonsense": 1}, "/nonsense"),
        ({"context": []}, "/context"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    api: APIClient, address: str, wrong: dict[str, Any], pointer: str | None
) -> None:
    refused = api.post(address, {**DAILY, **wrong})
    assert refused.status_code == 400, refused.content
    if pointer is not None:
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert not Schedule.objects.exists()


def test_a_list_takes_as_many_queries_for_many_as_for_one(
    api: APIClient,
    address: str,
    django_assert_num_queries: Any,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks():
        for number in range(4):
            api.post(address, {**DAILY, "name": str(number)})
    with django_assert_num_queries(3):
        assert len(api.get(address).json()["results"]) == 4
