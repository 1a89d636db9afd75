"""Putting steps that exist into containers: what changes, what stays, what is refused."""

import pytest

from tests.workflows.definition.test_edit import FORK, LINE, NESTED, nexts, refused
from tests.workflows.definition.worlds import agent, choice, workflow
from workflows.definition.grouping import (
    add_branch,
    put_in_loop,
    put_in_parallel,
    remove_branch,
)
from workflows.definition.normalise import normalise
from workflows.definition.steps import LoopStep, ParallelStep, walk

LOOP = {"id": "again", "loop_mode": "count", "max_iterations": 3}


def test_two_neighbours_run_at_the_same_time() -> None:
    edited = put_in_parallel(LINE, ["a", "b"], "both")
    assert nexts(edited) == {"both": "c", "a": "end", "b": "end", "c": "end"}
    assert edited.entry_step == "both"


def test_steps_that_are_no_neighbours_leave_what_is_between_behind_them() -> None:
    edited = put_in_parallel(LINE, ["a", "c"], "both")
    assert nexts(edited) == {"both": "b", "a": "end", "c": "end", "b": "end"}


def test_the_order_in_which_they_are_named_is_the_order_of_the_branches() -> None:
    edited = put_in_parallel(LINE, ["c", "b"], "both")
    both = edited.steps[1]
    assert isinstance(both, ParallelStep)
    assert [branch.id for branch in both.branches] == ["c", "b"]
    assert nexts(edited)["a"] == "both"
    assert both.next == "end"


def test_the_steps_themselves_stay_as_they_are() -> None:
    before = {step.id: step for _, step in walk(LINE.steps)}
    after = {step.id: step for _, step in walk(put_in_parallel(LINE, ["a", "b"], "x").steps)}
    for name in ("a", "b", "c"):
        assert after[name].model_copy(update={"next": "?"}) == before[name].model_copy(
            update={"next": "?"}
        )


def test_a_step_that_directs_the_flow_is_no_branch() -> None:
    assert refused(lambda: put_in_parallel(FORK, ["kind", "a"], "x")) == "impossible_move"


def test_a_way_out_of_a_branch_is_refused() -> None:
    line = normalise(workflow(agent("a", on_error="c"), agent("b"), agent("c")))
    assert refused(lambda: put_in_parallel(line, ["a", "b"], "x")) == "leaves_container"


def test_steps_of_different_lists_are_refused() -> None:
    assert refused(lambda: put_in_parallel(NESTED, ["l1", "r1"], "x")) == "other_list"


def test_one_step_is_not_at_the_same_time() -> None:
    assert refused(lambda: put_in_parallel(LINE, ["a", "a"], "x")) == "too_few_steps"


def test_a_taken_id_is_refused() -> None:
    assert refused(lambda: put_in_parallel(LINE, ["a", "b"], "c")) == "duplicate_step"
    assert refused(lambda: put_in_loop(LINE, ["a"], LOOP | {"id": "c"})) == "duplicate_step"


def test_steps_are_repeated_in_place() -> None:
    edited = put_in_loop(LINE, ["a", "b"], LOOP)
    assert nexts(edited) == {"again": "c", "a": "b", "b": "end", "c": "end"}
    loop = edited.steps[0]
    assert isinstance(loop, LoopStep)
    assert (loop.entry_step, loop.max_iterations) == ("a", 3)


def test_a_choice_is_repeated_with_its_arms() -> None:
    raw = workflow(choice("kind", {"x": "a"}, default="b"), agent("a"), agent("b"), agent("c"))
    raw["steps"][1]["next"] = "c"
    edited = put_in_loop(normalise(raw), ["kind", "a", "b"], LOOP)
    assert nexts(edited) == {"again": "c", "kind": "b", "a": "end", "b": "end", "c": "end"}


def test_a_way_into_the_middle_is_refused() -> None:
    assert refused(lambda: put_in_loop(FORK, ["a", "b"], LOOP)) == "enters_container"


def test_several_ways_out_are_refused() -> None:
    assert refused(lambda: put_in_loop(FORK, ["kind", "a"], LOOP)) == "leaves_container"


def test_a_branch_is_added_and_removed() -> None:
    more = add_branch(NESTED, "fan", "middle", agent("m1"))
    assert nexts(more)["m1"] == "end"
    assert remove_branch(more, "fan", "middle") == NESTED


@pytest.mark.parametrize(
    ("parallel", "branch", "code"),
    [
        ("fan", "left", "duplicate_branch"),
        ("again", "new", "wrong_type"),
        ("no", "new", "unknown_step"),
    ],
)
def test_a_branch_that_can_not_be_added_is_refused(parallel: str, branch: str, code: str) -> None:
    assert refused(lambda: add_branch(NESTED, parallel, branch, agent("n"))) == code


def test_a_branch_that_is_not_there_is_not_removed() -> None:
    assert refused(lambda: remove_branch(NESTED, "fan", "none")) == "unknown_container"


def test_the_last_branch_stays() -> None:
    one = remove_branch(NESTED, "fan", "left")
    assert refused(lambda: remove_branch(one, "fan", "right")) == "last_branch"
