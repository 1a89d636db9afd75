"""What retries and forks ask about before they make a call a second time, on the real servers."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from executions.engine.children import child_id
from executions.forks.repeats import repeats_of
from executions.forks.reruns import Rerun
from executions.models import ExecutionEvent, ToolCall, WorkflowExecution
from tests.executions.conftest import RUNS, Forks, Ran, Runner
from tests.executions.engine.building import echo
from tests.executions.families import child_of, child_step
from tests.executions.flows import finished_run, step_run, workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import Answer, ModelServer
from workflows.selectors import catalogue_for

POST = "native:http_request"
ASK = {"id": "ask", "type": "agent", "agent_id": "helper"}


def repeat(path: str, tool: str = POST) -> dict[str, str]:
    """How a refusal names a call."""
    return {"step": path.rpartition("/")[2], "path": path, "tool": tool}


def wants(tap: Tap, *paths: str) -> Answer:
    """The model asks for a POST to each of the paths, all in one turn."""
    calls = [("native__http_request", {"url": tap.url(path), "method": "POST"}) for path in paths]
    return answers.tool_calls(*calls)


def cut_off(ran: Ran, tap: Tap, *names: str) -> Ran:
    """Cancelled while the server holds these calls."""
    for name in names:
        tap.wait_for(name)
    ran.cancel()
    return ran.wait()


def test_repeating_a_call_that_was_made_needs_a_confirmation(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    ran = runner.run({"steps": [tap.step("send", "ok/send"), echo("after", 1)]})
    refused = forks.refused(ran, "fork", from_step="send")
    assert (refused["status"], refused["code"]) == (409, "confirmation_required")
    assert refused["repeats"] == [{"step": "send", "path": "send", "tool": "native:http_request"}]
    assert tap.count("send") == 1
    assert forks.fork(ran, from_step="after").status == "COMPLETED"
    assert tap.count("send") == 1
    assert forks.fork(ran, from_step="send", confirm=True).status == "COMPLETED"
    assert tap.count("send") == 2


def test_calls_that_a_child_made_are_repeated_only_after_a_confirmation(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    sends = workflow_of(runner.owner, tap.step("send", "ok/send"))
    step = {"id": "child", "type": "workflow", "workflow_id": sends.pk}
    ran = runner.run({"steps": [step, echo("after", 1)]})
    assert ran.status == "COMPLETED", ran.row.error
    refused = forks.refused(ran, "fork", from_step="child")
    assert refused["repeats"] == [{"step": "child", "path": "child", "tool": "native:http_request"}]
    assert forks.fork(ran, from_step="after").status == "COMPLETED"
    assert tap.count("send") == 1


def test_calls_of_a_step_that_was_itself_reused_are_known_too(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    ran = runner.run({"steps": [tap.step("send", "ok/send"), echo("after", 1)]})
    fork = forks.fork(ran, from_step="after")
    assert forks.refused(fork, "fork", from_step="send")["code"] == "confirmation_required"


def test_a_call_that_was_cut_off_may_have_been_made(runner: Runner, tap: Tap, forks: Forks) -> None:
    ran = runner.start({"steps": [tap.step("send", "hold/send")]})
    tap.wait_for("send")
    ran.cancel()
    ran.wait()
    refused = forks.refused(ran, "retry")
    assert [one["path"] for one in refused["repeats"]] == ["send"]
    tap.release()
    assert forks.retry(ran, confirm=True).status == "COMPLETED"


def test_calls_that_a_retried_child_would_repeat_are_named_under_the_parents_step(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    kid = workflow_of(
        runner.owner, tap.step("kept", "ok/kept"), tap.step("cut-off", "hold/cut-off")
    )
    ran = runner.start({"steps": [child_step(kid)]})
    tap.wait_for("cut-off")
    ran.cancel()
    ran.wait()
    refused = forks.refused(ran, "retry")
    assert refused["repeats"] == [{"step": "child", "path": "child", "tool": "native:http_request"}]
    tap.release()
    assert forks.retry(ran, confirm=True).status == "COMPLETED"
    assert (tap.count("kept"), tap.count("cut-off")) == (1, 2)


@pytest.mark.parametrize("path", ["cut/send", "garbage/send"])
def test_a_call_whose_answer_was_lost_or_of_no_use_may_have_been_made(
    runner: Runner, tap: Tap, forks: Forks, path: str
) -> None:
    ran = runner.run({"steps": [tap.step("send", path)]})
    assert (ran.status, tap.count("send")) == ("FAILED", 1)
    assert forks.refused(ran, "retry")["repeats"] == [repeat("send")]


def test_a_call_that_was_answered_with_an_error_was_not_made(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    ran = runner.run({"steps": [tap.step("send", "flaky/1/send")]})
    assert ran.status == "FAILED"
    assert forks.retry(ran).status == "COMPLETED"


def test_an_agents_call_that_was_cut_off_may_have_been_made(
    runner: Runner, model_server: ModelServer, tap: Tap, forks: Forks
) -> None:
    runner.agent("helper", tools=[POST])
    model_server.script([wants(tap, "hold/pay")])
    ran = cut_off(runner.start({"steps": [ASK]}), tap, "pay")
    assert not ran.tool_calls
    refused = forks.refused(ran, "retry")
    assert (refused["status"], refused["code"]) == (409, "confirmation_required")
    assert refused["repeats"] == [repeat("ask")]
    assert forks.refused(ran, "fork", from_step="ask")["repeats"] == [repeat("ask")]
    tap.release()
    model_server.script([answers.text("paid")])
    again = forks.retry(ran, confirm=True)
    assert (again.output, tap.count("pay")) == ("paid", 2)
    # It is made once more, so it is another call to whoever tells calls apart by their keys.
    assert [key.split("/")[0] for key in tap.keys] == [ran.id, again.id]


def test_an_agents_calls_that_were_answered_are_not_asked_about_where_it_goes_on(
    runner: Runner, model_server: ModelServer, tap: Tap, forks: Forks
) -> None:
    runner.agent("helper", tools=[POST])
    model_server.script([wants(tap, "ok/a", "flaky/9/b"), answers.hang(60)])
    ran = runner.start({"steps": [ASK]})
    ran.wait_until(lambda: len(model_server.requests) == 2)
    ran.cancel()
    ran.wait()
    assert forks.refused(ran, "fork", from_step="ask")["repeats"] == [repeat("ask")]
    model_server.script([answers.text("done")])
    assert forks.retry(ran).output == "done"
    assert (tap.count("a"), tap.count("b")) == (1, 1)


def test_what_an_agent_was_told_of_and_what_it_was_not_are_told_apart(
    runner: Runner, model_server: ModelServer, tap: Tap, forks: Forks
) -> None:
    runner.agent("helper", tools=[POST])
    model_server.script([wants(tap, "ok/a", "hold/b")])
    ran = runner.start({"steps": [ASK]})
    ran.wait_until(lambda: len(ran.tool_calls) == 1)
    cut_off(ran, tap, "b")
    assert forks.refused(ran, "retry")["repeats"] == [repeat("ask")]
    tap.release()
    model_server.script([answers.text("done")])
    assert forks.retry(ran, confirm=True).output == "done"
    assert (tap.count("a"), tap.count("b")) == (1, 2)


def test_a_call_that_had_not_begun_is_not_asked_about(
    runner: Runner, model_server: ModelServer, tap: Tap, forks: Forks
) -> None:
    runner.agent("helper", tools=[POST])
    model_server.script([answers.hang(60)])
    ran = runner.start({"steps": [ASK, tap.step("send", "ok/send")]})
    ran.wait_until(lambda: len(model_server.requests) == 1)
    ran.cancel()
    ran.wait()
    model_server.script([answers.text("done")])
    assert forks.retry(ran).status == "COMPLETED"
    assert tap.count("send") == 1


@pytest.mark.parametrize("depth", [1, 2])
def test_calls_that_were_cut_off_inside_a_child_are_found_from_its_parent(
    runner: Runner, tap: Tap, forks: Forks, depth: int
) -> None:
    kid = workflow_of(runner.owner, tap.step("send", "hold/send"))
    for _ in range(1, depth):
        kid = workflow_of(runner.owner, child_step(kid))
    ran = cut_off(runner.start({"steps": [child_step(kid)]}), tap, "send")
    assert forks.refused(ran, "fork", from_step="child")["repeats"] == [repeat("child")]
    assert forks.refused(ran, "retry")["repeats"] == [repeat("child")]
    tap.release()
    assert forks.fork(ran, from_step="child", confirm=True).status == "COMPLETED"
    assert tap.count("send") == 2


def test_calls_that_were_cut_off_in_an_agent_of_a_child_are_found_from_its_parent(
    runner: Runner, model_server: ModelServer, tap: Tap, forks: Forks
) -> None:
    runner.agent("helper", tools=[POST])
    kid = workflow_of(runner.owner, ASK)
    model_server.script([wants(tap, "hold/pay")])
    ran = cut_off(runner.start({"steps": [child_step(kid)]}), tap, "pay")
    assert forks.refused(ran, "retry")["repeats"] == [repeat("child")]
    assert forks.refused(ran, "fork", from_step="child")["repeats"] == [repeat("child")]


def test_calls_of_steps_that_a_retried_child_took_over_are_found_from_its_parent(
    runner: Runner, model_server: ModelServer, tap: Tap, forks: Forks
) -> None:
    sends = workflow_of(runner.owner, tap.step("send", "ok/send"))
    ask = {"id": "ask", "type": "agent", "agent": {"instructions": "Answer."}}
    kid = workflow_of(runner.owner, child_step(sends), ask)
    model_server.script([answers.rejected()])
    ran = runner.run({"steps": [child_step(kid)]})
    model_server.script([answers.text("done")])
    retry = forks.retry(ran)
    assert (retry.output, tap.count("send")) == ("done", 1)
    child = child_of(retry)
    assert (child.step("child").is_reused, child.tool_calls) == (True, [])
    assert forks.refused(retry, "fork", from_step="child")["repeats"] == [repeat("child")]
    model_server.script([answers.text("done")])
    assert forks.fork(retry, from_step="child", confirm=True).output == "done"
    assert tap.count("send") == 2


def test_calls_of_a_child_that_a_retry_was_to_go_on_with_are_found_before_it_did(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    kid = workflow_of(runner.owner, tap.step("send", "ok/send"), echo("bad", "${input.missing}"))
    ran = runner.run({"steps": [child_step(kid)]})
    assert ran.row.error_kind == "child_failed"
    retry = WorkflowExecution.objects.get(pk=ran.id)
    retry.pk, retry.status = "execution-retry", "CANCELLED"
    retry.retried_children = {"child": child_of(ran).id}
    retry.forked_from_id, retry.is_retry = ran.id, True
    retry.save(force_insert=True)
    early = Ran(runner.worker, retry.pk)
    assert forks.refused(early, "fork", from_step="child")["repeats"] == [repeat("child")]


def test_a_child_that_has_not_ended_is_asked_about_rather_than_the_one_before_it(
    alice: User, api: APIClient
) -> None:
    kid = workflow_of(alice)
    earlier = finished_run(kid, alice, status="FAILED")
    handed_on = {"child": earlier.pk}
    workflow = workflow_of(alice, child_step(kid))
    run = finished_run(workflow, alice, status="FAILED", retried_children=handed_on)
    step_run(run, "child", position=3, step_type="workflow", status="FAILED")
    key = child_id(run.pk, "child")
    child = finished_run(kid, alice, id=key, parent=run, status="RUNNING", completed_at=None)
    ToolCall.objects.create(execution=child, path="send", tool=POST)
    assert api.post(f"{RUNS}/{run.pk}/retry", {}).json()["repeats"] == [repeat("child")]


def call(run: WorkflowExecution, number: int, status: str, **data: Any) -> ExecutionEvent:
    """What is told of a try of the step's call."""
    known = {"path": "send", "turn": 0, "call_id": "", "tool": POST, "status": status}
    return ExecutionEvent.objects.create(
        execution=run, number=number, kind="tool_call", data={**known, **data}
    )


@pytest.mark.parametrize(
    ("first", "is_asked"),
    [
        ({"error": {"kind": "timeout", "code": "timeout", "message": "too slow"}}, True),
        ({"error": {"kind": "tool_error", "code": "connection_lost", "message": ""}}, True),
        ({"error": {"kind": "tool_error", "code": "http_503", "message": "busy"}}, False),
    ],
)
def test_of_several_tries_each_may_have_been_the_one_that_did_it(
    alice: User, api: APIClient, first: dict[str, Any], is_asked: bool
) -> None:
    run = finished_run(workflow_of(alice), alice, status="FAILED", failed_step="send")
    error = {"kind": "tool_error", "code": "http_503", "message": "busy"}
    step_run(run, "send", position=3, status="FAILED", error_json=error)
    ToolCall.objects.create(execution=run, path="send", tool=POST, error_json=error, attempts=2)
    call(run, 4, "started")
    call(run, 5, "failed", **first)
    call(run, 6, "started")
    call(run, 7, "failed", error=error)
    answer = api.post(f"{RUNS}/{run.pk}/fork", {"from_step": "greet"})
    found = answer.json().get("repeats", [])
    assert found == ([repeat("send")] if is_asked else [])


def test_a_second_try_that_was_cut_off_counts_although_the_first_one_failed(
    alice: User, api: APIClient
) -> None:
    run = finished_run(workflow_of(alice), alice, status="CANCELLED")
    step_run(run, "send", position=3, status="CANCELLED")
    error = {"kind": "tool_error", "code": "http_503", "message": "busy"}
    ToolCall.objects.create(execution=run, path="send", tool=POST, error_json=error)
    call(run, 4, "started")
    call(run, 5, "failed", error=error)
    call(run, 6, "started")
    answer = api.post(f"{RUNS}/{run.pk}/fork", {"from_step": "greet"})
    assert answer.json()["repeats"] == [repeat("send")]


@pytest.mark.parametrize("children", [1, 30])
def test_how_many_children_there_are_changes_no_number_of_queries(
    alice: User, children: int, django_assert_num_queries: Any
) -> None:
    workflow = workflow_of(alice)
    parent = finished_run(workflow, alice)
    for number in range(1, children + 1):
        path = f"each/{number}/child"
        step_run(parent, path, position=2 + number, step_type="workflow")
        child = finished_run(workflow, alice, id=child_id(parent.pk, path), parent=parent)
        ToolCall.objects.create(execution=child, path="send", tool=POST)
    # Two for each of two levels, two for all their calls, and one for the tools that there are.
    with django_assert_num_queries(7):
        found = list(repeats_of([Rerun(parent.pk)], catalogue_for(alice)))
    assert [one.path for one in found] == [f"each/{n}/child" for n in range(1, children + 1)]
