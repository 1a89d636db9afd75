"""Runs over REST: who sees what, lists, detail, steps, events."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from executions.models import ModelCall, ToolCall, WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.flows import finished_run, step_run, workflow_of

LIST = "/api/v1/workflows/executions"
FIELDS = {
    "id",
    "workflow_id",
    "workflow_version",
    "temporal_workflow_id",
    "status",
    "is_finished",
    "started_at",
    "completed_at",
    "duration_ms",
    "error",
    "error_kind",
    "error_code",
    "hint",
    "failed_step",
    "triggered_by",
    "schedule_id",
    "webhook_id",
    "usage",
    "parent_id",
    "forked_from",
    "forked_at",
    "tested_step",
    "simulated",
    "created_at",
}
VALUES = {
    "user_input",
    "input",
    "context",
    "output",
    "steps_executed",
    "step_results",
    "drift",
    "forks",
    "request_id",
}


@pytest.fixture
def run(alice: User) -> WorkflowExecution:
    """A finished run of alice."""
    return finished_run(workflow_of(alice), alice)


@pytest.mark.parametrize("rest", ["", "/steps", "/steps/greet", "/events"])
def test_the_owner_reads_strangers_do_not_learn_of_it_and_nobody_needs_a_token(
    run: WorkflowExecution,
    rest: str,
    api: APIClient,
    bob: User,
    anonymous: APIClient,
    client_for: ClientFor,
) -> None:
    address = f"{LIST}/{run.pk}{rest}"
    assert api.get(address).status_code == 200
    stranger = client_for(bob).get(address)
    absent = client_for(bob).get(address.replace(run.pk, "execution-none"))
    assert (stranger.status_code, absent.status_code) == (404, 404)
    assert stranger.json()["detail"] == absent.json()["detail"]
    assert anonymous.get(address).status_code == 401


def test_strangers_see_no_row_in_any_list(
    run: WorkflowExecution, bob: User, client_for: ClientFor, api: APIClient
) -> None:
    assert client_for(bob).get(LIST).json()["results"] == []
    of_workflow = f"/api/v1/workflows/{run.workflow_id}/executions"
    assert client_for(bob).get(of_workflow).status_code == 404
    assert [row["id"] for row in api.get(of_workflow).json()["results"]] == [run.pk]


def test_strangers_can_neither_start_nor_cancel(
    run: WorkflowExecution, bob: User, client_for: ClientFor
) -> None:
    WorkflowExecution.objects.filter(pk=run.pk).update(status="RUNNING", completed_at=None)
    stranger = client_for(bob)
    assert stranger.post(f"{LIST}/{run.pk}/cancel").status_code == 404
    assert stranger.post(f"/api/v1/workflows/{run.workflow_id}/execute").status_code == 404
    assert list(WorkflowExecution.objects.values_list("cancel_requested_at")) == [(None,)]


def test_a_run_has_exactly_the_fields_of_the_contract(
    run: WorkflowExecution, api: APIClient
) -> None:
    row = api.get(f"{LIST}/{run.pk}").json()
    assert set(row) == FIELDS | VALUES
    assert set(api.get(LIST).json()["results"][0]) == FIELDS
    assert (row["temporal_workflow_id"], row["is_finished"]) == (run.pk, True)
    assert (row["duration_ms"], row["user_input"], row["output"]) == (2000, "Ada", "Hello, Ada!")
    assert row["usage"] == {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
        "model_calls": 0,
        "tool_calls": 0,
    }


def test_step_results_are_the_last_iteration_in_order_of_first_start(
    run: WorkflowExecution, api: APIClient
) -> None:
    step_run(run, "refine/1/draft", position=3, iteration=1, output_json="one")
    step_run(run, "check", position=4)
    step_run(run, "refine/2/draft", position=5, iteration=2, output_json="two")
    row = api.get(f"{LIST}/{run.pk}").json()
    assert row["steps_executed"] == ["first", "greet", "draft", "check"]
    draft = row["step_results"]["draft"]
    assert (draft["output"], draft["iteration"], draft["path"]) == ("two", 2, "refine/2/draft")


def test_a_big_output_is_a_preview_with_a_link_to_the_whole(
    run: WorkflowExecution, api: APIClient
) -> None:
    big = {"text": "x" * 40_000}
    step_run(run, "fan/news/search", position=3, output_json=big)
    shown = api.get(f"{LIST}/{run.pk}").json()["step_results"]["search"]["output"]
    assert (shown["truncated"], len(shown["preview"])) == (True, 2000)
    assert shown["size_bytes"] == 40_012
    assert _downloaded(api, shown["link"]) == big
    assert api.get(f"{LIST}/{run.pk}/steps/fan/news/search").json()["output"] == shown
    listed = api.get(f"{LIST}/{run.pk}/steps").json()["results"][-1]
    assert listed["output"] == shown


def test_steps_come_in_pages_in_the_order_of_starting(
    run: WorkflowExecution, api: APIClient
) -> None:
    for position in range(3, 8):
        step_run(run, f"loop/{position}/x", position=position, iteration=position)
    page = api.get(f"{LIST}/{run.pk}/steps?limit=4").json()
    rest = api.get(f"{LIST}/{run.pk}/steps?limit=4&cursor={page['next']}").json()
    positions = [row["position"] for row in page["results"] + rest["results"]]
    assert positions == [1, 2, 3, 4, 5, 6, 7]
    assert rest["next"] is None
    assert page["results"][0]["duration_ms"] == 1500


def test_a_step_shows_its_conversation_and_calls(run: WorkflowExecution, api: APIClient) -> None:
    ask = {"role": "user", "content": "How late is it?"}
    called: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": []}
    told = {"role": "tool", "content": "12:00"}
    answer = {"role": "assistant", "content": "Noon."}
    row = {"execution": run, "path": "greet", "model": "gpt-4o"}
    ModelCall.objects.create(**row, turn=1, new_messages=[ask], answer=called, input_tokens=7)
    ModelCall.objects.create(**row, turn=2, new_messages=[told], answer=answer)
    ToolCall.objects.create(
        execution=run, path="greet", turn=1, call_id="c", tool="time:now", result="12:00"
    )
    step = api.get(f"{LIST}/{run.pk}/steps/greet").json()
    assert step["messages"] == [ask, called, told, answer]
    assert [call["input_tokens"] for call in step["model_calls"]] == [7, 0]
    assert [(call["tool"], call["result"]) for call in step["tool_calls"]] == [
        ("time:now", "12:00")
    ]


def test_an_unknown_step_is_not_found(run: WorkflowExecution, api: APIClient) -> None:
    assert api.get(f"{LIST}/{run.pk}/steps/nowhere@2").status_code == 404


def test_events_go_on_after_a_number(run: WorkflowExecution, api: APIClient) -> None:
    first = api.get(f"{LIST}/{run.pk}/events?limit=2").json()
    assert [event["number"] for event in first["results"]] == [1, 2]
    assert (first["last"], first["is_finished"]) == (2, True)
    rest = api.get(f"{LIST}/{run.pk}/events?after=2&wait=5").json()
    assert [event["number"] for event in rest["results"]] == [3]
    assert api.get(f"{LIST}/{run.pk}/events?after=3&wait=5").json()["results"] == []


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "wait=61", "after=9" * 30])
def test_malformed_event_queries_are_refused(
    run: WorkflowExecution, api: APIClient, query: str
) -> None:
    assert api.get(f"{LIST}/{run.pk}/events?{query}").status_code == 400


def test_lists_are_filtered(api: APIClient, alice: User) -> None:
    greeting, other = workflow_of(alice), workflow_of(alice)
    done = finished_run(greeting, alice, triggered_by="user")
    failed = finished_run(other, alice, status="FAILED", simulated=True)
    waiting = finished_run(other, alice, status="PENDING", completed_at=None, started_at=None)

    def ids(query: str) -> set[str]:
        return {row["id"] for row in api.get(f"{LIST}?{query}").json()["results"]}

    assert ids("status=FAILED") == {failed.pk}
    assert ids("status=FAILED&status=PENDING") == {failed.pk, waiting.pk}
    assert ids("triggered_by=user") == {done.pk}
    assert ids(f"workflow_id={greeting.pk}") == {done.pk}
    assert ids("simulated=true") == {failed.pk}
    assert ids("started_before=2000-01-01T00:00:00Z") == set()
    assert ids("started_after=2000-01-01T00:00:00Z") == {done.pk, failed.pk}


@pytest.mark.parametrize(
    "query",
    [
        *("status=DONE", "started_after=soon", "nonsense=1"),
        *("ordering=created_by", "limit=0", "limit=x", "total=maybe"),
    ],
)
def test_what_a_list_does_not_know_is_refused_by_name(api: APIClient, query: str) -> None:
    answer = api.get(f"{LIST}?{query}")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("parameter", ["workflow_id", "schedule_id", "webhook_id"])
def test_an_id_that_was_left_empty_is_not_answered_with_all_runs(
    api: APIClient, run: WorkflowExecution, parameter: str
) -> None:
    (error,) = api.get(f"{LIST}?{parameter}=").json()["errors"]
    assert (error["code"], error["parameter"]) == ("empty", parameter)
    assert api.get(f"{LIST}?{parameter}=%20").json()["results"] == []


def test_lists_come_in_pages_the_newest_first(api: APIClient, alice: User) -> None:
    workflow = workflow_of(alice)
    runs = [finished_run(workflow, alice).pk for _ in range(3)]
    page = api.get(f"{LIST}?limit=2").json()
    rest = api.get(f"{LIST}?limit=2&cursor={page['next']}").json()
    assert [row["id"] for row in page["results"] + rest["results"]] == runs[::-1]
    assert rest["next"] is None
    oldest = api.get(f"{LIST}?ordering=created_at&limit=1").json()["results"]
    assert [row["id"] for row in oldest] == runs[:1]


def test_queries_do_not_grow_with_the_rows(
    api: APIClient, alice: User, run: WorkflowExecution
) -> None:
    addresses = [
        LIST,
        f"/api/v1/workflows/{run.workflow_id}/executions",
        f"{LIST}/{run.pk}",
        f"{LIST}/{run.pk}/steps",
    ]
    before = [_queries(api, address) for address in addresses]
    for number in range(5):
        finished_run(run.workflow, alice)
        step_run(run, f"more{number}", position=10 + number)
    assert [_queries(api, address) for address in addresses] == before
    # One of them looks the token up.
    assert before == [2, 3, 5, 3]


def _downloaded(api: APIClient, link: str) -> Any:
    answer: Any = api.get(link)
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    return json.loads(b"".join(answer.streaming_content))


def _queries(api: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer: Any = api.get(address)
    assert answer.status_code == 200
    return len(queries)
