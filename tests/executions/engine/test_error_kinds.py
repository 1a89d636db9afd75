"""Each kind of error on a real run: it names its place, why, and what to do.

`rejected`, `approval_timeout` and `child_failed` are shown with their steps, `worker_lost` with killed workers,
`internal` and `cancelled` with what breaks the engine and the calls.
"""

import time
from itertools import pairwise
from typing import Any

import pytest
from pytest_django import Settings

from executions.hints import HINTS
from executions.models import StepRun
from tests.executions.conftest import Runner
from tests.executions.engine.building import Step, broken, choose, decide, echo, end, loop, parallel
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer

INLINE = {"instructions": "Answer."}
ASK = {"id": "bad", "type": "agent", "agent": INLINE}
NEVER = loop(
    "bad", "until", [echo("x")], exit_condition="false", max_iterations=2, on_exhausted="fail"
)
COLLIDING = parallel(
    "bad", {"a": [echo("a", {"k": 1})], "b": [echo("b", {"k": 2})]}, aggregation="merge"
)
STEPS: dict[str, Step] = {
    "tool_error": broken("bad"),
    "tool_missing": {"id": "bad", "type": "tool", "tool": "native:gone"},
    "agent_error": {"id": "bad", "type": "agent", "agent_id": "gone"},
    "model_not_configured": ASK,
    "schema_mismatch": {"id": "bad", "type": "tool", "tool": "native:text_stats"},
    "template_error": echo("bad", "${context.missing}"),
    "condition_error": decide("bad", ("${user_input} > 1", "end")),
    "no_match": choose("bad", "${user_input}", {"other": "end"}),
    "merge_conflict": COLLIDING,
    "limit_exceeded": loop("bad", "foreach", [echo("x")], over=[1, 2, 3], max_iterations=2),
    "exhausted": NEVER,
    "raised": end("bad", status="failed", error="No."),
    "budget_exceeded": echo("bad", limits={"max_tool_calls": 1}),
}


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_a_failed_run_says_where_why_and_what_to_do(runner: Runner, kind: str) -> None:
    steps = [echo("before"), STEPS[kind]]
    limits = {"max_tool_calls": 1} if kind == "budget_exceeded" else {}
    row = (ran := runner.run({"limits": limits, "steps": steps}, user_input="text")).row
    assert (row.status, row.error_kind, row.failed_step) == ("FAILED", kind, "bad")
    assert row.error
    assert row.error_code
    assert row.error_hint
    error = ran.step("bad").error_json
    assert error is not None
    assert (error["kind"], error["path"], error["step"]) == (kind, "bad", "bad")
    assert (error["message"], error["hint"]) == (row.error, row.error_hint)
    # What was done before stays.
    assert ran.step("before").status == "COMPLETED"


def test_a_timeout_says_so(runner: Runner, tap: Tap) -> None:
    row = runner.run({"steps": [tap.step("bad", "hold/x", timeout=1)]}).row
    assert (row.error_kind, row.failed_step) == ("timeout", "bad")
    assert "longer" in row.error_hint


def test_every_kind_has_advice() -> None:
    for kind, hint in HINTS.items():
        assert hint.endswith("."), kind


def test_retries_keep_the_pauses_of_their_policy(runner: Runner, model_server: ModelServer) -> None:
    times: list[float] = []

    def failing(_: Any) -> answers.Answer:
        times.append(time.monotonic())
        return answers.server_error()

    model_server.default = failing
    retry = {"max_attempts": 4, "initial_interval_seconds": 0.4, "backoff_coefficient": 2.0}
    ran = runner.run({"steps": [{**ASK, "retry": retry}]})
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert len(pauses) == 3
    for pause, wanted in zip(pauses, (0.4, 0.8, 1.6), strict=True):
        assert wanted * 0.9 < pause < wanted + 1.5
    assert ran.step("bad").attempts == 4


def test_what_a_step_cost_stands_with_it(
    runner: Runner, model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = {"priced": [1.0, 2.0]}
    model_server.default = answers.text("x", usage=(1_000_000, 500_000), model="priced")
    priced = {**ASK, "agent": {**INLINE, "model": "priced"}}
    assert _cost(runner.run({"steps": [priced]}).step("bad")) == 2.0
    model_server.default = answers.text("x", usage=(1_000_000, 500_000), model="unlisted")
    unpriced = {**ASK, "agent": {**INLINE, "model": "unlisted"}}
    ran = runner.run({"steps": [unpriced]})
    assert (_cost(ran.step("bad")), ran.row.cost_usd) == (None, None)


def _cost(step: StepRun) -> float | None:
    return None if step.cost_usd is None else float(step.cost_usd)
