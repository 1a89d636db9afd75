"""Definite assignment: which references are surely there, and which are not."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, choice, tool, workflow
from workflows.definition.validate import validate

CODES = {
    "never_ran",
    "never_assigned",
    "maybe_unassigned",
    "unknown_step",
    "out_of_scope",
    "branch_as_step",
    "unknown_branch",
    "no_such_loop_value",
}


def found(raw: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and place of what validation says about references."""
    problems = validate(raw, CATALOGUE)
    return [(problem.code, problem.path) for problem in problems if problem.code in CODES]


def test_a_step_that_ran_before_on_every_path_is_there() -> None:
    assert found(workflow(agent("a"), agent("b", input="${steps.a.output}"))) == []


def test_a_step_that_runs_later_never_ran() -> None:
    raw = workflow(agent("a", input="${steps.b.output}"), agent("b"))
    assert found(raw) == [("never_ran", "/steps/0/input")]


def test_a_fallback_does_not_excuse_a_step_that_never_ran() -> None:
    raw = workflow(agent("a", input="${steps.b.output ?? 1}"), agent("b"))
    assert found(raw) == [("never_ran", "/steps/0/input")]


def test_a_step_reached_again_through_a_back_edge_may_see_itself() -> None:
    raw = workflow(
        agent("a", input="${steps.a.output ?? null}"), choice("c", {"again": "a"}, default="end")
    )
    assert found(raw) == []


def test_one_arm_of_a_conditional_is_there_on_some_paths_only() -> None:
    steps = (choice("c", {"x": "a", "y": "b"}, next="j"), agent("a"), agent("b"))
    raw = workflow(*steps, agent("j", input="${steps.a.output}"))
    assert found(raw) == [("maybe_unassigned", "/steps/3/input")]


def test_alternatives_that_cover_all_arms_are_enough() -> None:
    steps = (choice("c", {"x": "a"}, default="b", next="j"), agent("a"), agent("b"))
    raw = workflow(*steps, agent("j", input="${steps.a.output ?? steps.b.output}"))
    assert found(raw) == []


def test_alternatives_that_leave_an_arm_out_are_not() -> None:
    steps = (choice("c", {"x": "a", "y": "b"}, next="j"), agent("a"), agent("b"))
    raw = workflow(*steps, agent("j", input="${steps.a.output ?? steps.b.output}"))
    assert found(raw) == [("maybe_unassigned", "/steps/3/input")]


def test_a_rerun_that_fails_is_no_alternative() -> None:
    raw = workflow(
        agent("a", next="b", on_error="h"),
        agent("b", input="${steps.a.output}", next="a"),
        agent("h", input="${steps.a.output ?? steps.b.output}"),
    )
    assert found(raw) == [("maybe_unassigned", "/steps/2/input")]


@pytest.mark.parametrize(
    ("part", "expected"),
    [("output", ["maybe_unassigned"]), ("status", []), ("error", ["maybe_unassigned"])],
)
def test_after_a_skip_only_the_status_is_sure(part: str, expected: list[str]) -> None:
    raw = workflow(agent("a", on_error="skip"), agent("b", input=f"${{steps.a.{part}}}"))
    assert [code for code, _ in found(raw)] == expected


def test_a_caught_error_leaves_an_error_and_no_output() -> None:
    raw = workflow(
        agent("a", on_error="h", next="end"),
        agent("h", input="${steps.a.error.kind} ${error.message} ${steps.a.output}"),
    )
    assert found(raw) == [("never_assigned", "/steps/1/input")]


def test_an_error_is_there_only_in_an_error_path() -> None:
    raw = workflow(agent("a"), agent("b", input="${error.message}"))
    assert found(raw) == [("never_assigned", "/steps/1/input")]


def test_a_step_without_an_on_error_has_no_error() -> None:
    raw = workflow(agent("a"), agent("b", input="${steps.a.error}"))
    assert found(raw) == [("never_assigned", "/steps/1/input")]


PARALLEL: dict[str, Any] = {
    "id": "p",
    "type": "parallel",
    "branches": [{"id": "x", "agent_id": "writer"}, {"id": "y", "agent_id": "writer"}],
}


def test_branches_are_there_when_all_must_succeed() -> None:
    reference = "${steps.p.branches.x.output} ${steps.p.branches.y.status}"
    assert found(workflow(PARALLEL, agent("b", input=reference))) == []


@pytest.mark.parametrize("fields", [{"min_success": 1}, {"aggregation": "first"}])
def test_branches_are_uncertain_when_some_may_fail(fields: dict[str, Any]) -> None:
    raw = workflow(PARALLEL | fields, agent("b", input="${steps.p.branches.x.output}"))
    assert found(raw) == [("maybe_unassigned", "/steps/1/input")]


def test_a_branch_named_as_a_step_is_pointed_out() -> None:
    raw = workflow(PARALLEL, agent("b", input="See ${steps.x.output.items[0]}"))
    (problem,) = [p for p in validate(raw, CATALOGUE) if p.code == "branch_as_step"]
    fixed = "See ${steps.p.branches.x.output.items[0]}"
    assert problem.fix == ({"op": "replace", "path": "/steps/1/input", "value": fixed},)


def test_an_unknown_branch_is_named() -> None:
    raw = workflow(PARALLEL, agent("b", input="${steps.p.branches.z.output}"))
    assert found(raw) == [("unknown_branch", "/steps/1/input")]


def test_steps_without_branches_have_none() -> None:
    raw = workflow(agent("a"), agent("b", input="${steps.a.branches.z.output}"))
    assert found(raw) == [("unknown_branch", "/steps/1/input")]


def loop(**fields: Any) -> dict[str, Any]:
    """A loop as it would be sent."""
    filled: dict[str, Any] = {"id": "l", "type": "loop", "loop_mode": "count", "max_iterations": 3}
    return filled | {"steps": [agent("inner")]} | fields


def test_inner_steps_see_outer_ones_but_not_the_other_way_round() -> None:
    raw = workflow(
        agent("a"),
        loop(steps=[agent("inner", input="${steps.a.output}")]),
        agent("b", input="${steps.inner.output}"),
    )
    assert found(raw) == [("out_of_scope", "/steps/2/input")]


def test_iterations_start_without_inner_records() -> None:
    raw = workflow(loop(steps=[agent("i", input="${steps.j.output ?? 1}"), agent("j")]))
    assert found(raw) == [("never_ran", "/steps/0/steps/0/input")]


def test_the_last_iteration_is_not_there_in_the_first() -> None:
    raw = workflow(loop(steps=[agent("i", input="${loop.last}")]))
    assert found(raw) == [("maybe_unassigned", "/steps/0/steps/0/input")]


def test_an_exit_condition_sees_the_iteration_that_just_ended() -> None:
    condition = "${loop.last} == 1 && ${steps.inner.output} != ''"
    assert found(workflow(loop(loop_mode="until", exit_condition=condition))) == []


def test_a_break_condition_sees_no_inner_step() -> None:
    raw = workflow(loop(break_condition="${steps.inner.output} == 1"))
    assert found(raw) == [("out_of_scope", "/steps/0/break_condition")]


@pytest.mark.parametrize(
    ("reference", "fields"),
    [
        ("loop.item", {}),
        ("loop.parent.index", {}),
        ("loop.last", {"max_concurrency": 2}),
    ],
)
def test_what_a_loop_can_not_have_is_an_error(reference: str, fields: dict[str, Any]) -> None:
    raw = workflow(loop(steps=[agent("i", input=f"${{{reference} ?? 1}}")], **fields))
    assert found(raw) == [("no_such_loop_value", "/steps/0/steps/0/input")]


def test_a_loop_value_outside_of_loops_is_an_error() -> None:
    raw = workflow(agent("a", input="${loop.index}"))
    assert found(raw) == [("no_such_loop_value", "/steps/0/input")]


def test_nested_loops_see_their_parents() -> None:
    inner = loop(id="m", steps=[agent("i", input="${loop.parent.item} ${loop.item}")])
    inner |= {"loop_mode": "foreach", "over": "${loop.item}"}
    raw = workflow(loop(loop_mode="foreach", over="${input.rows}", steps=[inner]))
    assert found(raw) == []


def test_declared_context_is_there_and_other_keys_are_not() -> None:
    raw = workflow(agent("a", input="${context.team} ${context.other}"), context={"team": "x"})
    assert found(raw) == [("never_assigned", "/steps/0/input")]


def test_context_can_not_look_at_steps() -> None:
    raw = workflow(agent("a"), context={"x": "${steps.a.output}", "y": "${user_input}"})
    assert found(raw) == [("never_ran", "/context/x")]


def test_the_output_of_a_run_is_looked_up_where_it_ends() -> None:
    steps = (choice("c", {"x": "a", "y": "b"}), agent("a", next="end"), agent("b", next="end"))
    raw = workflow(*steps, output="${steps.a.output}")
    assert found(raw) == [("maybe_unassigned", "/output")]


def test_an_end_with_its_own_output_does_not_need_the_declared_one() -> None:
    raw = workflow(
        choice("c", {"x": "a", "y": "e"}),
        agent("a", next="end"),
        {"id": "e", "type": "end", "output": "nothing to do"},
        output="${steps.a.output}",
    )
    assert found(raw) == []


def test_an_end_of_the_run_inside_a_loop_ends_it_with_what_was_there_before() -> None:
    raw = workflow(
        loop(steps=[choice("c", {"x": "e"}, default="end"), {"id": "e", "type": "end"}]),
        tool("t"),
        output="${steps.t.output}",
    )
    assert found(raw) == [("maybe_unassigned", "/output")]


def test_what_is_never_reached_is_not_looked_at() -> None:
    raw = workflow(agent("a", next="end"), agent("b", input="${steps.a.error}", next="end"))
    assert found(raw) == []


def test_the_fix_gives_a_fallback() -> None:
    raw = workflow(agent("a", on_error="skip"), agent("b", input="A ${steps.a.output}!"))
    (problem,) = [p for p in validate(raw, CATALOGUE) if p.code == "maybe_unassigned"]
    fixed = "A ${steps.a.output ?? null}!"
    assert problem.fix == ({"op": "replace", "path": "/steps/1/input", "value": fixed},)
