"""The `wait` step: timers, the status WAITING, and the run's own clock."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from executions.models import ExecutionEvent
from tests.executions.conftest import Ran, RunDefinition, Runner
from tests.executions.engine.building import echo, loop, parallel, pause
from tests.executions.tap import Tap


def told(ran: Ran, kind: str, **wanted: Any) -> list[str]:
    """The statuses that the events tell, in order."""
    rows = ExecutionEvent.objects.filter(execution_id=ran.id, kind=kind).order_by("number")
    return [
        row.data["status"]
        for row in rows
        if all(row.data.get(name) == value for name, value in wanted.items())
    ]


def seconds_of(ran: Ran, path: str) -> float:
    (start,), (end,) = ran.times(path)
    return (end - start).total_seconds()


def test_waits_as_long_as_it_says_and_the_run_waits_with_it(run: RunDefinition) -> None:
    ran = run({"steps": [echo("a", 1), pause("p", 1), echo("b", 2)]})
    assert ran.output["result"] == 2
    assert 1 <= seconds_of(ran, "p") < 5
    assert ran.outputs["p"] is None
    assert told(ran, "step", path="p") == ["RUNNING", "WAITING", "COMPLETED"]
    # On a slow machine that it goes on is told with its end.
    assert told(ran, "run") in (
        ["RUNNING", "WAITING", "RUNNING", "COMPLETED"],
        ["RUNNING", "WAITING", "COMPLETED"],
    )


def test_a_list_that_ends_with_a_wait_gives_what_came_before_it(run: RunDefinition) -> None:
    assert run({"steps": [echo("a", 1), pause("p", 1)]}).output["result"] == 1


def test_waits_until_a_time(run: RunDefinition) -> None:
    soon = (timezone.now() + timedelta(seconds=2)).isoformat()
    step = {"id": "p", "type": "wait", "until": "${input.at}"}
    ran = run({"steps": [step]}, input={"at": soon})
    assert ran.status == "COMPLETED"
    assert max(ran.times("p")[1]).isoformat() >= soon
    assert ran.step("p").input_json == {"until": soon}


def test_a_time_that_has_passed_is_not_waited_for(run: RunDefinition) -> None:
    ran = run({"steps": [{"id": "p", "type": "wait", "until": "2020-01-01T00:00:00Z"}]})
    assert ran.status == "COMPLETED"
    assert told(ran, "run") == ["RUNNING", "COMPLETED"]


@pytest.mark.parametrize(
    ("until", "kind"),
    [
        ("tomorrow", "template_error"),
        ("2030-01-31T09:00:00", "template_error"),
        (7, "template_error"),
        ("9999-12-31T23:59:59-23:00", "template_error"),
        ("2999-01-01T00:00:00Z", "limit_exceeded"),
    ],
)
def test_what_is_no_time_to_wait_for_fails(run: RunDefinition, until: Any, kind: str) -> None:
    ran = run({"steps": [{"id": "p", "type": "wait", "until": "${input.at}"}]}, input={"at": until})
    assert (ran.row.error_kind, ran.row.failed_step) == (kind, "p")


def test_the_run_waits_only_while_every_live_branch_waits(run: RunDefinition, tap: Tap) -> None:
    fan = parallel("fan", {"a": [pause("p", 2)], "b": [tap.step("call", "wait/0.5/x")]})
    ran = run({"steps": [fan]})
    assert told(ran, "run") == ["RUNNING", "WAITING", "COMPLETED"]
    rows = ExecutionEvent.objects.filter(execution_id=ran.id).order_by("number")
    order = [
        (row.kind, row.data.get("path"), row.data["status"])
        for row in rows
        if row.kind in ("run", "step")
    ]
    assert (
        order.index(("run", None, "WAITING")) > order.index(("step", "fan/b/call", "COMPLETED")) - 2
    )
    assert order.index(("run", None, "WAITING")) > order.index(("step", "fan/a/p", "WAITING"))


def test_iterations_at_once_wait_at_once(run: RunDefinition) -> None:
    each = loop("each", "foreach", [pause("p", 1), echo("say", "${loop.item}")], over=[1, 2, 3, 4],
                max_concurrency=4, output="${loop.item}")  # fmt: skip
    ran = run({"steps": [each]})
    assert ran.output == [1, 2, 3, 4]
    starts, ends = ran.times(*[f"each/{number}/p" for number in range(1, 5)])
    assert max(starts) < min(ends)


def test_time_of_waiting_does_not_count_towards_the_limit_of_the_run(run: RunDefinition) -> None:
    steps = [pause("p", 3), echo("a", 1)]
    ran = run({"limits": {"timeout_seconds": 2}, "steps": steps})
    assert ran.status == "COMPLETED"


def test_waiting_beside_work_counts_towards_the_limit(run: RunDefinition, tap: Tap) -> None:
    fan = parallel("fan", {"a": [pause("p", 30)], "b": [tap.step("call", "hold/x")]})
    ran = run({"limits": {"timeout_seconds": 2}, "steps": [fan]})
    assert (ran.row.error_kind, ran.row.status) == ("limit_exceeded", "FAILED")
    assert ran.statuses["fan/a/p"] == "CANCELLED"


def test_the_steps_own_timeout_counts(run: RunDefinition) -> None:
    steps = [pause("p", 30, timeout=1, on_error="late"), echo("late", "${error.kind}")]
    assert run({"steps": steps}).output["result"] == "timeout"


def test_a_timer_goes_on_when_the_run_continues_as_new(runner: Runner, tap: Tap) -> None:
    calls = [tap.step(f"c{number}", f"ok/c{number}") for number in range(12)]
    fan = parallel("fan", {"a": [pause("p", 4), echo("after", 1)], "b": calls})
    ran = runner.run({"steps": [fan]}, continue_after_events=10)
    assert ran.status == "COMPLETED"
    assert len(ran.temporal_runs()) > 2
    assert 4 <= seconds_of(ran, "fan/a/p") < 9
    assert told(ran, "step", path="fan/a/p") == ["RUNNING", "WAITING", "COMPLETED"]
    assert sorted(tap.hits) == sorted(f"/ok/c{number}" for number in range(12))


def test_a_waiting_run_is_cancelled_at_once(runner: Runner) -> None:
    ran = runner.start({"steps": [pause("p", 600), echo("never", 1)]})
    ran.wait_for("WAITING")
    ran.cancel()
    ran.wait()
    assert (ran.status, ran.statuses) == ("CANCELLED", {"p": "CANCELLED"})


def test_a_simulation_does_not_wait(run: RunDefinition) -> None:
    ran = run(
        {"steps": [pause("p", 600), {"id": "q", "type": "wait", "until": "${input.x}"}]},
        simulate=True,
    )
    assert ran.statuses == {"p": "COMPLETED", "q": "COMPLETED"}
    assert told(ran, "run") == ["RUNNING", "COMPLETED"]
