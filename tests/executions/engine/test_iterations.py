"""Iterations of loops of quick steps run many at once, and nobody can tell from what is recorded."""

import random
from typing import Any

import pytest

from executions.models import ExecutionEvent
from tests.executions.conftest import Ran, RunDefinition, Runner
from tests.executions.engine.building import (
    Step,
    broken,
    choose,
    decide,
    echo,
    end,
    loop,
    parallel,
    put,
)
from tests.executions.engine.test_segments import TEXT, completed_steps, heavy, markers
from tests.executions.test_killed_worker import wait_for

BEFORE = 4
RECORDED = (
    "path",
    "position",
    "iteration",
    "status",
    "input_json",
    "output_json",
    "writes_json",
    "next_step",
    "error_json",
    "attempts",
)


def told(ran: Ran) -> list[Any]:
    """All that is recorded, without times; events of steps in their order, beside them those of failed calls.

    A segment that had to run again tells of failed calls again.
    """
    row = ran.row
    events = ExecutionEvent.objects.filter(execution_id=ran.id).order_by("number")
    said = [(e.kind, e.data.get("path"), e.data["status"], e.data.get("error")) for e in events]
    return [
        list(ran._steps().values_list(*RECORDED)),
        [event for event in said if event[0] != "tool_call"],
        sorted({event[1] for event in said if event[0] == "tool_call"}),
        (row.status, row.output_json, row.tool_calls, row.error_kind, row.error, row.failed_step),
    ]


def require_same(run: RunDefinition, definition: dict[str, Any], **given: Any) -> Ran:
    """Run it as today and as before there were such segments; gives today's run."""
    together = run(definition, **given)
    assert told(together) == told(run(definition, **given, engine=BEFORE))
    return together


def test_a_hundred_iterations_are_one_local_activity(run: RunDefinition) -> None:
    body = [echo("said", ["${loop.iteration}", "${loop.last}"])]
    rounds = loop("rounds", "count", body, max_iterations=100, output="${loop.iteration}")
    ran = run({"steps": [rounds]})
    assert ran.output == 100
    assert markers(ran) == 1
    assert ran.row.tool_calls == 100
    assert ran.outputs["rounds/100/said"] == {"result": [100, 99], "found": True}


def test_steps_have_their_own_times(run: RunDefinition) -> None:
    body = [put("kept", n="${loop.iteration}"), echo("said", "${context.n}")]
    ran = run({"steps": [loop("rounds", "count", body, max_iterations=20)]})
    paths = [f"rounds/{n}/{step}" for n in range(1, 21) for step in ("kept", "said")]
    starts, ends = ran.times(*paths)
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert len(set(starts)) == 40


TALE: list[tuple[str, list[Step]]] = [
    ("context", [
        put("begin", n="0"),
        loop("l", "count", [
            echo("a", ["${context.n}", "${input.n}", "${user_input}", "${execution.id ?? 1}"][:3]),
            put("b", {"n": "${loop.iteration} * 2"}),
        ]),
        echo("after", "${context.n}"),
    ]),
    ("until", [loop("l", "until", [echo("a", "${loop.iteration}")],
                    exit_condition="${steps.a.output.result} >= 3")]),
    ("until_exhausted", [loop("l", "until", [echo("a", 1)], exit_condition="${loop.last} == 7",
                              on_exhausted="fail", on_error="z"), echo("z", "${error.kind}")]),
    ("break", [loop("l", "count", [echo("a", "${loop.index}")], break_condition="${loop.index} == 3",
                    collect_results=True)]),
    ("foreach", [loop("l", "foreach", [echo("a", "${loop.item.x} ${loop.index}")],
                      over=[{"x": "p"}, {"x": "q"}, {"y": "none"}, {"x": "r"}], on_error="skip"),
                 echo("after", "${steps.l.status}")]),
    ("skipped", [loop("l", "count", [broken("a", on_error="skip"), echo("b", "${steps.a.error.kind}")])]),
    ("caught", [loop("l", "count", [
        broken("a", on_error=[{"match": ["timeout"], "next": "end"}, {"next": "c"}]), echo("b"),
        echo("c", "${error.message} ${error.step}")])]),
    ("failed", [loop("l", "count", [echo("a"), decide("d", ("${loop.iteration} == 4", "e"), default="end"),
                                    broken("e")], on_error="z"), echo("z", "${error.step}")]),
    ("failed_for_good", [loop("l", "count", [
        put("w", v="${loop.iteration}"), echo("a", "${steps.nothing.output ?? 3}"),
        choose("d", "${loop.iteration}", {"3": "e"}, default="end"), echo("e", "${context.none}")])]),
    ("ended", [loop("l", "count", [
        echo("a"), decide("d", ("${loop.iteration} == 3", "e"), default="f"),
        end("e", {"was": "${loop.iteration}"}), end("f", "${steps.a.output}", scope="container")])]),
    ("raised", [loop("l", "count", [
        echo("a"), decide("d", ("${loop.iteration} == 2", "e"), default="end"),
        end("e", status="failed", error="at ${loop.iteration}")])]),
    ("visits", [loop("l", "count", [
        echo("a", '${steps.b.output.result ?? "0"}'), echo("b", "${loop.iteration}"),
        decide("again", ('${steps.a.output.result} == "0"', "a"), default="end")])]),
    ("nested", [
        echo("around", "x"),
        loop("l", "foreach", [
            loop("in", "count", [
                echo("a", "${loop.parent.item}${loop.iteration}${steps.around.output.result}"),
                put("w", last="${steps.a.output.result}")], max_iterations=3, collect_results=True),
            echo("b", ["${steps.in.output}", "${context.last}"]),
        ], over=["p", "q", "r"])]),
    ("with_a_pause", [loop("l", "count", [
        echo("a", "${loop.iteration}"),
        # Of two branches with calls either may end first.
        parallel("p", {"x": [echo("b", "${steps.a.output.result}")], "y": [put("c", k=1)]})])]),
    ("in_an_error", [broken("bad", on_error="l"),
                     loop("l", "count", [echo("a", "${error.kind} ${steps.bad.error.message}")])]),
    ("steps", [loop("l", "count", [echo("a"), put("b", x="1")])]),
]  # fmt: skip


@pytest.mark.parametrize("steps", [steps for _, steps in TALE], ids=[name for name, _ in TALE])
def test_what_is_recorded_is_the_same_as_iteration_by_iteration(
    run: RunDefinition, steps: list[Step]
) -> None:
    require_same(run, {"steps": steps}, user_input="hi", input={"n": 7})


def test_loops_side_by_side_run_ahead_too(run: RunDefinition) -> None:
    branches = {
        "x": [loop("l", "count", [echo("a", "${loop.iteration}")], max_iterations=8)],
        "y": [loop("m", "count", [echo("b", "${loop.index}"), broken("c", on_error="skip")])],
    }
    fan = parallel("p", branches)
    together, apart = (run({"steps": [fan]}, **more) for more in ({}, {"engine": BEFORE}))
    rows = [{row[0]: row[2:] for row in told(ran)[0]} for ran in (together, apart)]
    assert rows[0] == rows[1]
    assert markers(together) == 2 < markers(apart)


@pytest.mark.parametrize("limit", [1, 5, 6, 7, 8])
def test_no_more_steps_are_started_than_the_limit_allows(run: RunDefinition, limit: int) -> None:
    body = [echo("a"), put("b", x="${loop.iteration}"), echo("c")]
    definition = {"steps": [loop("l", "count", body)], "limits": {"max_steps": limit}}
    ran = require_same(run, definition)
    assert (ran.status, ran.row.error_kind) == ("FAILED", "limit_exceeded")


def _body(chance: random.Random, depth: int = 0) -> list[Step]:
    """A list of quick steps in which each may fail, jump, write, or be a loop of such steps."""
    steps: list[Step] = []
    for number in range(chance.randint(1, 3)):
        name = f"s{depth}{number}"
        values = ["${loop.iteration}", "${loop.last}", "${context.k ?? 0}", "${loop.item ?? 1}",
                  '${error.kind ?? "fine"}', "${steps.first.output.result}"]  # fmt: skip
        kind = chance.choice(["echo", "echo", "broken", "put", "decide", "end", "loop"])
        caught = chance.choice(["skip", "end", "fail", "skip"])
        match kind:
            case "echo":
                steps.append(echo(name, chance.sample(values, 2)))
            case "broken":
                steps.append(broken(name, on_error=caught))
            case "put":
                steps.append(put(name, {"k": "${loop.index} + 1"}, m=chance.choice(values)))
            case "decide":
                when = f"${{loop.iteration}} >= {chance.randint(1, 4)}"
                steps.append(decide(name, (when, "end"), default=f"after-{name}"))
                steps.append(echo(f"after-{name}", "${loop.index}"))
            case "end":
                steps.append(decide(name, ("${loop.index} > 4", f"stop-{name}"), default="end"))
                scope = chance.choice(["run", "container"])
                steps.append(end(f"stop-{name}", "${loop.iteration}", scope=scope))
            case "loop" if depth < 2:
                steps.append(_loop(chance, name, depth + 1) | {"on_error": caught})
            case _:
                steps.append(echo(name, "${loop.iteration}"))
    return steps


def _loop(chance: random.Random, name: str, depth: int = 0) -> Step:
    mode = chance.choice(["count", "foreach", "until"])
    more: dict[str, Any] = {"collect_results": chance.random() < 0.5}
    if mode == "foreach":
        more["over"] = [1, "two", None, {"x": 3}][: chance.randint(2, 4)]
    if mode == "until":
        more["exit_condition"] = f"${{loop.iteration}} == {chance.randint(1, 6)}"
        more["on_exhausted"] = chance.choice(["fail", "continue"])
    if chance.random() < 0.3:
        more["break_condition"] = f"${{loop.index}} == {chance.randint(1, 6)}"
    if chance.random() < 0.3:
        more["output"] = {"n": "${loop.iteration}", "k": "${context.k ?? 0}"}
    return loop(name, mode, _body(chance, depth), max_iterations=chance.randint(4, 8), **more)


@pytest.mark.parametrize("seed", range(25))
def test_any_loop_of_quick_steps_is_recorded_the_same(run: RunDefinition, seed: int) -> None:
    chance = random.Random(seed)
    steps = [echo("first", "${user_input}"), _loop(chance, "l"), echo("last", "${context.k ?? 0}")]
    require_same(run, {"steps": steps}, user_input="hi")


def test_large_values_pass_from_step_to_step_by_key(run: RunDefinition) -> None:
    text = "word " * 6_000
    body = [echo("a", "${loop.item} ${user_input}"), echo("b", "${steps.a.output.result}")]
    each = loop("l", "foreach", body, over=[1, 2, 3], output="${steps.b.output.found}")
    ran = require_same(run, {"steps": [each]}, user_input=text)
    assert ran.output == [True, True, True]
    assert ran.history_bytes() < 100_000


def test_conditions_over_large_values_are_left_to_the_walker(run: RunDefinition) -> None:
    body = [
        echo("a", {"big": "${user_input}", "n": "${loop.iteration}"}),
        decide("d", ("${steps.a.output.result.n} > 2", "end"), default="e"),
        echo("e"),
    ]
    require_same(run, {"steps": [loop("l", "count", body)]}, user_input="x" * 30_000)


@pytest.mark.parametrize(
    "more", [{"limits": {"max_tool_calls": 50}}, {"timeout": 60}, {"max_concurrency": 2}]
)
def test_what_is_counted_or_timed_goes_step_by_step(
    run: RunDefinition, more: dict[str, Any]
) -> None:
    ran = run({"steps": [loop("l", "count", [echo("a")], max_iterations=6, **more)]})
    assert ran.status == "COMPLETED"
    assert markers(ran) == 6


def test_a_long_loop_is_several_segments(run: RunDefinition) -> None:
    body = [echo("a", "${loop.iteration}"), put("b", n="${loop.iteration}")]
    ran = run({"steps": [loop("l", "count", body, max_iterations=300)]})
    assert ran.status == "COMPLETED"
    assert 3 <= markers(ran) <= 12
    assert len(ran.paths) == 601


def test_a_loop_that_continues_as_new_runs_no_iteration_twice(run: RunDefinition) -> None:
    # What they give fills a task of the workflow, however fast the machine is.
    body = [
        echo("a", "${loop.iteration} " + "x" * 2_000),
        put("b", {"sum": "${context.sum ?? 0} + 1"}),
    ]
    rounds = loop("l", "count", body, max_iterations=900, output="${context.sum}")
    ran = run({"steps": [rounds]}, continue_after_events=8)
    assert ran.output == 900
    assert len(ran.temporal_runs()) >= 2
    assert ran.row.tool_calls == 900
    assert len(ran.paths) == 1801
    assert ran.event_numbers() == list(range(1, 2 * 1801 + 3))


def test_a_cancelled_loop_starts_no_further_step(runner: Runner) -> None:
    rounds = loop("l", "count", heavy(1), max_iterations=200)
    ran = runner.start({"steps": [rounds]}, user_input=TEXT)
    wait_for(lambda: completed_steps(ran) > 0)
    ran.cancel()
    ran.wait()
    assert ran.status == "CANCELLED"
    assert 0 < completed_steps(ran) < 200
    assert set(ran.statuses.values()) <= {"COMPLETED", "CANCELLED"}


def test_a_run_out_of_time_ends_between_two_segments(run: RunDefinition) -> None:
    rounds = loop("l", "count", heavy(1), max_iterations=500)
    ran = run({"steps": [rounds], "limits": {"timeout_seconds": 2}}, user_input=TEXT)
    assert (ran.status, ran.row.error_code) == ("FAILED", "timeout_seconds")
    assert 0 < completed_steps(ran) < 500
