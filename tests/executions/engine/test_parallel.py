"""Parallels: aggregation, how many must succeed, concurrency and cancellation."""

import itertools
from typing import Any

import pytest

from tests.executions.conftest import RunDefinition, Runner
from tests.executions.engine.building import Step, broken, echo, end, loop, parallel
from tests.executions.tap import Tap
from tests.fakes.model_server import ModelServer, text


def gives(value: Any) -> list[Step]:
    """A branch with this output."""
    return [end("e-" + str(abs(hash(str(value)))), value, scope="container")]


def test_all_gives_a_list_in_the_order_of_the_branches(run: RunDefinition, tap: Tap) -> None:
    branches = {"slow": [tap.step("s", "wait/0.3/slow")], "quick": gives("q")}
    ran = run({"steps": [parallel("fan", branches)]})
    assert [ran.output[0]["body"], ran.output[1]] == [{"name": "slow"}, "q"]


def test_the_branches_run_at_the_same_time(run: RunDefinition, tap: Tap) -> None:
    branches = {name: [tap.step(name, f"wait/0.5/{name}")] for name in ("a", "b", "c")}
    ran = run({"steps": [parallel("fan", branches)]})
    started = [ran.step(f"fan/{name}/{name}").started_at for name in branches]
    ended = [ran.step(f"fan/{name}/{name}").completed_at for name in branches]
    assert ran.status == "COMPLETED"
    assert max(filter(None, started)) < min(filter(None, ended))


def test_max_concurrency_lets_only_so_many_run(run: RunDefinition, tap: Tap) -> None:
    branches = {name: [tap.step(name, f"wait/0.1/{name}")] for name in ("a", "b", "c")}
    ran = run({"steps": [parallel("fan", branches, max_concurrency=1)]})
    steps = [ran.step(f"fan/{name}/{name}") for name in branches]
    for earlier, later in itertools.pairwise(steps):
        assert earlier.completed_at is not None
        assert later.started_at is not None
        assert earlier.completed_at <= later.started_at


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([{"a": 1}, {"b": {"c": 2}}], {"a": 1, "b": {"c": 2}}),
        ([[1], [2, 3]], [1, 2, 3]),
        (["one", "two"], "one\n\ntwo"),
    ],
)
def test_merge_joins_values_of_a_kind(run: RunDefinition, values: list[Any], expected: Any) -> None:
    branches = {f"b{index}": gives(value) for index, value in enumerate(values)}
    assert run({"steps": [parallel("fan", branches, aggregation="merge")]}).output == expected


@pytest.mark.parametrize("values", [[{"a": 1}, {"a": 1}], [{"a": 1}, [1]], ["one", 2], [1, 2]])
def test_merge_refuses_colliding_keys_and_mixed_kinds(
    run: RunDefinition, values: list[Any]
) -> None:
    branches = {f"b{index}": gives(value) for index, value in enumerate(values)}
    steps = [
        parallel("fan", branches, aggregation="merge", on_error="rescue"),
        end("rescue", "${error.kind} in ${error.step}"),
    ]
    assert run({"steps": steps}).output == "merge_conflict in fan"


def test_one_failed_branch_fails_the_parallel_and_cancels_the_others(
    run: RunDefinition, tap: Tap
) -> None:
    branches = {"bad": [broken("b")], "slow": [tap.step("s", "hold/s"), echo("after")]}
    ran = run({"steps": [parallel("fan", branches)]})
    assert (ran.row.error_kind, ran.row.failed_step) == ("tool_error", "fan/bad/b")
    assert ran.statuses == {"fan": "FAILED", "fan/bad/b": "FAILED", "fan/slow/s": "CANCELLED"}


def test_failed_branches_are_null_where_enough_succeed(run: RunDefinition) -> None:
    branches = {"bad": [broken("b")], "good": gives(1), "fine": gives(2)}
    steps = [
        parallel("fan", branches, min_success=2),
        end("done", ["${steps.fan.output}", "${steps.fan.branches.bad.error.kind}"]),
    ]
    ran = run({"steps": steps})
    assert ran.output == [[None, 1, 2], "tool_error"]
    assert ran.statuses["fan"] == "COMPLETED"


def test_too_few_successes_fail(run: RunDefinition) -> None:
    branches = {"bad": [broken("b")], "worse": [broken("w")], "good": gives(1)}
    ran = run({"steps": [parallel("fan", branches, min_success=2)]})
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "tool_error")


def test_merge_leaves_failed_branches_out(run: RunDefinition) -> None:
    branches = {"bad": [broken("b")], "good": gives([1])}
    fan = parallel("fan", branches, aggregation="merge", min_success=1)
    assert run({"steps": [fan]}).output == [1]


def test_first_takes_the_first_to_succeed_and_cancels_the_rest_before_going_on(
    run: RunDefinition, tap: Tap
) -> None:
    branches = {
        "stuck": [tap.step("s", "hold/s"), tap.step("never", "ok/never")],
        "bad": [broken("b")],
        "quick": [tap.step("q", "wait/0.2/q"), end("won", "quick", scope="container")],
    }
    steps = [
        parallel("fan", branches, aggregation="first"),
        end("done", ["${steps.fan.output}", "${steps.fan.branches.stuck.status}"]),
    ]
    ran = run({"steps": steps})
    assert ran.output == ["quick", "CANCELLED"]
    stuck, done = ran.step("fan/stuck/s"), ran.step("done")
    assert stuck.status == "CANCELLED"
    assert stuck.completed_at is not None
    assert done.started_at is not None
    assert stuck.completed_at <= done.started_at
    assert tap.count("never") == 0


def test_first_of_several_gives_a_list_in_the_order_of_success(
    run: RunDefinition, tap: Tap
) -> None:
    branches = {
        "late": [tap.step("l", "wait/0.6/l"), end("l2", "late", scope="container")],
        "stuck": [tap.step("s", "hold/s")],
        "soon": [end("now", "soon", scope="container")],
    }
    fan = parallel("fan", branches, aggregation="first", min_success=2)
    assert run({"steps": [fan]}).output == ["soon", "late"]


def test_first_fails_when_all_fail(run: RunDefinition) -> None:
    branches = {"a": [broken("x")], "b": [broken("y")]}
    ran = run({"steps": [parallel("fan", branches, aggregation="first")]})
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "tool_error")


def test_best_asks_a_judge_for_a_branch(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("judge")
    model_server.script([text(" two \n")])
    branches = {"one": gives("short"), "two": gives("long"), "bad": [broken("b")]}
    fan = parallel(
        "fan", branches, aggregation="best", judge_agent_id="judge", min_success=1
    )  # fmt: skip
    ran = runner.run({"steps": [fan]})
    assert ran.output == "long"
    question = model_server.requests[0]["messages"][-1]["content"]
    assert "short" in question
    assert "bad" not in question
    assert ran.row.model_calls == 1


def test_a_judge_that_names_no_branch_is_an_agent_error(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("judge")
    model_server.script([text("the second")])
    branches = {"one": gives(1), "two": gives(2)}
    fan = parallel("fan", branches, aggregation="best", judge_agent_id="judge")
    ran = runner.run({"steps": [fan]})
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "agent_error")


def test_a_limit_inside_a_branch_is_never_tolerated(run: RunDefinition) -> None:
    too_long = loop("each", "foreach", [echo("x")], over=[1, 2, 3], max_iterations=2)
    branches = {"bad": [too_long], "good": gives(1)}
    fan = parallel("fan", branches, min_success=1, on_error="skip")
    ran = run({"steps": [fan]})
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "limit_exceeded")


def test_a_branch_gives_its_declared_output(run: RunDefinition) -> None:
    fan = parallel("fan", {"a": [echo("x", 5)], "b": [echo("y", 6)]})
    fan["branches"][0]["output"] = "is ${steps.x.output.result}"
    assert run({"steps": [fan]}).output == ["is 5", {"result": 6, "found": True}]
