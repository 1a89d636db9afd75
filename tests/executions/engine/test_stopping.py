"""After a cancellation nothing is called any more, and nothing for a user who was deactivated."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from executions.models import WorkflowExecution
from executions.services import request_cancellation
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import Step, echo, end, loop, parallel
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import Answer, ModelServer

INLINE = {"instructions": "Answer.", "tools": ["native:text_stats"]}


def ask(step_id: str = "ask", **more: Any) -> Step:
    return {"id": step_id, "type": "agent", "agent": INLINE, **more}


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def cancelled_by_its_owner(ran: Ran, owner: User) -> None:
    request_cancellation(ran.row, by=owner)
    ran.wait()
    assert ran.status == "CANCELLED"


def slow_tool_call(_: Any) -> Answer:
    whole = answers.tool_call("native__text_stats", {"text": "a"})
    return Answer(whole.body, whole.status, whole.headers, delay_seconds=0.1)


def test_branches_that_ask_hang_up_and_ask_no_more(
    runner: Runner, model_server: ModelServer
) -> None:
    model_server.default = answers.hang(60)
    branches = {f"b{n}": [ask(f"a{n}", retries=5), ask(f"z{n}")] for n in range(12)}
    ran = runner.start({"steps": [parallel("fan", branches, max_concurrency=6), ask("last")]})
    until(lambda: len(model_server.requests) == 6)
    cancelled_by_its_owner(ran, runner.owner)
    until(lambda: model_server.hung_up == 6)
    assert len(model_server.requests) == 6
    assert set(ran.statuses.values()) == {"CANCELLED"}


def test_agents_in_the_middle_of_their_turns_ask_no_more(
    runner: Runner, model_server: ModelServer
) -> None:
    model_server.default = slow_tool_call
    rounds = loop("rounds", "count", [ask(max_turns=100)], max_iterations=50)
    branches = {
        f"b{n}": [{**rounds, "id": f"r{n}", "steps": [ask(f"a{n}", max_turns=100)]}]
        for n in range(4)
    }
    ran = runner.start({"steps": [parallel("fan", branches)]})
    until(lambda: len(model_server.requests) > 12)
    cancelled_by_its_owner(ran, runner.owner)
    made = len(model_server.requests)
    time.sleep(1.5)
    assert len(model_server.requests) == made


def test_a_turn_in_backoff_is_not_tried_again(runner: Runner, model_server: ModelServer) -> None:
    model_server.default = answers.server_error()
    retry = {"max_attempts": 9, "initial_interval_seconds": 1.0, "backoff_coefficient": 1.0}
    branches = {f"b{n}": [ask(f"a{n}", retry=retry)] for n in range(5)}
    ran = runner.start({"steps": [parallel("fan", branches, min_success=1)]})
    until(lambda: len(model_server.requests) >= 5)
    cancelled_by_its_owner(ran, runner.owner)
    made = len(model_server.requests)
    time.sleep(2)
    assert len(model_server.requests) == made


def test_a_call_that_begins_after_the_request_to_stop_is_not_made(
    runner: Runner, model_server: ModelServer, tap: Tap
) -> None:
    steps = [tap.step("first", "hold/first"), ask("second")]
    ran = runner.start({"steps": [parallel("fan", {"a": steps, "b": [tap.step("x", "ok/x")]})]})
    tap.wait_for("first")
    # Who cancels writes the row first; Temporal hears of it a moment later.
    WorkflowExecution.objects.filter(pk=ran.id).update(cancel_requested_at=ran.row.created_at)
    tap.release()
    time.sleep(1)
    assert model_server.requests == []
    ran.cancel()
    ran.wait()
    assert ran.status == "CANCELLED"
    assert model_server.requests == []


@pytest.mark.parametrize("kind", ["agent", "inline", "http", "native"])
def test_nothing_is_called_for_a_user_who_was_deactivated(
    runner: Runner, model_server: ModelServer, tap: Tap, kind: str
) -> None:
    runner.agent("helper")
    forbidden = {
        "agent": {"id": "call", "type": "agent", "agent_id": "helper"},
        "inline": ask("call"),
        "http": tap.step("call", "ok/call"),
        "native": echo("call", 1),
    }[kind]
    ran = runner.start({"steps": [tap.step("held", "hold/held"), forbidden, end("done", 1)]})
    tap.wait_for("held")
    User.objects.filter(pk=runner.owner.pk).update(is_active=False)
    time.sleep(1.1)
    tap.release()
    ran.wait()
    row = ran.row
    assert (row.status, row.failed_step, row.error_code) == ("FAILED", "call", "user_inactive")
    assert row.error_kind == ("agent_error" if kind in ("agent", "inline") else "tool_missing")
    assert "Activate the user" in row.error_hint
    # What went with the refused call is told all the same.
    assert ran.statuses == {"held": "COMPLETED", "call": "FAILED"}
    assert model_server.requests == []
    assert tap.count("call") == 0


def test_an_agents_tools_are_refused_once_its_user_is_deactivated(
    runner: Runner, model_server: ModelServer
) -> None:
    def deactivating(_: Any) -> Answer:
        User.objects.filter(pk=runner.owner.pk).update(is_active=False)
        # This thread is the model server's.
        connections.close_all()
        return answers.tool_call("native__text_stats", {"text": "a"})

    model_server.default = deactivating
    ran = runner.run({"steps": [ask()]})
    assert (ran.row.error_kind, ran.row.error_code) == ("agent_error", "user_inactive")
    assert len(model_server.requests) == 1
    assert ran.tool_calls == []
