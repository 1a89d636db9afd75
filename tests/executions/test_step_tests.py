"""One step tried alone: with what is around it given, simulated unless it is meant, and apart from the real runs."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from executions.models import WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.conftest import Runner
from tests.executions.engine.building import broken, decide, echo, end, loop, parallel
from tests.executions.flows import workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer
from workflows.models import Workflow

ASK = {"id": "ask", "type": "agent", "agent": {"instructions": "Answer."}}


@pytest.fixture
def client(runner: Runner, client_for: ClientFor) -> APIClient:
    """A client of the worker's owner."""
    return client_for(runner.owner)


def tried(client: APIClient, workflow: Workflow, step: str, **body: Any) -> dict[str, Any]:
    """The ended run of one step."""
    answer = client.post(f"/api/v1/workflows/{workflow.pk}/steps/{step}/test?wait=30", body)
    assert answer.status_code == 200, answer.content
    shown: dict[str, Any] = answer.json()
    return shown


def test_a_step_runs_alone_with_given_outputs(runner: Runner, client: APIClient) -> None:
    workflow = workflow_of(runner.owner, ASK, echo("say", "${steps.ask.output}"), broken("last"))
    run = tried(client, workflow, "say", simulate=False, steps={"ask": 7})
    assert (run["status"], run["output"]["result"]) == ("COMPLETED", 7)
    assert (run["tested_step"], run["steps_executed"], run["simulated"]) == ("say", ["say"], False)


def test_a_try_is_simulated_unless_it_is_meant(
    runner: Runner, client: APIClient, model_server: ModelServer
) -> None:
    workflow = workflow_of(runner.owner, ASK)
    assert tried(client, workflow, "ask")["simulated"] is True
    assert model_server.requests == []
    model_server.script([answers.text("really")])
    run = tried(client, workflow, "ask", simulate=False, user_input="hello")
    assert (run["output"], len(model_server.requests)) == ("really", 1)


def test_nested_steps_are_given_their_loop_and_outer_steps(
    runner: Runner, client: APIClient
) -> None:
    say = echo("say", ["${loop.item}", "${loop.iteration}", "${loop.last}", "${steps.one.output}"])
    rounds = loop("rounds", "foreach", [say], over=["a"])
    workflow = workflow_of(runner.owner, echo("one", 1), rounds)
    around = {"item": "b", "iteration": 3, "last": "c"}
    run = tried(client, workflow, "say", simulate=False, loop=around, steps={"one": 5})
    assert run["output"]["result"] == ["b", 3, "c", 5]


def test_a_container_runs_with_all_inside(runner: Runner, client: APIClient) -> None:
    fan = parallel("fan", {"a": [echo("x", "${steps.one.output}")], "b": [echo("y", 2)]})
    workflow = workflow_of(runner.owner, echo("one", 1), fan)
    run = tried(client, workflow, "fan", simulate=False, steps={"one": "given"})
    assert [one["result"] for one in run["output"]] == ["given", 2]
    assert set(run["steps_executed"]) == {"fan", "x", "y"}


def test_a_conditional_says_where_it_would_lead(runner: Runner, client: APIClient) -> None:
    choice = decide("choice", ("${context.n} > 3", "yes"), default="end")
    workflow = workflow_of(runner.owner, choice, echo("yes", 1), context={"n": 1})
    run = tried(client, workflow, "choice", context={"n": 5})
    assert run["output"]["next"] == "yes"
    assert run["steps_executed"] == ["choice"]


def test_an_error_path_is_given_its_error_and_branches_their_outputs(
    runner: Runner, client: APIClient
) -> None:
    fan = parallel("fan", {"a": [echo("x", 1)], "b": [echo("y", 2)]}, on_error="mend")
    mend = echo("mend", ["${error.message}", '${steps.fan.branches.a.output ?? "none"}'])
    workflow = workflow_of(runner.owner, fan, echo("skip", 1, next="end"), mend)
    run = tried(client, workflow, "mend", simulate=False, error={"message": "broken"},
                steps={"fan/a": "from a"})  # fmt: skip
    assert run["output"]["result"] == ["broken", "from a"]


def test_a_step_that_fails_fails_the_try_whatever_would_catch_it(
    runner: Runner, client: APIClient
) -> None:
    workflow = workflow_of(runner.owner, broken("bad", on_error="skip"))
    run = tried(client, workflow, "bad", simulate=False)
    assert (run["status"], run["failed_step"]) == ("FAILED", "bad")


def test_an_end_is_tried_too(runner: Runner, client: APIClient) -> None:
    workflow = workflow_of(runner.owner, echo("one", 1), end("done", "${steps.one.output}"))
    assert tried(client, workflow, "done", steps={"one": "x"})["output"] == "x"


def test_mistakes_elsewhere_do_not_matter_but_those_of_the_step_do(
    runner: Runner, client: APIClient
) -> None:
    nobody = {"id": "lost", "type": "agent", "agent_id": "nobody"}
    workflow = workflow_of(runner.owner, nobody, echo("say", 1))
    assert tried(client, workflow, "say", simulate=False)["status"] == "COMPLETED"
    body = {"simulate": False}
    answer = client.post(f"/api/v1/workflows/{workflow.pk}/steps/lost/test", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_executable")
    assert WorkflowExecution.objects.count() == 1


def test_a_real_try_of_a_risky_tool_needs_a_confirmation(
    runner: Runner, client: APIClient, tap: Tap
) -> None:
    workflow = workflow_of(runner.owner, tap.step("send", "ok/send"))
    address = f"/api/v1/workflows/{workflow.pk}/steps/send/test?wait=30"
    refused = client.post(address, {"simulate": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "confirmation_required")
    assert refused.json()["tools"] == ["native:http_request"]
    assert (WorkflowExecution.objects.count(), tap.hits) == (0, [])
    assert tried(client, workflow, "send", simulate=False, confirm=True)["status"] == "COMPLETED"
    assert tap.count("send") == 1


def test_tries_are_no_runs_of_the_workflow(runner: Runner, client: APIClient) -> None:
    workflow = workflow_of(runner.owner, echo("one", 1))
    run = tried(client, workflow, "one", simulate=False)
    (row,) = client.get("/api/v1/workflows").json()["results"]
    assert row["last_run"] is None
    again = client.post(f"/api/v1/workflows/executions/{run['id']}/fork", {"from_step": "one"})
    assert (again.status_code, again.json()["code"]) == (409, "is_test")


@pytest.mark.parametrize(
    ("step", "body", "status", "code"),
    [
        ("say", {}, 400, "missing_surroundings"),
        ("inner", {"steps": {"one": 1}}, 400, "missing_surroundings"),
        ("nowhere", {}, 404, "not_found"),
        ("one", {"steps": {"nowhere": 1}}, 400, "unknown_step"),
        ("one", {"steps": {"one/x": 1}}, 400, "unknown_step"),
        ("inner", {"loop": {"iteration": 0}}, 400, "invalid"),
        ("one", {"error": {"kind": "odd"}}, 400, "invalid"),
        ("one", {"version": 9}, 404, "not_found"),
        ("one", {"nonsense": 1}, 400, "unknown_field"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_is_written(
    alice: User, api: APIClient, step: str, body: dict[str, Any], status: int, code: str
) -> None:
    rounds = loop("rounds", "count", [echo("inner", "${loop.iteration} ${steps.one.output}")])
    workflow = workflow_of(alice, echo("one", 1), echo("say", "${steps.one.output}"), rounds)
    answer = api.post(f"/api/v1/workflows/{workflow.pk}/steps/{step}/test", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert not WorkflowExecution.objects.exists()


def test_strangers_try_nothing(alice: User, bob: User, client_for: ClientFor) -> None:
    workflow = workflow_of(alice, echo("one", 1))
    address = f"/api/v1/workflows/{workflow.pk}/steps/one/test"
    assert client_for(bob).post(address, {}).status_code == 404
    assert not WorkflowExecution.objects.exists()
