"""Errors: what catches which kind, retries, timeouts and limits."""

from typing import Any

import pytest

from tests.executions.conftest import RunDefinition
from tests.executions.engine.building import broken, choose, decide, echo, end, loop, parallel
from tests.executions.tap import Tap


def test_without_on_error_the_run_fails_where_the_step_failed(run: RunDefinition) -> None:
    ran = run({"steps": [echo("a"), broken("b"), echo("c")]})
    row = ran.row
    assert (row.status, row.error_kind, row.failed_step) == ("FAILED", "tool_error", "b")
    assert row.error
    assert row.completed_at is not None
    assert ran.statuses == {"a": "COMPLETED", "b": "FAILED"}
    assert ran.outcome is not None
    assert ran.outcome.error is not None
    assert (ran.outcome.status, ran.outcome.error.kind) == ("FAILED", "tool_error")


def test_skip_goes_on_with_null(run: RunDefinition) -> None:
    ran = run({"steps": [broken("b", on_error="skip"), end("done", {"b": "${steps.b.output}"})]})
    assert ran.output == {"b": None}
    assert ran.statuses["b"] == "SKIPPED"
    error = ran.step("b").error_json
    assert error is not None
    assert error["kind"] == "tool_error"


def test_a_step_id_is_where_an_error_leads(run: RunDefinition) -> None:
    steps = [broken("b", on_error="rescue"), echo("never"), end("rescue", "${error}")]
    ran = run({"steps": steps})
    error = ran.output
    assert (error["kind"], error["step"]) == ("tool_error", "b")
    assert set(error) == {"kind", "code", "message", "step"}
    assert ran.statuses == {"b": "FAILED", "rescue": "COMPLETED"}


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        ([{"match": ["tool_error"], "next": "x"}, {"next": "y"}], "x"),
        ([{"match": ["timeout", "no_match"], "next": "x"}, {"next": "y"}], "y"),
        ([{"next": "y"}, {"match": ["tool_error"], "next": "x"}], "y"),
        ([{"match": ["timeout"], "next": "x"}], None),
    ],
)
def test_the_first_matching_arm_catches(
    run: RunDefinition, arms: list[Any], expected: str | None
) -> None:
    ran = run({"steps": [broken("b", on_error=arms), end("x", "x"), end("y", "y")]})
    if expected is None:
        assert (ran.status, ran.row.failed_step) == ("FAILED", "b")
    else:
        assert ran.output == expected


def test_an_error_path_sees_the_newest_error(run: RunDefinition) -> None:
    steps = [
        broken("b", on_error="c"),
        choose("c", "nothing", {"x": "done"}, on_error="done"),
        end("done", ["${error.kind}", "${error.step}"]),
    ]
    assert run({"steps": steps}).output == ["no_match", "c"]


def test_inner_steps_of_an_error_path_see_the_error(run: RunDefinition) -> None:
    steps = [
        broken("b", on_error="fan"),
        parallel("fan", {"a": [echo("x", "${error.step}")], "c": [echo("y")]}),
    ]
    assert run({"steps": steps}).output[0]["result"] == "b"


def test_a_container_catches_what_its_steps_did_not(run: RunDefinition) -> None:
    steps = [
        loop("rounds", "count", [broken("b")], on_error=[{"match": ["tool_error"], "next": "ok"}]),
        end("ok", "caught"),
    ]
    assert run({"steps": steps}).output == "caught"


def test_an_error_caught_inside_does_not_leave_the_container(run: RunDefinition) -> None:
    steps = [
        parallel("fan", {"a": [broken("b", on_error="skip"), echo("x", 1)], "c": [echo("y", 2)]})
    ]
    assert [item["result"] for item in run({"steps": steps}).output] == [1, 2]


def test_retries_repeat_the_call(run: RunDefinition, tap: Tap) -> None:
    retry = {"max_attempts": 3, "initial_interval_seconds": 0.05}
    ran = run({"steps": [tap.step("call", "flaky/2/x", retry=retry)]})
    assert ran.output["body"] == {"name": "x"}
    assert tap.count("x") == 3
    assert ran.step("call").attempts == 3
    # One call, one key: whoever receives it can tell a repetition.
    assert tap.keys == [f"{ran.id}/call"] * 3


def test_retries_end_with_the_last_error(run: RunDefinition, tap: Tap) -> None:
    retry = {"max_attempts": 2, "initial_interval_seconds": 0.05}
    ran = run({"steps": [tap.step("call", "flaky/9/x", retry=retry)]})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "tool_error")
    assert tap.count("x") == 2
    assert ran.step("call").attempts == 2


def test_without_retries_one_failure_is_enough(run: RunDefinition, tap: Tap) -> None:
    ran = run({"steps": [tap.step("call", "flaky/1/x")]})
    assert ran.status == "FAILED"
    assert tap.count("x") == 1


def test_a_call_has_a_timeout(run: RunDefinition, tap: Tap) -> None:
    steps = [
        tap.step("call", "hold/x", timeout=1, on_error=[{"match": ["timeout"], "next": "late"}]),
        end("late", "${error.kind}"),
    ]
    assert run({"steps": steps}).output == "timeout"


@pytest.mark.parametrize("kind", ["parallel", "loop"])
def test_a_container_has_a_timeout_for_all_of_it(run: RunDefinition, tap: Tap, kind: str) -> None:
    body = [tap.step("slow", "hold/x"), echo("never")]
    container = (
        parallel("box", {"a": body, "b": [echo("quick")]}, timeout=1, on_error="late")
        if kind == "parallel"
        else loop("box", "count", body, timeout=1, on_error="late")
    )
    ran = run({"steps": [container, end("late", "${error.kind} of ${error.step}")]})
    assert ran.output == "timeout of box"
    inner = "box/a/slow" if kind == "parallel" else "box/1/slow"
    assert ran.statuses[inner] == "CANCELLED"
    assert ran.statuses["box"] == "FAILED"


def test_the_whole_run_has_a_time_limit_that_nothing_catches(run: RunDefinition, tap: Tap) -> None:
    steps = [tap.step("slow", "hold/x", on_error="rescue"), end("rescue")]
    ran = run({"limits": {"timeout_seconds": 1}, "steps": steps})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "limit_exceeded")
    assert ran.statuses == {"slow": "CANCELLED"}


def test_max_steps_ends_a_back_edge_that_would_never_end(run: RunDefinition) -> None:
    steps = [decide("a", ("true", "b")), decide("b", ("true", "a"))]
    ran = run({"limits": {"max_steps": 450}, "steps": steps})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "limit_exceeded")
    assert len(ran.paths) == 451


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ({"type": "tool", "tool": "native:nothing"}, "tool_missing"),
        ({"type": "tool", "tool": "nowhere:tool"}, "tool_missing"),
        ({"type": "tool", "tool": "native:text_stats", "arguments": {"x": 1}}, "schema_mismatch"),
        ({"type": "agent", "agent_id": "nobody"}, "agent_error"),
    ],
)
def test_what_can_not_be_called_says_so(run: RunDefinition, step: Any, kind: str) -> None:
    ran = run({"steps": [{"id": "s", **step}]})
    assert (ran.status, ran.row.error_kind, ran.row.failed_step) == ("FAILED", kind, "s")
    assert ran.step("s").attempts == 1
