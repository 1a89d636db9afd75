"""Long loops and wide parallels: they finish, and leave histories of bounded size. `make bench` tells what a step costs."""

from typing import Any

import pytest

from executions.models import StepRun
from tests.executions.conftest import Runner
from tests.executions.engine.building import echo, end, loop, parallel
from tests.executions.scale.measuring import MAX_BYTES, MAX_EVENTS, histories_of
from tests.executions.tap import Tap

Json = dict[str, Any]


def three_steps(times: int) -> Json:
    """A loop that collects what each iteration gave and hands it to the next."""
    inner = [
        echo("a", "${loop.iteration}"),
        echo("b", "${steps.a.output.result}"),
        echo("c", {"n": "${steps.b.output.result}", "before": "${loop.last.n ?? 0}"}),
    ]
    rounds = loop("rounds", "count", inner, max_iterations=times,
                  output="${steps.c.output.result}", collect_results=True)  # fmt: skip
    return {"steps": [rounds, end("done", "${steps.rounds.output}")]}


def test_a_thousand_iterations_of_three_steps_finish(runner: Runner) -> None:
    ran = runner.run(three_steps(1000))
    assert ran.output == [{"n": n, "before": n - 1} for n in range(1, 1001)]
    assert StepRun.objects.filter(execution_id=ran.id, status="COMPLETED").count() == 3002
    found = histories_of(ran)
    assert max(found.events) < MAX_EVENTS
    assert max(found.sizes) < MAX_BYTES


@pytest.mark.parametrize("is_local", [True, False])
def test_two_hundred_branches_finish(runner: Runner, tap: Tap, is_local: bool) -> None:
    branches = {
        f"b{n}": [echo(f"s{n}", n) if is_local else tap.step(f"s{n}", f"ok/s{n}")]
        for n in range(200)
    }
    ran = runner.run({"steps": [parallel("fan", branches)]})
    assert len(ran.output) == 200
    assert set(ran.statuses.values()) == {"COMPLETED"}
    assert len(tap.hits) == len(set(tap.hits)) == (0 if is_local else 200)
    found = histories_of(ran)
    assert max(found.events) < MAX_EVENTS
    assert max(found.sizes) < MAX_BYTES


def test_two_hundred_branches_with_large_answers_finish(runner: Runner, tap: Tap) -> None:
    branches = {f"b{n}": [tap.step(f"s{n}", f"big/60000/s{n}")] for n in range(200)}
    ran = runner.run({"steps": [parallel("fan", branches), end("done", "${steps.fan.status}")]})
    assert ran.output == "COMPLETED"
    found = histories_of(ran)
    assert max(found.sizes) < MAX_BYTES


def test_branches_that_look_at_large_values_at_once_share_the_message(runner: Runner) -> None:
    """100 times 60 KB would be more than Temporal takes in one message."""
    arm = {"when": "size(${steps.make.output.result}) == 60000", "next": "yes"}
    look = {"id": "look", "type": "conditional", "conditions": [arm], "default": "no"}
    each = loop(
        "each", "foreach", [look, end("yes", 1, scope="container"), end("no", 0, scope="container")],
        over=list(range(100)), max_iterations=100, max_concurrency=100, collect_results=True,
    )  # fmt: skip
    ran = runner.run({"steps": [echo("make", "${input.text}"), each]}, input={"text": "x" * 60_000})
    assert ran.output == [1] * 100
