"""The `set` step: who sees what was written, what is joined, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.state import RunState
from executions.engine.messages.values import Value
from tests.executions.conftest import RunDefinition, Runner
from tests.executions.engine.building import (
    broken,
    decide,
    echo,
    end,
    loop,
    parallel,
    pause,
    put,
)
from tests.executions.tap import Tap

START = {"n": 0, "team": "support"}


def flow(*steps: Any, output: Any = None, **more: Any) -> dict[str, Any]:
    return {"context": START, "steps": list(steps), "output": output, **more}


def test_values_and_computed_values_are_written_and_are_the_output(run: RunDefinition) -> None:
    step = put(
        "s", {"n": "${context.n} + ${input.by}"}, team="${context.team}!", list=[1, "${user_input}"]
    )
    ran = run(
        flow(step, output={"out": "${steps.s.output}", "n": "${context.n}", "list": "${context.list}"}),
        user_input="two",
        input={"by": 5},
    )  # fmt: skip
    written = {"team": "support!", "list": [1, "two"], "n": 5}
    assert ran.output == {"out": written, "n": 5, "list": [1, "two"]}
    assert ran.step("s").writes_json == written
    assert ran.step("s").next_step == "end"


def test_all_values_of_one_step_see_the_context_before_it(run: RunDefinition) -> None:
    step = put("swap", {"a": "${context.b}"}, b="${context.a}")
    ran = run({"context": {"a": 1, "b": 2}, "steps": [step], "output": "${context.a}${context.b}"})
    assert ran.output == "21"


def test_a_back_edge_writes_again(run: RunDefinition) -> None:
    count = put("count", {"n": "${context.n} + 1"})
    again = decide("again", ("${context.n} < 4", "count"), default="done")
    ran = run(flow(count, again, end("done", "${context.n}")))
    assert ran.output == 4
    assert [ran.step(path).writes_json for path in ("count", "count@4")] == [{"n": 1}, {"n": 4}]
    assert ran.step("again").next_step == "count"


def test_each_iteration_sees_what_the_ones_before_it_wrote_at_every_depth(
    run: RunDefinition,
) -> None:
    count = put(
        "count", {"n": "${context.n} + 1"}, last="${loop.parent.iteration}-${loop.iteration}"
    )
    inner = loop("inner", "count", [count], max_iterations=3)
    outer = loop("outer", "count", [inner, echo("see", "${context.n}")], max_iterations=2,
                 output="${steps.see.output.result}", collect_results=True)  # fmt: skip
    ran = run(flow(outer, output=["${context.n}", "${context.last}", "${steps.outer.output}"]))
    assert ran.output == [6, "2-3", [3, 6]]
    assert ran.step("outer/2/inner").writes_json == {"n": 6, "last": "2-3"}
    assert ran.step("outer").writes_json == {"n": 6, "last": "2-3"}


def test_what_a_loop_wrote_before_it_failed_stays(run: RunDefinition) -> None:
    count = put("count", {"n": "${loop.iteration}"})
    stop = decide("stop", ("${loop.iteration} == 3", "bad"), default="end")
    rounds = loop("rounds", "count", [count, stop, broken("bad")], on_error="after")
    ran = run(flow(rounds, echo("after", "${context.n}"), output="${steps.after.output.result}"))
    assert ran.output == 3
    assert ran.step("rounds").writes_json == {"n": 3}
    assert (ran.step("rounds").status, ran.step("rounds").next_step) == ("FAILED", "after")


def test_branches_write_copies_that_are_joined(run: RunDefinition) -> None:
    fan = parallel(
        "fan",
        {
            "left": [put("l", a="${context.n}"), pause("p"), echo("see", '${context.b ?? "none"}')],
            "right": [put("r", b=2), put("more", b=3)],
        },
    )
    ran = run(flow(fan, output=["${context.a}", "${context.b}", "${steps.fan.output[0].result}"]))
    assert ran.output == [0, 3, "none"]
    assert ran.step("fan").writes_json == {"a": 0, "b": 3}


def test_a_key_that_two_branches_wrote_is_a_conflict(run: RunDefinition) -> None:
    fan = parallel("fan", {"left": [put("l", n=1)], "right": [put("r", n=1)]}, on_error="after")
    after = echo("after", ["${error.kind}", "${error.message}", "${context.n}"])
    ran = run(flow(fan, after, output="${steps.after.output.result}"))
    message = "Two branches or iterations that ran at the same time wrote context.n."
    assert ran.output == ["merge_conflict", message, 0]


def test_a_failed_branch_that_is_tolerated_writes_nothing(run: RunDefinition) -> None:
    branches = {"left": [put("l", n=1), broken("bad")], "right": [put("r", n=2)]}
    ran = run(flow(parallel("fan", branches, min_success=1), output="${context.n}"))
    assert ran.output == 2


def test_only_the_first_branch_writes(run: RunDefinition, tap: Tap) -> None:
    slow = [put("s", n=1), tap.step("hold", "hold/x")]
    fan = parallel("fan", {"slow": slow, "quick": [put("q", n=2)]}, aggregation="first")
    assert run(flow(fan, output="${context.n}")).output == 2


def test_iterations_at_once_write_copies(run: RunDefinition) -> None:
    only = decide("only", ("${loop.item} == 2", "write"), default="end")
    each = loop(
        "each", "foreach", [only, put("write", n="${loop.item}")], over=[1, 2, 3], max_concurrency=3
    )
    assert run(flow(each, output="${context.n}")).output == 2
    clash = loop(
        "each", "foreach", [put("write", n="${loop.item}")], over=[1, 2], max_concurrency=2
    )
    ran = run(flow(clash))
    assert (ran.row.error_kind, ran.row.failed_step) == ("merge_conflict", "each")


@pytest.mark.parametrize("events", [8, 10_000])
def test_the_context_survives_continuing_as_new(runner: Runner, tap: Tap, events: int) -> None:
    """Sequential iterations, nested and with branches in them."""
    count = put("count", {"n": "${context.n} + 1"})
    fan = parallel("fan", {"a": [put("pa", a="${context.n}"), tap.step("ca", "ok/a")],
                           "b": [tap.step("cb", "ok/b"), put("pb", b="${context.n}")]})  # fmt: skip
    rounds = loop("rounds", "count", [count, tap.step("call", "ok/c"), fan], max_iterations=5)
    ran = runner.run(
        flow(rounds, output=["${context.n}", "${context.a}", "${context.b}", "${context.team}"]),
        continue_after_events=events,
    )
    assert ran.output == [5, 5, 5, "support"]
    assert (len(ran.temporal_runs()) > 1) == (events == 8)


def test_known_outcomes_bring_back_what_they_wrote(runner: Runner) -> None:
    """As a fork starts: the context's defaults, then the writes of what is taken over."""
    known = {
        "count": Outcome("COMPLETED", Value({"n": 7}), next="rounds", writes={"n": Value(7)}),
        "rounds/1/add": Outcome("COMPLETED", Value({"m": 1}), next="end", writes={"m": Value(1)}),
    }
    rounds = loop("rounds", "count", [put("add", {"m": "${context.n} + 10"})], max_iterations=2)
    definition = flow(
        put("count", n=1), rounds, output=["${context.n}", "${context.m}", "${context.team}"]
    )
    state = RunState(started_at=datetime.now(UTC), outcomes=known)
    assert runner.run(definition, state=state).output == [7, 17, "support"]


def test_large_values_are_written_and_read(run: RunDefinition) -> None:
    text = "x" * 100_000
    step = put("s", big="${input.text}", small=1)
    ran = run(flow(step, echo("see", "${context.big}")), input={"text": text})
    assert ran.output["result"] == text
    assert ran.step("s").writes_json == {"big": text, "small": 1}
    assert ran.outputs["s"] == {"big": text, "small": 1}
    assert ran.history_bytes() < 60_000


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (put("s", n="${context.nothing}"), "template_error"),
        (put("s", {"n": "${context.nothing} + 1"}), "template_error"),
        (put("s", {"n": "${context.n} + 'a'"}), "condition_error"),
        (put("s", {"n": "1 / ${context.n}"}), "condition_error"),
    ],
)  # fmt: skip
def test_what_gives_no_value_fails_the_step_and_writes_nothing(
    run: RunDefinition, step: dict[str, Any], kind: str
) -> None:
    after = echo("after", ["${error.kind}", "${context.n}"])
    ran = run(flow({**step, "on_error": "after"}, after, output="${steps.after.output.result}"))
    assert ran.output == [kind, 0]
    assert ran.step("s").writes_json is None


def test_a_simulation_writes_stand_ins(run: RunDefinition) -> None:
    ask = {"id": "ask", "type": "agent", "agent": {"instructions": "Answer."}}
    step = put("s", {"m": "${steps.ask.output} + 1"}, n="${steps.ask.output}")
    ran = run(flow(ask, step, output=["${context.n}", "${context.m}"]), simulate=True)
    assert ran.output == ["(simulated) Answer of the agent step 'ask'.", "(simulated)"]
