"""Starting and cancelling over REST, on the real Temporal server."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from executions.models import StepRun, WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.conftest import Runner
from tests.executions.flows import FAIL, workflow_of
from workflows.models import Workflow

AGENT = {"id": "ask", "type": "agent", "agent_id": "nobody"}


def address(workflow: Workflow) -> str:
    return f"/api/v1/workflows/{workflow.pk}/execute"


@pytest.fixture
def client(runner: Runner, client_for: ClientFor) -> APIClient:
    """A client of the worker's owner."""
    return client_for(runner.owner)


def test_a_waiting_client_gets_the_ended_run(runner: Runner, client: APIClient) -> None:
    workflow = workflow_of(runner.owner)
    answer = client.post(f"{address(workflow)}?wait=30", {"user_input": "Ada"})
    body = answer.json()
    assert (answer.status_code, body["status"], body["triggered_by"]) == (200, "COMPLETED", "api")
    assert "Hello, Ada!" in str(body["output"])
    assert body["steps_executed"] == ["greet"]
    assert body["step_results"]["greet"]["status"] == "COMPLETED"
    assert client.get(answer["Location"]).json() == body


def test_without_waiting_the_answer_is_202_with_the_place_to_look(
    runner: Runner, client: APIClient
) -> None:
    answer = client.post(address(workflow_of(runner.owner)))
    assert answer.status_code == 202
    run_id = answer.json()["id"]
    assert answer["Location"].endswith(f"/api/v1/workflows/executions/{run_id}")
    assert WorkflowExecution.objects.filter(pk=run_id).count() == 1


def test_events_tell_the_steps_as_they_happen(runner: Runner, client: APIClient) -> None:
    run = client.post(address(workflow_of(runner.owner)), {"user_input": "Ada"}).json()
    events: list[dict[str, Any]] = []
    after, is_finished = 0, False
    while not is_finished:
        news = client.get(f"/api/v1/workflows/executions/{run['id']}/events?after={after}&wait=20")
        events += news.json()["results"]
        after, is_finished = news.json()["last"], news.json()["is_finished"]
    steps = [(e["data"]["path"], e["data"]["status"]) for e in events if e["kind"] == "step"]
    assert steps == [("greet", "RUNNING"), ("greet", "COMPLETED")]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))


def test_a_session_starts_as_user(runner: Runner) -> None:
    browser = Client()
    browser.force_login(runner.owner)
    answer = browser.post(
        f"{address(workflow_of(runner.owner))}?wait=30", {}, content_type="application/json"
    )
    assert answer.json()["triggered_by"] == "user"


def test_a_failed_run_is_an_answer_not_an_error(runner: Runner, client: APIClient) -> None:
    answer = client.post(f"{address(workflow_of(runner.owner, FAIL))}?wait=30")
    body = answer.json()
    assert (answer.status_code, body["status"], body["error_kind"]) == (200, "FAILED", "raised")
    assert body["failed_step"] == "stop"


def test_the_same_idempotency_key_starts_one_run(api: APIClient, alice: User) -> None:
    workflow = workflow_of(alice)
    key: dict[str, Any] = {"headers": {"Idempotency-Key": "again"}}
    first = api.post(address(workflow), {"user_input": "a"}, **key)
    second = api.post(address(workflow), {"user_input": "a"}, **key)
    other = api.post(address(workflow), {"user_input": "b"}, **key)
    assert (first.status_code, second.status_code, other.status_code) == (202, 202, 422)
    assert first.json()["id"] == second.json()["id"]
    assert WorkflowExecution.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"userinput": "typo"},
        {"user_input": 7},
        {"context": []},
        {"version": 0},
        {"version": 2**40},
        {"simulate": "perhaps"},
        [],
    ],
)
def test_a_malformed_body_is_refused_and_nothing_is_kept(
    api: APIClient, alice: User, body: Any
) -> None:
    assert api.post(address(workflow_of(alice)), body).status_code == 400
    assert not WorkflowExecution.objects.exists()


def test_a_wait_that_is_too_long_is_refused_before_anything_starts(
    api: APIClient, alice: User
) -> None:
    assert api.post(f"{address(workflow_of(alice))}?wait=61").status_code == 400
    assert not WorkflowExecution.objects.exists()


def test_what_can_not_run_says_what_is_missing(api: APIClient, alice: User) -> None:
    answer = api.post(address(workflow_of(alice, AGENT)))
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "not_executable")
    assert (body["missing_agents"], body["blocked_steps"]) == (["nobody"], ["ask"])
    assert body["problems"]
    assert not WorkflowExecution.objects.exists()


def test_a_run_is_cancelled(runner: Runner, client: APIClient) -> None:
    endless = {
        "id": "again",
        "type": "loop",
        "loop_mode": "count",
        "max_iterations": 1000,
        # With a time limit of its own no iteration is run ahead, so that it lasts.
        "timeout": 3600,
        "steps": [{"id": "tick", "type": "tool", "tool": "native:current_time"}],
    }
    run = client.post(address(workflow_of(runner.owner, endless))).json()
    where = f"/api/v1/workflows/executions/{run['id']}"
    client.get(f"{where}/events?wait=20")
    assert client.post(f"{where}/cancel").status_code == 202
    while not (row := client.get(where).json())["is_finished"]:
        client.get(f"{where}/events?after=100000&wait=5")
    assert row["status"] == "CANCELLED"
    assert not StepRun.objects.filter(execution_id=run["id"], status="RUNNING").exists()
    again = client.post(f"{where}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "already_ended")
