"""Loops: three modes, what they see, what they give, and when they stop."""

from typing import Any

import pytest

from tests.executions.conftest import RunDefinition
from tests.executions.engine.building import Step, broken, decide, echo, end, loop
from tests.executions.tap import Tap

SAY = [echo("say", "${loop.index}/${loop.iteration}")]


def saying(value: Any) -> dict[str, Any]:
    """An iteration's body and output."""
    return {"steps": [echo("say", value)], "output": "${steps.say.output.result}"}


def test_count_runs_so_many_times_and_gives_the_last_output(run: RunDefinition) -> None:
    ran = run({"steps": [loop("rounds", "count", SAY, max_iterations=3)]})
    assert ran.output == {"result": "2/3", "found": True}
    assert ran.paths == ["rounds", "rounds/1/say", "rounds/2/say", "rounds/3/say"]
    assert ran.step("rounds/2/say").iteration == 2


def test_foreach_gives_a_list(run: RunDefinition) -> None:
    body = saying("${loop.item.name} ${loop.iteration}")
    each = loop("each", "foreach", body["steps"], output=body["output"], over="${input.people}")
    ran = run({"steps": [each]}, input={"people": [{"name": "Ann"}, {"name": "Bo"}]})
    assert ran.output == ["Ann 1", "Bo 2"]


def test_collect_results_can_be_turned_off_and_on(run: RunDefinition) -> None:
    each = loop("each", "foreach", SAY, over=[7, 8], output="${loop.item}", collect_results=False)
    some = loop(
        "some", "count", [echo("x")], max_iterations=2, output="${loop.index}", collect_results=True
    )
    ran = run(
        {"steps": [each, some, end("done", ["${steps.each.output}", "${steps.some.output}"])]}
    )
    assert ran.output == [8, [0, 1]]


@pytest.mark.parametrize(("collects", "expected"), [(True, []), (False, None)])
def test_without_iterations_it_gives_nothing(
    run: RunDefinition, collects: bool, expected: Any
) -> None:
    each = loop("each", "foreach", SAY, over=[], collect_results=collects)
    ran = run({"steps": [each, end("done", {"is": "${steps.each.output}"})]})
    assert ran.output == {"is": expected}


def test_until_looks_after_each_iteration_and_sees_its_steps(run: RunDefinition) -> None:
    refine = loop(
        "refine", "until", [echo("score", "${loop.iteration}")],
        exit_condition="${steps.score.output.result} >= 3",
    )  # fmt: skip
    ran = run({"steps": [refine]})
    assert ran.output["result"] == 3
    assert ran.statuses["refine/3/score"] == "COMPLETED"


def test_until_sees_the_iterations_output_as_last(run: RunDefinition) -> None:
    refine = loop(
        "refine", "until", [echo("say", "${loop.iteration}")],
        output="${steps.say.output.result}", exit_condition="${loop.last} == 2",
    )  # fmt: skip
    assert run({"steps": [refine]}).output == 2


def test_last_is_null_first_and_then_the_output_before(run: RunDefinition) -> None:
    rounds = loop(
        "rounds", "count", [echo("say", ["${loop.last}", "${loop.index}"])], max_iterations=3,
        output="${steps.say.output.result}",
    )  # fmt: skip
    assert run({"steps": [rounds]}).output == [[[None, 0], 1], 2]


def test_break_stops_before_an_iteration(run: RunDefinition) -> None:
    body = saying("${loop.item}")
    each = loop(
        "each", "foreach", body["steps"], output=body["output"], over=[1, 2, 3, 4],
        break_condition="${loop.item} > 2",
    )  # fmt: skip
    ran = run({"steps": [each]})
    assert ran.output == [1, 2]
    assert ran.paths == ["each", "each/1/say", "each/2/say"]


def test_break_sees_no_inner_step(run: RunDefinition) -> None:
    each = loop(
        "each", "count", [echo("say", 1)], max_iterations=3, collect_results=True,
        output="${steps.say.output.result}", break_condition='${steps.say.status ?? "no"} != "no"',
    )  # fmt: skip
    assert run({"steps": [each]}).output == [1, 1, 1]


@pytest.mark.parametrize(
    ("on_exhausted", "status", "kind"),
    [("continue", "COMPLETED", ""), ("fail", "FAILED", "exhausted")],
)
def test_until_that_never_holds(
    run: RunDefinition, on_exhausted: str, status: str, kind: str
) -> None:
    refine = loop(
        "refine", "until", SAY, exit_condition="false", max_iterations=2, on_exhausted=on_exhausted
    )
    ran = run({"steps": [refine]})
    assert (ran.row.status, ran.row.error_kind) == (status, kind)
    assert ran.paths == ["refine", "refine/1/say", "refine/2/say"]


def test_a_list_longer_than_max_iterations_is_refused_before_it_starts(run: RunDefinition) -> None:
    each = loop("each", "foreach", SAY, over=[1, 2, 3], max_iterations=2, on_error="skip")
    ran = run({"steps": [each]})
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "limit_exceeded")
    assert ran.paths == ["each"]


def test_over_must_be_a_list(run: RunDefinition) -> None:
    each = loop("each", "foreach", SAY, over="${input.text}")
    ran = run({"steps": [each]}, input={"text": "abc"})
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "template_error")


def test_a_loop_in_a_loop_sees_its_parent(run: RunDefinition) -> None:
    inner = loop(
        "inner", "foreach", [echo("say", "${loop.parent.item}${loop.item}")], over=["x", "y"],
        output="${steps.say.output.result}",
    )  # fmt: skip
    outer = loop("outer", "foreach", [inner], over=["a", "b"])
    ran = run({"steps": [outer]})
    assert ran.output == [["ax", "ay"], ["bx", "by"]]
    assert "outer/2/inner/1/say" in ran.paths


def test_a_failing_iteration_fails_the_loop(run: RunDefinition) -> None:
    body: list[Step] = [
        decide("second", ("${loop.iteration} == 2", "bad"), default="end"),
        broken("bad"),
    ]
    steps = [
        loop("rounds", "count", body, on_error="rescue"),
        end("rescue", "${error.kind} at ${error.step}"),
    ]
    ran = run({"steps": steps})
    assert ran.output == "tool_error at bad"
    assert ran.statuses["rounds"] == "FAILED"
    assert "rounds/3/second" not in ran.paths


def test_skip_inside_a_loop_goes_on(run: RunDefinition) -> None:
    rounds = loop(
        "rounds", "count", [broken("bad", on_error="skip"), echo("after", "${loop.iteration}")],
        max_iterations=2, collect_results=True,
        output=["${steps.bad.status}", "${steps.bad.output}", "${steps.after.output.result}"],
    )  # fmt: skip
    ran = run({"steps": [rounds]})
    assert ran.output == [["SKIPPED", None, 1], ["SKIPPED", None, 2]]


def test_iterations_at_once_keep_their_order(run: RunDefinition, tap: Tap) -> None:
    each = loop(
        "each", "foreach",
        [tap.step("call", "wait/0.4/${loop.item}")], over=["a", "b", "c", "d"], max_concurrency=2,
        output="${steps.call.output.body.name}",
    )  # fmt: skip
    each["steps"][0]["arguments"]["url"] = tap.url("wait/0.4/${loop.item}")
    ran = run({"steps": [each]})
    assert ran.output == ["a", "b", "c", "d"]
    starts, ends = ran.times("each/1/call", "each/2/call", "each/3/call", "each/4/call")
    assert starts[1] < ends[0]
    assert starts[2] >= min(ends[:2])


def test_a_failure_at_once_cancels_the_others(run: RunDefinition, tap: Tap) -> None:
    body = [
        decide("which", ("${loop.item} == 1", "bad"), default="wait"),
        broken("bad", next="end"),
        tap.step("wait", "hold/w"),
    ]
    ran = run({"steps": [loop("each", "foreach", body, over=[0, 1], max_concurrency=2)]})
    assert (ran.row.status, ran.row.failed_step) == ("FAILED", "each/2/bad")
    assert ran.statuses["each/1/wait"] == "CANCELLED"


def test_max_steps_counts_iterations(run: RunDefinition) -> None:
    rounds = loop("rounds", "count", [echo("say")], max_iterations=50, on_error="skip")
    ran = run({"limits": {"max_steps": 5}, "steps": [rounds]})
    row = ran.row
    assert (row.status, row.error_kind, row.failed_step) == (
        "FAILED",
        "limit_exceeded",
        "rounds/5/say",
    )
    assert len(ran.paths) == 6
