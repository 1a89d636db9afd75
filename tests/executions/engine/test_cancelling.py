"""Cancelling: everything that runs ends as CANCELLED, and nothing is called any more."""

import time

import pytest

from tests.executions.conftest import RunDefinition, Runner
from tests.executions.engine.building import Step, broken, echo, end, loop, parallel
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer


def containers(inner: list[Step]) -> list[list[Step]]:
    """The steps plain, in a branch, and in an iteration."""
    return [
        inner,
        [parallel("fan", {"a": inner, "b": [echo("quick")]}, on_error="skip")],
        [loop("rounds", "count", inner, on_error="skip")],
    ]


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_a_cancelled_run_ends_its_steps_and_calls_nothing_more(
    runner: Runner, tap: Tap, shape: int
) -> None:
    inner = [tap.step("held", "hold/held", on_error="rescue"), tap.step("rescue", "ok/after")]
    ran = runner.start({"steps": [*containers(inner)[shape], tap.step("last", "ok/last")]})
    tap.wait_for("held")
    began = time.monotonic()
    ran.cancel()
    ran.wait()
    assert time.monotonic() - began < 8
    row = ran.row
    assert (row.status, row.error_kind) == ("CANCELLED", "")
    assert row.completed_at is not None
    assert set(ran.statuses.values()) <= {"CANCELLED", "COMPLETED"}
    assert "last" not in ran.paths
    assert (tap.count("after"), tap.count("last")) == (0, 0)
    assert ran.outcome is not None
    assert ran.outcome.status == "CANCELLED"


def test_a_cancelled_agent_asks_no_more(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    model_server.script([answers.tool_call("native__text_stats", {"text": "a"}), answers.hang(30)])
    ran = runner.start({"steps": [{"id": "ask", "type": "agent", "agent_id": "helper"}]})
    deadline = time.monotonic() + 20
    while len(model_server.requests) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    ran.cancel()
    ran.wait()
    assert ran.status == "CANCELLED"
    assert ran.statuses == {"ask": "CANCELLED"}
    assert len(model_server.requests) == 2
    # What was spent before counts.
    assert ran.row.model_calls == 1


def test_a_cancelled_run_does_not_wait_for_its_retries(runner: Runner, tap: Tap) -> None:
    retry = {"max_attempts": 5, "initial_interval_seconds": 600, "maximum_interval_seconds": 600}
    ran = runner.start({"steps": [tap.step("call", "flaky/9/x", retry=retry)]})
    tap.wait_for("x")
    time.sleep(0.3)
    ran.cancel()
    ran.wait()
    assert ran.statuses == {"call": "CANCELLED"}
    assert tap.count("x") == 1


def test_a_run_that_is_over_stays_as_it_is(runner: Runner, run: RunDefinition) -> None:
    ran = run({"steps": [broken("b", on_error="done"), end("done", 1)]})
    before = (ran.row.completed_at, ran.event_numbers())
    ran.cancel()
    assert ran.output == 1
    assert (ran.row.completed_at, ran.event_numbers()) == before
