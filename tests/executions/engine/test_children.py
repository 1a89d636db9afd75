"""The `workflow` step: runs of their own, with the rights of the owner, that end with their parent."""

import threading
import time
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from executions import services
from executions.child_runs import MAX_DEPTH, ChildRefused, write_child
from executions.engine.messages.children import LaunchChild
from executions.engine.messages.values import Value
from executions.models import Approval, ModelCall, WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.conftest import PATIENCE_SECONDS, RUNS, Runner
from tests.executions.engine.building import ask, broken, echo, end, loop, parallel
from tests.executions.engine.test_approvals import answer
from tests.executions.families import children, first_child, wait_for_step
from tests.executions.flows import workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer
from workflows.models import Workflow
from workflows.services import archive_workflow, save_workflow

ASK = {"id": "ask", "type": "agent", "agent": {"instructions": "Answer."}}


def run_workflow(step_id: str, workflow: Workflow | str, **more: Any) -> dict[str, Any]:
    """A step that runs it."""
    key = workflow if isinstance(workflow, str) else workflow.pk
    return {"id": step_id, "type": "workflow", "workflow_id": key, **more}


def run_row(workflow: Workflow, parent: WorkflowExecution | None = None) -> WorkflowExecution:
    """A run that its owner started."""
    assert workflow.created_by is not None
    return WorkflowExecution.objects.create(
        id=f"execution-{uuid.uuid4()}",
        workflow=workflow,
        workflow_version=1,
        created_by=workflow.created_by,
        parent=parent,
    )


def wish(parent: WorkflowExecution, workflow: Workflow) -> LaunchChild:
    """A step of the run wants to start the workflow."""
    return LaunchChild(
        parent_id=parent.pk,
        child_id=f"execution-{uuid.uuid4()}",
        path="c",
        workflow_id=workflow.pk,
        version=None,
        given=Value({"input": "", "context": {}}),
        simulate=False,
    )


def test_the_childs_output_is_the_steps(runner: Runner) -> None:
    child = workflow_of(
        runner.owner,
        end("done", ["${user_input}", "${input.n ?? 0}", "${context.team}"]),
        context={"team": "none"},
    )
    steps = [
        run_workflow("text", child, input="Hi ${user_input}", context={"team": "${context.name}"}),
        run_workflow("object", child, input={"n": "${input.k}"}),
        end("done", ["${steps.text.output}", "${steps.object.output}"]),
    ]
    ran = runner.run({"context": {"name": "A"}, "steps": steps}, user_input="Ada", input={"k": 7})
    assert ran.output == [["Hi Ada", 0, "A"], ["", 7, "none"]]
    first, second = children(ran)
    assert (first.triggered_by, first.created_by, first.status) == (
        "workflow",
        runner.owner,
        "COMPLETED",
    )
    assert (first.user_input, second.input_json) == ("Hi Ada", {"n": 7})


def test_children_stand_in_loops_and_branches(runner: Runner) -> None:
    child = workflow_of(runner.owner, echo("e", "${input.n}"), output="${steps.e.output.result}")
    step = run_workflow("c", child, input={"n": "${loop.item}"})
    each = loop("each", "foreach", [step], over=[1, 2, 3], max_concurrency=3)
    turn = loop("turn", "foreach", [step | {"id": "d"}], over=[4, 5])
    fan = parallel("fan", {"a": [each], "b": [turn]})
    ran = runner.run({"steps": [fan]})
    assert ran.output == [[1, 2, 3], [4, 5]]
    assert len(children(ran)) == 5


def test_a_childs_failure_is_child_failed(runner: Runner) -> None:
    child = workflow_of(runner.owner, broken("bad"))
    after = echo("after", ["${error.kind}", "${error.code}", "${error.message}"])
    ran = runner.run({"steps": [run_workflow("c", child, on_error="after"), end("done"), after]})
    kind, code, message = ran.output["result"]
    (row,) = children(ran)
    assert (kind, code) == ("child_failed", "tool_error")
    assert message.startswith(f"The run {row.pk} of {child.pk!r} failed at 'bad': ")


def test_a_child_that_somebody_cancels_fails_the_step(runner: Runner, tap: Tap) -> None:
    child = workflow_of(runner.owner, tap.step("call", "hold/x"))
    ran = runner.start({"steps": [run_workflow("c", child)]})
    tap.wait_for("x")
    services.request_cancellation(first_child(ran).row, by=runner.owner)
    ran.wait()
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "child_failed")


def test_cancelling_the_parent_stops_children_and_their_children(
    runner: Runner, model_server: ModelServer
) -> None:
    asking = workflow_of(runner.owner, ASK, {**ASK, "id": "again"})
    middle = workflow_of(runner.owner, run_workflow("inner", asking))
    model_server.script([answers.hang(30), answers.text("never")])
    ran = runner.start({"steps": [run_workflow("c", middle), ASK]})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not model_server.requests:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    services.request_cancellation(ran.row, by=runner.owner)
    ran.wait()
    assert set(WorkflowExecution.objects.values_list("status", flat=True)) == {"CANCELLED"}
    asked = len(model_server.requests)
    threading.Event().wait(1)
    assert len(model_server.requests) == asked == 1


def test_a_time_out_stops_the_child(runner: Runner, tap: Tap) -> None:
    child = workflow_of(runner.owner, tap.step("call", "hold/x"))
    ran = runner.run({"steps": [run_workflow("c", child, timeout=2)]})
    assert ran.row.error_kind == "timeout"
    assert [row.status for row in children(ran)] == ["CANCELLED"]


def test_the_version_is_that_of_the_parents_start(runner: Runner) -> None:
    child = workflow_of(runner.owner, end("done", 1))
    save_workflow(
        child, by=runner.owner, definition={**child.definition_json, "steps": [end("done", 2)]}
    )
    steps = [
        ask("wait"),
        run_workflow("now", child),
        run_workflow("old", child, version=1),
        end("done", ["${steps.now.output}", "${steps.old.output}"]),
    ]
    ran = runner.start({"steps": steps})
    ran.wait_for("WAITING")
    child.refresh_from_db()
    save_workflow(
        child, by=runner.owner, definition={**child.definition_json, "steps": [end("done", 3)]}
    )
    answer(ran, runner.owner, path="wait")
    assert ran.wait().output == [2, 1]


def test_a_published_version_goes_before_the_current_one(runner: Runner) -> None:
    child = workflow_of(runner.owner, end("done", 1))
    save_workflow(
        child, by=runner.owner, definition={**child.definition_json, "steps": [end("done", 2)]}
    )
    Workflow.objects.filter(pk=child.pk).update(published_version=1)
    steps = [run_workflow("c", child), end("done", "${steps.c.output}")]
    assert runner.run({"steps": steps}).output == 1


@pytest.mark.parametrize("case", ["absent", "strangers", "archived", "input", "version"])
def test_what_the_owner_may_not_run_is_refused(runner: Runner, case: str) -> None:
    eve = User.objects.create_user("eve")
    owner = eve if case == "strangers" else runner.owner
    schema = {"type": "object", "required": ["n"]}
    child = workflow_of(
        owner, end("done", 1), **({"input_schema": schema} if case == "input" else {})
    )
    if case == "archived":
        archive_workflow(child, by=owner)
    key = "absent" if case == "absent" else child.pk
    step = run_workflow("c", key, **({"version": 99} if case == "version" else {}))
    ran = runner.run({"steps": [step]})
    codes = {"archived": "inactive", "input": "input_mismatch"}
    after = ran.step("c").error_json
    assert after is not None
    assert (after["kind"], after["code"]) == ("child_failed", codes.get(case, "not_found"))
    assert children(ran) == []


def test_a_workflow_runs_itself_neither_directly_nor_through_another(runner: Runner) -> None:
    inner, outer = (workflow_of(runner.owner, end("done")) for _ in range(2))
    above = run_row(outer)
    below = run_row(inner, parent=above)
    for workflow in (inner, outer):
        with pytest.raises(ChildRefused, match="would run itself") as no:
            write_child(wish(below, workflow))
        assert (no.value.kind, no.value.code) == ("child_failed", "cycle")
    assert WorkflowExecution.objects.count() == 2


def test_runs_stand_inside_each_other_at_most_8_deep(runner: Runner) -> None:
    run: WorkflowExecution | None = None
    for _ in range(MAX_DEPTH):
        run = run_row(workflow_of(runner.owner, end("done")), parent=run)
    assert run is not None
    with pytest.raises(ChildRefused) as no:
        write_child(wish(run, workflow_of(runner.owner, end("done"))))
    assert (no.value.kind, no.value.code) == ("limit_exceeded", "nesting")
    assert WorkflowExecution.objects.count() == MAX_DEPTH


def test_large_outputs_come_back_by_key(runner: Runner) -> None:
    child = workflow_of(runner.owner, end("done", "${input.text}"))
    text = "x" * 200_000
    step = run_workflow("c", child, input={"text": "${input.text}"})
    ran = runner.run({"steps": [step, echo("use", "${steps.c.output}")]}, input={"text": text})
    assert ran.output["result"] == text
    assert ran.history_bytes() < 60_000


def test_a_parent_continues_as_new_while_its_child_runs(runner: Runner, tap: Tap) -> None:
    child = workflow_of(
        runner.owner, tap.step("call", "hold/x"), echo("e", 1), output="${steps.e.output.result}"
    )
    calls = [tap.step(f"c{number}", f"ok/c{number}") for number in range(12)]
    fan = parallel("fan", {"a": [run_workflow("c", child)], "b": calls})
    ran = runner.start(
        {"steps": [fan], "output": "${steps.fan.output[0]}"}, continue_after_events=10
    )
    tap.wait_for("c11")
    tap.release()
    assert ran.wait().output == 1
    assert len(ran.temporal_runs()) > 2
    assert tap.count("x") == 1
    assert len(children(ran)) == 1


def test_children_spend_for_their_parent(runner: Runner, model_server: ModelServer) -> None:
    child = workflow_of(runner.owner, ASK)
    model_server.script([answers.text("one"), answers.text("two")])
    ran = runner.run({"steps": [ASK, run_workflow("c", child)]})
    (row,) = children(ran)
    assert (row.model_calls, ran.row.model_calls) == (1, 2)
    assert ran.row.input_tokens == 2 * row.input_tokens > 0
    assert ran.step("c").input_tokens == row.input_tokens


@pytest.mark.parametrize(
    ("last", "status"), [(echo("last"), "COMPLETED"), (broken("last"), "FAILED")]
)
def test_an_answer_that_came_too_late_beside_a_child_is_in_the_total(
    runner: Runner, model_server: ModelServer, last: dict[str, Any], status: str
) -> None:
    def answered_late(execution: WorkflowExecution) -> None:
        ModelCall.objects.create(
            execution=execution, path="fan/b/cut", turn=1, input_tokens=400, output_tokens=100
        )

    child = workflow_of(runner.owner, ASK)
    model_server.script([answers.text("one", usage=(900, 100))])
    steps = [run_workflow("c", child), last]
    ran = runner.start_after({"steps": steps}, answered_late)
    assert ran.status == status
    assert (ran.row.input_tokens, ran.row.output_tokens, ran.row.model_calls) == (1_300, 200, 2)
    assert ran.step("c").input_tokens == 900


def test_what_a_child_spends_is_seen_in_its_parent_while_it_runs(
    runner: Runner, model_server: ModelServer, client_for: ClientFor
) -> None:
    inner = workflow_of(runner.owner, ASK, ask("wait"))
    middle = workflow_of(runner.owner, run_workflow("c", inner))
    model_server.script([answers.text("one"), answers.text("two")])
    ran = runner.start({"steps": [ASK, run_workflow("c", middle)]})
    asking = first_child(first_child(ran)).wait_for("WAITING")
    api = client_for(runner.owner)
    usage = api.get(f"{RUNS}/{ran.id}").json()["usage"]
    assert (ran.row.model_calls, usage["model_calls"], usage["input_tokens"]) == (1, 2, 20)
    answer(asking, runner.owner, path="wait")
    ran.wait()
    assert api.get(f"{RUNS}/{ran.id}").json()["usage"] == usage


def test_a_container_shows_what_was_spent_inside_it(
    runner: Runner, model_server: ModelServer, client_for: ClientFor
) -> None:
    model_server.default = answers.text("said")
    child = workflow_of(runner.owner, ASK)
    each = loop("each", "count", [{**ASK, "id": "say"}, run_workflow("c", child)], max_iterations=2)
    fan = parallel("fan", {"a": [each], "b": [{**ASK, "id": "other"}]})
    ran = runner.run({"steps": [{**ASK, "id": "first"}, fan]})
    api = client_for(runner.owner)
    rows = api.get(f"{RUNS}/{ran.id}/steps").json()["results"]
    spent = {row["path"]: (row["input_tokens"], row["output_tokens"]) for row in rows}
    assert spent["fan/a/each/1/say"] == spent["fan/a/each/1/c"] == spent["first"] == (10, 5)
    assert (spent["fan/a/each"], spent["fan"]) == ((40, 20), (50, 25))
    detail = api.get(f"{RUNS}/{ran.id}/steps/fan").json()
    assert (detail["input_tokens"], detail["output_tokens"], detail["cost_usd"]) == (50, 25, None)


def test_a_childs_approval_is_asked_of_the_owner(runner: Runner) -> None:
    child = workflow_of(runner.owner, ask("ask"), end("done", "${steps.ask.output.by}"))
    ran = runner.start({"steps": [run_workflow("c", child)]})
    answer(first_child(ran), runner.owner)
    assert ran.wait().output == ["alice"]
    assert Approval.objects.get().status == "APPROVED"


def test_a_simulation_simulates_its_children(runner: Runner, model_server: ModelServer) -> None:
    child = workflow_of(runner.owner, ASK)
    ran = runner.run({"steps": [run_workflow("c", child)]}, simulate=True)
    assert str(ran.output).startswith("(simulated)")
    assert [row.simulated for row in children(ran)] == [True]
    assert model_server.requests == []


def test_a_child_keeps_to_its_parents_budget(runner: Runner, tap: Tap) -> None:
    child = workflow_of(runner.owner, tap.step("one", "ok/one"), tap.step("two", "ok/two"))
    after = echo("after", ["${error.kind}", "${error.code}"])
    steps = [
        tap.step("first", "ok/first"),
        run_workflow("c", child, on_error="after"),
        end("done"),
        after,
    ]
    ran = runner.run({"limits": {"max_tool_calls": 2}, "steps": steps})
    (row,) = children(ran)
    assert (row.error_kind, row.failed_step) == ("budget_exceeded", "two")
    # The limit is the parent's, so nothing in the parent catches it.
    assert (ran.status, ran.row.error_kind, ran.row.failed_step) == (
        "FAILED",
        "budget_exceeded",
        "c",
    )
    assert ran.row.error_code == "max_tool_calls"
    assert f"The run {row.pk}" in ran.row.error
    assert tap.hits == ["/ok/first", "/ok/one"]


def test_a_step_with_limits_bounds_its_child(runner: Runner, tap: Tap) -> None:
    child = workflow_of(runner.owner, tap.step("one", "ok/one"), tap.step("two", "ok/two"))
    step = run_workflow("c", child, limits={"max_tool_calls": 1}, on_error="after")
    ran = runner.run({"steps": [step, end("done"), tap.step("after", "ok/after")]})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "budget_exceeded")
    assert tap.hits == ["/ok/one"]


def test_a_limit_ends_who_has_set_it_and_no_one_above(runner: Runner, tap: Tap) -> None:
    inner = workflow_of(runner.owner, tap.step("one", "ok/one"), tap.step("two", "ok/two"))
    middle = workflow_of(
        runner.owner,
        run_workflow("inner", inner, on_error="skip"),
        limits={"max_tool_calls": 1},
    )
    after = echo("after", ["${error.kind}", "${error.code}"])
    ran = runner.run({"steps": [run_workflow("c", middle, on_error="after"), end("done"), after]})
    assert ran.status == "COMPLETED"
    assert ran.output["result"] == ["child_failed", "budget_exceeded"]
    (row,) = children(ran)
    assert (row.status, row.error_kind, row.failed_step) == ("FAILED", "budget_exceeded", "inner")
    assert tap.hits == ["/ok/one"]


def test_a_parent_waits_while_its_only_live_work_is_a_child_that_waits(runner: Runner) -> None:
    child = workflow_of(runner.owner, ask("ask"), end("done", "${steps.ask.output.by}"))
    middle = workflow_of(runner.owner, run_workflow("inner", child))
    definition = {"limits": {"timeout_seconds": 5}, "steps": [run_workflow("c", middle)]}
    ran = runner.start(definition)
    below = first_child(ran)
    asking = first_child(below)
    for one in (asking, below, ran):
        one.wait_for("WAITING")
    assert dict(ran.statuses) == {"c": "WAITING"}
    # As in any wait, the clock of the run stands still.
    threading.Event().wait(5.5)
    answer(asking, runner.owner)
    assert ran.wait().output == ["alice"]
    assert dict(ran.statuses) == {"c": "COMPLETED"}


def test_a_parent_with_other_work_does_not_wait(runner: Runner, tap: Tap) -> None:
    child = workflow_of(runner.owner, ask("ask"))
    fan = parallel("fan", {"a": [run_workflow("c", child)], "b": [tap.step("call", "hold/x")]})
    ran = runner.start({"steps": [fan]})
    tap.wait_for("x")
    asking = first_child(ran).wait_for("WAITING")
    wait_for_step(ran, "fan/a/c", "WAITING")
    assert ran.status == "RUNNING"
    tap.release()
    ran.wait_for("WAITING")
    answer(asking, runner.owner)
    assert ran.wait().status == "COMPLETED"


def test_a_parent_that_continued_as_new_still_knows_that_its_child_waits(
    runner: Runner, tap: Tap
) -> None:
    child = workflow_of(runner.owner, ask("ask"))
    calls = [tap.step(f"c{number}", f"ok/c{number}") for number in range(12)]
    fan = parallel("fan", {"a": [run_workflow("c", child)], "b": calls})
    ran = runner.start({"steps": [fan]}, continue_after_events=10)
    # Where it is cut while its other branch is between two calls it may be shown to wait for a moment.
    ran.wait_until(lambda: len(ran.temporal_runs()) > 2)
    ran.wait_for("WAITING")
    answer(first_child(ran), runner.owner)
    assert ran.wait().status == "COMPLETED"
