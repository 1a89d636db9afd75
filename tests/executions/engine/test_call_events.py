"""What those who follow a run are told of its model and tool calls."""

from typing import Any

from django.contrib.auth.models import Group

from common.json_rows import missing_row, new_rows
from executions.models import ExecutionEvent, WorkflowExecution
from executions.recording import note_event
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import parallel
from tests.executions.flows import finished_run, workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer

QUICKLY = {"max_attempts": 3, "initial_interval_seconds": 0.1}


def told(ran: Ran, kind: str) -> list[dict[str, Any]]:
    """The data of its events of a kind, in order, without durations."""
    rows = ExecutionEvent.objects.filter(execution_id=ran.id, kind=kind).order_by("number")
    return [{k: v for k, v in row.data.items() if k != "duration_ms"} for row in rows]


def kinds(ran: Ran) -> list[tuple[str, str]]:
    """All of its events: kind and status."""
    rows = ExecutionEvent.objects.filter(execution_id=ran.id).order_by("number")
    return [(row.kind, row.data["status"]) for row in rows]


def test_an_agents_turns_and_calls_are_told(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper", tools=["native:text_stats"], model="gpt-4o")
    model_server.script(
        [
            answers.tool_call("native__text_stats", {"text": "one two"}, call_id="c1"),
            answers.text("Two words.", usage=(7, 3)),
        ]
    )
    ran = runner.run({"steps": [{"id": "ask", "type": "agent", "agent_id": "helper"}]})
    turns, calls = told(ran, "model_call"), told(ran, "tool_call")
    assert [(turn["turn"], turn["status"], turn["attempt"]) for turn in turns] == [
        (1, "started", 1),
        (1, "completed", 1),
        (2, "started", 1),
        (2, "completed", 1),
    ]
    assert {turn["path"] for turn in turns} == {"ask"}
    assert (turns[3]["input_tokens"], turns[3]["output_tokens"]) == (7, 3)
    call = {"path": "ask", "turn": 1, "call_id": "c1", "tool": "native:text_stats", "attempt": 1}
    assert calls == [call | {"status": "started"}, call | {"status": "completed"}]
    assert kinds(ran) == [
        ("run", "RUNNING"),
        ("step", "RUNNING"),
        ("model_call", "started"),
        ("model_call", "completed"),
        ("tool_call", "started"),
        ("tool_call", "completed"),
        ("model_call", "started"),
        ("model_call", "completed"),
        ("step", "COMPLETED"),
        ("run", "COMPLETED"),
    ]
    numbers = ran.event_numbers()
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_calls_side_by_side_belong_to_is_told_before_them(runner: Runner, tap: Tap) -> None:
    branches = {name: [tap.step(name, f"hold/{name}")] for name in ("a", "b", "c")}
    ran = runner.start({"steps": [parallel("fan", branches)]})
    for name in branches:
        tap.wait_for(name)
    rows = ExecutionEvent.objects.filter(execution_id=ran.id).order_by("number")
    before = [(row.kind, row.data.get("path")) for row in rows if row.kind != "tool_call"]
    assert before == [
        ("run", None),
        ("step", "fan"),
        *(("step", f"fan/{name}/{name}") for name in branches),
    ]
    tap.release()
    assert ran.wait().status == "COMPLETED"
    numbers = ran.event_numbers()
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_failed_try_is_told_with_its_error(runner: Runner, tap: Tap) -> None:
    ran = runner.run({"steps": [tap.step("call", "flaky/2/x", retry=QUICKLY)]})
    assert ran.status == "COMPLETED"
    calls = told(ran, "tool_call")
    assert [(call["status"], call["attempt"]) for call in calls] == [
        ("started", 1),
        ("failed", 1),
        ("started", 2),
        ("failed", 2),
        ("started", 3),
        ("completed", 3),
    ]
    assert calls[1]["error"]["kind"] == "tool_error"
    assert "503" in calls[1]["error"]["message"]


def test_a_model_that_fails_is_told(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper")
    model_server.script([answers.server_error(), answers.text("x")])
    retry = {"id": "ask", "type": "agent", "agent_id": "helper", "retry": QUICKLY}
    ran = runner.run({"steps": [retry]})
    assert [turn["status"] for turn in told(ran, "model_call")] == [
        "started",
        "failed",
        "started",
        "completed",
    ]
    assert told(ran, "model_call")[1]["error"]["kind"] == "agent_error"


def test_a_quick_built_in_tool_is_told_by_its_step_alone(runner: Runner) -> None:
    step = {"id": "s", "type": "tool", "tool": "native:text_stats", "arguments": {"text": "a"}}
    ran = runner.run({"steps": [step]})
    assert [kind for kind, _ in kinds(ran)] == ["run", "step", "step", "run"]


def test_nothing_is_told_after_the_end(db: None, alice: Any) -> None:
    run = finished_run(workflow_of(alice), alice)
    assert note_event(run.pk, "approval", {"path": "x"}) is False
    assert note_event("execution-none", "approval", {"path": "x"}) is False
    assert ExecutionEvent.objects.count() == 3
    WorkflowExecution.objects.filter(pk=run.pk).update(status="WAITING", completed_at=None)
    assert note_event(run.pk, "approval", {"path": "x"}) is True
    row = ExecutionEvent.objects.get(number=4)
    assert (row.kind, row.data) == ("approval", {"path": "x"})


def test_a_row_beside_an_event_is_kept_although_nothing_is_told_after_the_end(
    db: None, alice: Any
) -> None:
    run = finished_run(workflow_of(alice), alice)
    group = new_rows(Group, [{"name": "late"}])
    assert note_event(run.pk, "tool_call", {"path": "x"}, beside=group) is False
    assert Group.objects.get().name == "late"


def test_an_answer_that_is_known_is_not_told_again(db: None, alice: Any) -> None:
    run = finished_run(workflow_of(alice), alice)
    WorkflowExecution.objects.filter(pk=run.pk).update(status="RUNNING", completed_at=None)
    row = missing_row(Group, {"name": "answer"}, unique=("name",))

    def tell() -> bool:
        return note_event(run.pk, "model_call", {"path": "x"}, beside=row, only_if_new=True)

    assert tell() is True
    assert tell() is False
    assert ExecutionEvent.objects.filter(kind="model_call").count() == 1


def test_calls_in_a_row_write_down_what_came_before_them(runner: Runner, tap: Tap) -> None:
    steps = [tap.step(f"s{number}", f"ok/s{number}") for number in range(3)]
    ran = runner.run({"steps": [*steps, tap.step("held", "wait/0/held")]})
    # One local activity is left: how the last step and the run ended.
    assert local_activities(ran) == 1
    assert ran.statuses == dict.fromkeys(("s0", "s1", "s2", "held"), "COMPLETED")
    kinds = ExecutionEvent.objects.filter(execution_id=ran.id).order_by("number")
    assert [(row.kind, row.data.get("path"), row.data["status"]) for row in kinds[:6]] == [
        ("run", None, "RUNNING"),
        ("step", "s0", "RUNNING"),
        ("tool_call", "s0", "started"),
        ("tool_call", "s0", "completed"),
        ("step", "s0", "COMPLETED"),
        ("step", "s1", "RUNNING"),
    ]


def test_a_step_is_shown_while_its_call_lasts(runner: Runner, tap: Tap) -> None:
    ran = runner.start({"steps": [tap.step("first", "ok/first"), tap.step("held", "hold/held")]})
    tap.wait_for("held")
    assert ran.statuses == {"first": "COMPLETED", "held": "RUNNING"}
    assert ran.status == "RUNNING"
    tap.release()
    assert ran.wait().status == "COMPLETED"


def test_what_is_large_does_not_go_with_a_call(runner: Runner, tap: Tap) -> None:
    ran = runner.run({"steps": [tap.step("big", "big/12000/big"), tap.step("last", "ok/last")]})
    assert local_activities(ran) == 2
    assert ran.statuses == {"big": "COMPLETED", "last": "COMPLETED"}


def local_activities(ran: Ran) -> int:
    """How many the history has."""
    events = ran.history().events
    return sum(event.HasField("marker_recorded_event_attributes") for event in events)
