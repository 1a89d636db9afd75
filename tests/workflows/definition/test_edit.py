"""Edits of a definition: what they change, what they leave alone, what they refuse."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.definition.random_definitions import Generator
from tests.workflows.definition.strategies import LENIENT
from tests.workflows.definition.worlds import agent, choice, workflow
from workflows.definition.edit import (
    add_step,
    connect_steps,
    delete_step,
    disconnect_steps,
    move_step,
    reorder_steps,
    update_step,
)
from workflows.definition.graph import step_lists
from workflows.definition.normalise import content_hash, normalise
from workflows.definition.problems import DefinitionError, EditRefused
from workflows.definition.steps import Definition, Step, walk

LINE = normalise(workflow(agent("a"), agent("b"), agent("c")))
FORK = normalise(
    workflow(choice("kind", {"x": "a", "y": "b"}, default="c"), agent("a"), agent("b"), agent("c"))
)
NESTED = normalise(
    workflow(
        {
            "id": "fan",
            "type": "parallel",
            "branches": [
                {"id": "left", "steps": [agent("l1"), agent("l2")]},
                {"id": "right", "steps": [agent("r1")]},
            ],
        },
        {
            "id": "again",
            "type": "loop",
            "loop_mode": "count",
            "max_iterations": 2,
            "steps": [agent("i1")],
        },
    )
)


def nexts(definition: Definition) -> dict[str, Any]:
    """Where each step goes on, nested ones included; a conditional's default."""
    return {
        step.id: getattr(step, "next", getattr(step, "default", None))
        for _, step in walk(definition.steps)
    }


def refused(edit: Any) -> str:
    """The code with which the edit is refused."""
    with pytest.raises(EditRefused) as caught:
        edit()
    return caught.value.code


def test_a_step_goes_to_the_end_where_no_place_is_named() -> None:
    assert nexts(add_step(LINE, agent("d"))) == {"a": "b", "b": "c", "c": "d", "d": "end"}


def test_the_first_step_of_an_empty_workflow_is_its_entry() -> None:
    empty = normalise({"id": "w", "name": "W", "steps": []})
    assert add_step(empty, agent("a")).entry_step == "a"


def test_a_step_is_put_behind_another() -> None:
    assert nexts(add_step(LINE, agent("n"), after="a")) == {
        "a": "n",
        "n": "b",
        "b": "c",
        "c": "end",
    }


def test_a_step_before_the_entry_becomes_the_entry() -> None:
    edited = add_step(LINE, agent("n"), before="a")
    assert (edited.entry_step, nexts(edited)["n"]) == ("n", "a")


def test_a_step_is_put_on_one_arm_of_a_choice() -> None:
    edited = add_step(FORK, agent("n"), after="kind", branch="x").to_json()
    assert edited["steps"][0]["conditional_branches"] == {"x": "n", "y": "b"}
    assert edited["steps"][1]["next"] == "a"


def test_a_step_after_a_choice_needs_its_arm() -> None:
    assert refused(lambda: add_step(FORK, agent("n"), after="kind")) == "unknown_branch"


def test_a_choice_put_into_a_line_goes_on_where_the_line_did() -> None:
    raw = {"id": "ask", "type": "conditional", "conditions": [{"when": "true", "next": "c"}]}
    assert nexts(add_step(LINE, raw, after="a")) == {"a": "ask", "ask": "b", "b": "c", "c": "end"}


@pytest.mark.parametrize(
    ("container", "ids"), [("fan/right", ["r1", "n"]), ("again", ["i1", "n"]), ("fan/left", None)]
)
def test_a_step_goes_into_a_branch_or_a_loop(container: str, ids: list[str] | None) -> None:
    edited = add_step(NESTED, agent("n"), container=container)
    lists = [[step.id for step in one.steps] for one in step_lists(edited)]
    assert (ids or ["l1", "l2", "n"]) in lists
    assert lists[0] == ["fan", "again"]


def test_a_deleted_step_is_bridged_everywhere() -> None:
    raw = workflow(
        choice("kind", {"x": "b"}, default="a"), agent("a", on_error="b"), agent("b"), agent("c")
    )
    edited = delete_step(normalise(raw), "b").to_json()
    assert edited["steps"][0]["conditional_branches"] == {"x": "c"}
    assert (edited["steps"][1]["next"], edited["steps"][1]["on_error"]) == ("c", "c")


def test_deleting_the_entry_begins_with_what_came_after_it() -> None:
    assert delete_step(LINE, "a").entry_step == "b"


def test_deleting_the_only_step_leaves_a_draft() -> None:
    assert delete_step(normalise(workflow(agent("a"))), "a").steps == []


def test_a_changed_step_keeps_its_place_and_its_inside() -> None:
    edited = update_step(NESTED, "again", {"loop_mode": "count", "max_iterations": 7})
    assert edited.to_json()["steps"][1] == NESTED.to_json()["steps"][1] | {"max_iterations": 7}
    assert edited.steps[0] == NESTED.steps[0]


def test_a_line_in_another_order_runs_in_that_order() -> None:
    edited = reorder_steps(LINE, ["c", "a", "b"])
    assert (edited.entry_step, nexts(edited)) == ("c", {"c": "a", "a": "b", "b": "end"})


def test_a_jump_survives_another_order() -> None:
    looped = normalise(workflow(agent("a"), agent("b", next="a"), agent("c")))
    assert nexts(reorder_steps(looped, ["b", "a", "c"]))["b"] == "a"


def test_an_order_that_names_not_all_is_refused() -> None:
    assert refused(lambda: reorder_steps(LINE, ["a", "b"])) == "wrong_order"


def test_a_step_moves_into_a_branch() -> None:
    edited = move_step(NESTED, "l1", container="fan/right")
    assert nexts(edited) == {
        "fan": "again",
        "l2": "end",
        "r1": "l1",
        "l1": "end",
        "again": "end",
        "i1": "end",
    }


def test_connecting_adds_an_arm_and_disconnecting_takes_it_away() -> None:
    connected = connect_steps(FORK, "kind", "c", branch="z")
    arms = connected.to_json()["steps"][0]["conditional_branches"]
    assert arms == {"x": "a", "y": "b", "z": "c"}
    assert disconnect_steps(connected, "kind", branch="z") == FORK


def test_errors_and_rejections_are_connected_too() -> None:
    asked = add_step(LINE, {"id": "ok", "type": "approval"}, after="a")
    edited = connect_steps(
        connect_steps(asked, "ok", "c", branch="reject"), "b", "c", branch="error"
    )
    steps = {step["id"]: step for step in edited.to_json()["steps"]}
    assert (steps["ok"]["on_reject"], steps["b"]["on_error"]) == ("c", "c")
    assert disconnect_steps(edited, "ok", branch="reject").steps[1] == asked.steps[1]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda: add_step(LINE, agent("a")), "duplicate_step"),
        (lambda: add_step(LINE, {"type": "agent"}), "missing_field"),
        (lambda: add_step(LINE, agent("n"), container="nowhere"), "unknown_container"),
        (lambda: add_step(LINE, agent("n"), after="nobody"), "unknown_step"),
        (lambda: add_step(LINE, agent("n"), after="a", before="b"), "conflicting_fields"),
        (lambda: update_step(LINE, "a", {"id": "z"}), "read_only"),
        (lambda: delete_step(LINE, "nobody"), "unknown_step"),
        (lambda: move_step(LINE, "a", after="a"), "impossible_move"),
        (lambda: connect_steps(NESTED, "l1", "r1"), "unknown_target"),
        (lambda: connect_steps(LINE, "a", "b", branch="odd"), "unknown_branch"),
        (lambda: disconnect_steps(FORK, "kind", branch="zz"), "unknown_branch"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(edit: Any, code: str) -> None:
    assert refused(edit) == code


def test_a_step_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(DefinitionError) as caught:
        add_step(LINE, {"id": "n", "type": "agent", "agnet_id": "x"})
    assert caught.value.problems[0].path == "/steps/3/agnet_id"


def _steps(definition: Definition) -> dict[str, Step]:
    return {step.id: step for _, step in walk(definition.steps)}


def _random_edit(chance: random.Random, definition: Definition, number: int) -> Definition:
    ids = [*_steps(definition), "nobody"]
    one, other = chance.choice(ids), chance.choice(ids)
    branch = chance.choice([None, "default", "error", "x", "0"])
    match chance.randrange(6):
        case 0:
            new = agent(f"new{number}")
            place: dict[str, Any] = chance.choice(
                [{"after": one, "branch": branch}, {"before": one}, {}]
            )
            return add_step(definition, new, **place)
        case 1:
            return delete_step(definition, one)
        case 2:
            return move_step(definition, one, after=other, branch=branch)
        case 3:
            return connect_steps(definition, one, other, branch=branch)
        case 4:
            return disconnect_steps(definition, one, branch=branch)
        case _:
            order = [step.id for step in definition.steps]
            chance.shuffle(order)
            return reorder_steps(definition, order)


@LENIENT
@given(st.integers(0, 2**32))
def test_any_sequence_of_edits_keeps_the_definition_canonical(seed: int) -> None:
    chance = random.Random(seed)
    definition = normalise(Generator(chance).definition())
    for number in range(12):
        before = content_hash(definition)
        try:
            edited = _random_edit(chance, definition, number)
        except (EditRefused, DefinitionError):
            continue
        finally:
            assert content_hash(definition) == before
        assert normalise(edited.to_json()) == edited
        definition = edited


@LENIENT
@given(st.integers(0, 2**32))
def test_an_edit_leaves_the_steps_of_other_lists_alone(seed: int) -> None:
    chance = random.Random(seed)
    definition = normalise(Generator(chance).definition())
    victim = chance.choice(list(_steps(definition)))
    touched = next(one for one in step_lists(definition) if victim in one.index)
    edited = delete_step(definition, victim)
    after = _steps(edited)
    gone = {step.id for _, step in walk([_steps(definition)[victim]])}
    for one in step_lists(definition):
        for step in one.steps:
            has_inner = hasattr(step, "steps") or hasattr(step, "branches")
            if one.pointer == touched.pointer or step.id in gone or has_inner:
                continue
            assert after[step.id] == step
