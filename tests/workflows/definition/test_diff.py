"""The semantic difference of two definitions."""

import random
from typing import Any

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.definition.random_definitions import Generator
from tests.workflows.definition.strategies import LENIENT
from tests.workflows.definition.worlds import agent, choice, workflow
from workflows.definition.diff import Difference, difference, json_patch, summary
from workflows.definition.edit import add_step, connect_steps, delete_step, move_step, update_step
from workflows.definition.normalise import normalise

LINE = normalise(workflow(agent("a"), agent("b"), agent("c")))
FAN = normalise(
    workflow(
        {
            "id": "fan",
            "type": "parallel",
            "branches": [
                {"id": "left", "steps": [agent("l1")]},
                {"id": "right", "steps": [agent("r1")]},
            ],
        }
    )
)


def steps_of(found: Difference) -> list[tuple[str, str]]:
    return [(step.change, step.step) for step in found.steps]


def edges_of(found: Difference) -> list[tuple[str, str, str]]:
    return [(edge.change, edge.source, edge.target) for edge in found.edges]


def test_equal_definitions_do_not_differ() -> None:
    assert difference(LINE, normalise(LINE.to_json())).is_empty


def test_an_added_step_is_a_step_and_its_edges() -> None:
    found = difference(LINE, add_step(LINE, agent("n"), after="a"))
    assert steps_of(found) == [("added", "n")]
    assert edges_of(found) == [
        ("added", "a", "n"),
        ("added", "n", "b"),
        ("removed", "a", "b"),
    ]


def test_a_changed_field_is_named_with_both_values() -> None:
    after = update_step(LINE, "b", {**agent("b"), "input": {"text": "x"}, "retries": 2})
    (step,) = difference(LINE, after).steps
    fields = {field.path: (field.before, field.after) for field in step.fields}
    assert (step.change, step.step) == ("changed", "b")
    assert fields["/retry/max_attempts"] == (1, 3)
    assert fields["/input"][1] == {"text": "x"}
    assert not difference(LINE, after).edges


def test_a_step_that_moved_into_another_list_says_so() -> None:
    found = difference(FAN, move_step(FAN, "l1", container="fan/right"))
    (step,) = found.steps
    assert [(field.path, field.before, field.after) for field in step.fields] == [
        ("/container", "fan/left", "fan/right")
    ]


def test_another_order_of_the_same_flow_is_no_change() -> None:
    raw = LINE.to_json()
    assert difference(LINE, normalise({**raw, "steps": raw["steps"][::-1]})).is_empty


def test_a_redirected_arm_is_an_edge_and_a_field() -> None:
    before = normalise(workflow(choice("k", {"x": "a"}, default="b"), agent("a"), agent("b")))
    found = difference(before, connect_steps(before, "k", "b", branch="x"))
    assert edges_of(found) == [("added", "k", "b"), ("removed", "k", "a")]


def test_settings_are_told_by_key() -> None:
    raw: dict[str, Any] = LINE.to_json()
    after = normalise({**raw, "name": "Other", "limits": {"max_tokens": 5}, "context": {"k": 1}})
    paths = [field.path for field in difference(LINE, after).settings]
    assert paths == ["/name", "/context/k", "/limits/max_tokens"]


def test_a_summary_fits_in_a_line() -> None:
    after = delete_step(add_step(LINE, agent("n"), after="a"), "c")
    after = update_step(after, "b", {**agent("b"), "input": "x"})
    assert summary(difference(LINE, after)) == "added n; removed c; changed b (input); 6 edges"
    assert summary(difference(LINE, LINE)) == ""


@LENIENT
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_the_patch_turns_one_into_the_other(one: int, other: int) -> None:
    before = normalise(Generator(random.Random(one)).definition())
    after = normalise(Generator(random.Random(other)).definition())
    patched = jsonpatch.apply_patch(before.to_json(), json_patch(before, after))
    assert normalise(patched) == after
    found = difference(before, after)
    assert found.is_empty == difference(after, before).is_empty
    backwards = {
        (edge.source, edge.target, edge.kind, edge.label)
        for edge in difference(after, before).edges
    }
    assert backwards == {(edge.source, edge.target, edge.kind, edge.label) for edge in found.edges}
