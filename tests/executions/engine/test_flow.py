"""Flow: one step after the other, ways that part and meet, edges that lead back, ends."""

import pytest

from tests.executions.conftest import RunDefinition
from tests.executions.engine.building import broken, choose, decide, echo, end, loop, parallel


def test_steps_run_in_the_order_of_their_edges(run: RunDefinition) -> None:
    ran = run(
        {
            "entry_step": "b",
            "steps": [echo("a", 1, next="end"), echo("b", 2, next="c"), echo("c", 3, next="a")],
        }
    )
    assert ran.paths == ["b", "c", "a"]
    assert ran.output == {"result": 1, "found": True}


def test_steps_after_the_end_of_the_list_do_not_run(run: RunDefinition) -> None:
    ran = run({"steps": [echo("a", 1, next="end"), echo("b", 2)]})
    assert ran.paths == ["a"]


def test_ways_that_part_meet_again(run: RunDefinition) -> None:
    steps = [
        choose("which", "${user_input}", {"left": "l", "right": "r"}),
        echo("l", "L", next="join"),
        echo("r", "R", next="join"),
        end("join", "${steps.l.output.result ?? steps.r.output.result}"),
    ]
    ran = run({"steps": steps}, user_input="right")
    assert ran.output == "R"
    assert ran.paths == ["which", "r", "join"]


def test_a_back_edge_runs_the_step_again_under_a_path_of_its_own(run: RunDefinition) -> None:
    steps = [
        echo("count", "${steps.add.output.result ?? 0}"),
        {
            "id": "add",
            "type": "tool",
            "tool": "native:json_query",
            "arguments": {"data": ["${steps.count.output.result}", 1], "expression": "sum(@)"},
        },
        decide("again", ("${steps.add.output.result} < 3", "count"), default="done"),
        end("done", "${steps.add.output.result}"),
    ]
    ran = run({"steps": steps})
    assert ran.output == 3
    assert ran.paths == [
        *("count", "add", "again"),
        *("count@2", "add@2", "again@2"),
        *("count@3", "add@3", "again@3"),
        "done",
    ]


def test_a_rerun_replaces_the_record_when_it_ends(run: RunDefinition) -> None:
    steps = [
        echo("seen", '${steps.seen.output.result ?? "first"} visit'),
        decide("again", ('${steps.seen.output.result} == "first visit"', "seen"), default="done"),
        end("done", "${steps.seen.output.result}"),
    ]
    assert run({"steps": steps}).output == "first visit visit"


def test_an_end_ends_the_run_with_its_output(run: RunDefinition) -> None:
    ran = run({"steps": [end("stop", {"a": [1, "${user_input}"]}), echo("never")]}, user_input="x")
    assert ran.output == {"a": [1, "x"]}
    assert ran.paths == ["stop"]


def test_an_end_without_output_leaves_the_declared_one(run: RunDefinition) -> None:
    ran = run({"output": "${steps.a.output.result}", "steps": [echo("a", 7), end("stop")]})
    assert ran.output == 7


def test_without_declared_output_the_last_completed_step_counts(run: RunDefinition) -> None:
    steps = [
        echo("a", 1),
        broken("b", on_error="skip"),
        decide("c", ("true", "end")),
    ]
    ran = run({"steps": steps})
    assert ran.output == {"result": 1, "found": True}


def test_an_end_that_failed_fails_the_run_as_raised(run: RunDefinition) -> None:
    ran = run(
        {"steps": [end("bad", status="failed", error="No ${user_input} left")]}, user_input="milk"
    )
    row = ran.row
    assert (row.status, row.error_kind, row.error, row.failed_step) == (
        "FAILED",
        "raised",
        "No milk left",
        "bad",
    )
    assert ran.statuses == {"bad": "FAILED"}


@pytest.mark.parametrize("length", [5_000, 100_000])
def test_a_long_error_text_is_cut(run: RunDefinition, length: int) -> None:
    ran = run(
        {"steps": [end("bad", status="failed", error="${input.text}")]},
        input={"text": "x" * length, "more": "y" * 60_000},
    )
    assert (ran.status, ran.row.error_kind) == ("FAILED", "raised")
    assert 0 < len(ran.row.error) <= 2_000


def test_an_end_of_scope_run_inside_containers_ends_the_run(run: RunDefinition) -> None:
    body = [
        decide("enough", ("${loop.iteration} == 2", "stop"), default="go"),
        end("stop", "at ${loop.iteration}"),
        echo("go"),
    ]
    ran = run({"steps": [loop("rounds", "count", body), echo("never")]})
    assert ran.output == "at 2"
    assert "never" not in ran.paths
    assert ran.statuses["rounds"] == "COMPLETED"


def test_an_end_of_scope_container_ends_its_own_list(run: RunDefinition) -> None:
    body = [
        decide("enough", ("${loop.iteration} == 2", "stop"), default="go"),
        end("stop", "short", scope="container"),
        echo("go", "long"),
    ]
    steps = [
        loop("rounds", "count", body, max_iterations=3, collect_results=True),
        end("done", "${steps.rounds.output}"),
    ]
    ran = run({"steps": steps})
    assert ran.output == [
        {"result": "long", "found": True},
        "short",
        {"result": "long", "found": True},
    ]


def test_an_end_that_failed_in_scope_container_can_be_caught_outside(run: RunDefinition) -> None:
    steps = [
        loop(
            "rounds",
            "count",
            [end("bad", status="failed", scope="container", error="enough")],
            on_error="rescue",
        ),
        end("rescue", "${error}"),
    ]
    ran = run({"steps": steps})
    assert ran.output == {"kind": "raised", "code": "raised", "message": "enough", "step": "bad"}


def test_an_end_of_scope_run_cancels_the_other_branches(run: RunDefinition) -> None:
    branches = {
        "quick": [end("stop", "over")],
        "slow": [loop("busy", "count", [echo("tick")], max_iterations=1000)],
    }
    ran = run({"steps": [parallel("fan", branches)]})
    assert ran.output == "over"
    assert ran.statuses["fan/slow/busy"] == "CANCELLED"


def test_an_empty_definition_gives_null(run: RunDefinition) -> None:
    ran = run({"steps": []})
    assert ran.output is None
    assert ran.paths == []


def test_paths_say_branch_and_iteration(run: RunDefinition) -> None:
    inner = loop("turn", "count", [echo("say")], max_iterations=2)
    ran = run({"steps": [parallel("fan", {"one": [inner], "two": [echo("other")]})]})
    assert sorted(ran.paths) == [
        "fan",
        "fan/one/turn",
        "fan/one/turn/1/say",
        "fan/one/turn/2/say",
        "fan/two/other",
    ]
    assert ran.step("fan/one/turn/2/say").iteration == 2


@pytest.mark.parametrize(("output", "expected"), [(None, 1), ("${input.nothing}", None)])
def test_an_end_leaves_the_output_to_its_list_only_where_it_names_none(
    run: RunDefinition, output: str | None, expected: int | None
) -> None:
    first = echo("a", 1, next="stop")
    of_the_run = run({"steps": [first, end("stop", output)]}, input={"nothing": None})
    inner = loop("l", "count", [first, end("stop", output, scope="container")], max_iterations=1)
    of_the_list = run({"steps": [inner]}, input={"nothing": None})
    early = loop("l", "count", [end("stop", output)], max_iterations=1)
    ended_early = run({"steps": [first | {"next": "l"}, early]}, input={"nothing": None})
    for ran in (of_the_run, of_the_list, ended_early):
        assert (ran.output or {}).get("result") == expected
