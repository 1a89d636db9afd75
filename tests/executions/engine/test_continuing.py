"""Continue-as-new: a long run goes on in a new Temporal run, and nobody notices."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.state import RunState
from executions.engine.messages.values import Value
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import broken, decide, echo, end, loop, parallel
from tests.executions.tap import Tap

MANY = 12


def the_whole_language(tap: Tap) -> dict[str, Any]:
    """Loops, branches, back edges and error paths, all of which are cut somewhere."""
    call = tap.step("call", "ok/x")
    call["arguments"]["url"] = tap.url("ok/c${loop.iteration}")
    rounds = loop(
        "rounds", "count", [call, echo("say", "${loop.last ?? 0}-${loop.iteration}")],
        max_iterations=MANY, output="${steps.say.output.result}",
    )  # fmt: skip
    fan = parallel(
        "fan",
        {
            "left": [tap.step("l1", "ok/l1"), tap.step("l2", "ok/l2"), tap.step("l3", "ok/l3")],
            "right": [tap.step("r1", "ok/r1"), broken("bad", on_error="r2"), echo("r2", "${error.step}")],
        },
    )  # fmt: skip
    return {
        "context": {"who": "${user_input}"},
        "steps": [
            echo("count", 0),
            tap.step("turn", "ok/turn"),
            {
                "id": "next",
                "type": "tool",
                "tool": "native:json_query",
                "arguments": {
                    "data": ["${steps.next.output.result ?? steps.count.output.result}", 1],
                    "expression": "sum(@)",
                },
            },
            decide("again", ("${steps.next.output.result} < 5", "turn"), default="rounds"),
            rounds,
            fan,
            end(
                "done",
                {
                    "turns": "${steps.next.output.result}",
                    "rounds": "${steps.rounds.output}",
                    "fan": ["${steps.fan.branches.left.status}", "${steps.fan.output[1].result}"],
                    "who": "${context.who}",
                },
            ),
        ],
    }


def final_output() -> dict[str, Any]:
    rounds = "-".join(str(number) for number in range(MANY + 1))
    return {"turns": 5, "rounds": rounds, "fan": ["COMPLETED", "bad"], "who": "me"}


def runs_of(ran: Ran) -> int:
    """How many Temporal runs the execution took."""
    return len(ran.temporal_runs())


@pytest.mark.parametrize("events", [10, 23, 10_000])
def test_a_run_that_continues_as_new_gives_the_same(runner: Runner, tap: Tap, events: int) -> None:
    ran = runner.run(the_whole_language(tap), user_input="me", continue_after_events=events)
    assert ran.output == final_output()
    # Each step ran once, and was recorded once.
    assert sorted(tap.hits) == sorted(
        [
            *["/ok/turn"] * 5,
            *[f"/ok/c{number}" for number in range(1, MANY + 1)],
            *["/ok/l1", "/ok/l2", "/ok/l3", "/ok/r1"],
        ]
    )
    assert len(ran.paths) == len(set(ran.paths)) == 1 + 3 * 5 + 1 + 2 * MANY + 1 + 6 + 1 - 0
    numbers = ran.event_numbers()
    assert numbers == list(range(1, len(numbers) + 1))
    assert (runs_of(ran) > 3) == (events < 100)


def test_iterations_at_once_survive_the_change(runner: Runner, tap: Tap) -> None:
    call = tap.step("call", "ok/x")
    call["arguments"]["url"] = tap.url("ok/c${loop.iteration}")
    each = loop(
        "each", "foreach", [call, echo("say", "${loop.item}")], over=list(range(9)),
        max_iterations=9, max_concurrency=3, output="${steps.say.output.result}",
    )  # fmt: skip
    ran = runner.run({"steps": [each]}, continue_after_events=12)
    assert ran.output == list(range(9))
    assert sorted(tap.hits) == sorted(f"/ok/c{number}" for number in range(1, 10))
    assert runs_of(ran) > 1


def test_until_goes_on_where_it_stood(runner: Runner, tap: Tap) -> None:
    refine = loop(
        "refine", "until", [tap.step("call", "ok/x"), echo("n", "${loop.iteration}")],
        exit_condition="${steps.n.output.result} == 8", max_iterations=20,
    )  # fmt: skip
    ran = runner.run({"steps": [refine, end("done", "${steps.refine.output.result}")]},
                     continue_after_events=12)  # fmt: skip
    assert ran.output == 8
    assert tap.count("x") == 8


def test_the_order_of_success_survives_the_change(runner: Runner, tap: Tap) -> None:
    fan = parallel(
        "fan",
        {
            "slow": [tap.step(f"s{number}", f"wait/0.2/s{number}") for number in range(4)],
            "quick": [end("q", "quick", scope="container")],
        },
        aggregation="first",
        min_success=2,
    )
    fan["branches"][0]["output"] = "slow"
    ran = runner.run({"steps": [fan]}, continue_after_events=8)
    assert ran.output == ["quick", "slow"]
    assert runs_of(ran) > 1


def test_time_limits_count_from_the_first_start(runner: Runner, tap: Tap) -> None:
    rounds = loop("rounds", "count", [tap.step("call", "wait/0.2/x")], max_iterations=100)
    ran = runner.run(
        {"limits": {"timeout_seconds": 3}, "steps": [rounds]}, continue_after_events=12
    )
    assert (ran.status, ran.row.error_kind) == ("FAILED", "limit_exceeded")
    assert runs_of(ran) > 1
    rounds["timeout"] = 2
    ran = runner.run({"steps": [rounds]}, continue_after_events=12)
    assert (ran.status, ran.row.error_kind, ran.row.failed_step) == ("FAILED", "timeout", "rounds")
    assert runs_of(ran) > 1


def test_a_cancelled_run_is_cancelled_wherever_it_continues(runner: Runner, tap: Tap) -> None:
    rounds = loop("rounds", "count", [tap.step("call", "wait/0.05/x")], max_iterations=1000)
    ran = runner.start({"steps": [rounds]}, continue_after_events=10)
    tap.wait_for("x")
    for _ in range(100):
        if tap.count("x") > 8:
            break
        ran.worker.call(_pause())
    ran.cancel()
    ran.wait()
    assert ran.status == "CANCELLED"
    calls = tap.count("x")
    ran.worker.call(_pause())
    assert tap.count("x") == calls


async def _pause() -> None:
    await asyncio.sleep(0.1)


def test_a_run_can_start_from_the_outcomes_of_another(runner: Runner, tap: Tap) -> None:
    fan = parallel("fan", {"a": [tap.step("a1", "ok/a1"), tap.step("a2", "ok/a2")],
                           "b": [tap.step("b1", "ok/b1")]})  # fmt: skip
    rounds = loop("rounds", "count", [tap.step("call", "ok/call")], max_iterations=3,
                  output="${steps.call.output.n ?? 0}", collect_results=True)  # fmt: skip
    steps = [tap.step("first", "ok/first"), fan, rounds, end("done", "${steps.rounds.output}")]
    known = {
        "first": Outcome("COMPLETED", Value({"n": 1}), next="fan"),
        "fan/a/a1": Outcome("COMPLETED", Value({"n": 2}), next="a2"),
        "fan/b": Outcome("COMPLETED", Value({"n": 3})),
        "rounds/1": Outcome("COMPLETED", Value(7)),
        "rounds/2/call": Outcome("COMPLETED", Value({"n": 8}), next="end"),
    }
    state = RunState(started_at=datetime.now(UTC), outcomes=known)
    ran = runner.run({"steps": steps}, state=state)
    assert ran.output == [7, 8, 0]
    assert sorted(tap.hits) == ["/ok/a2", "/ok/call"]


def test_a_large_state_travels_as_keys(runner: Runner, tap: Tap) -> None:
    steps = [echo(f"s{number}", "${input.text}") for number in range(160)]
    steps += [tap.step(f"t{number}", f"ok/t{number}") for number in range(6)]
    steps.append(end("done", "${steps.s159.output.result}"))
    text = "z" * 15_000
    ran = runner.run({"steps": steps}, input={"text": text}, continue_after_events=20)
    assert ran.output == text
    assert runs_of(ran) > 1
