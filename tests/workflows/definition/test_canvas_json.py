"""The canvas of an editor: nodes and edges say all that a definition says, and refuse what does not fit."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.definition.random_definitions import Generator
from tests.workflows.definition.worlds import agent, choice, workflow
from workflows.definition.canvas_json import canvas
from workflows.definition.canvas_reading import definition_of_canvas
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError, EditRefused
from workflows.definition.steps import Definition, walk

FAN = {
    "id": "fan",
    "type": "parallel",
    "branches": [
        {"id": "left", "steps": [agent("l1"), agent("l2")]},
        {"id": "right", "steps": [agent("r1")]},
    ],
}
NESTED = normalise(workflow(agent("a"), FAN, choice("kind", {"x": "z"}, default="end"), agent("z")))


def sent(definition: Definition) -> dict[str, Any]:
    """The canvas as an editor gets it."""
    loaded: dict[str, Any] = json.loads(json.dumps(canvas(definition, {}).to_json()))
    return loaded


def read(definition: Definition, shown: dict[str, Any]) -> Definition:
    """What the canvas says."""
    nodes, edges = shown["nodes"], shown["edges"]
    return definition_of_canvas(definition, nodes, edges, entry_step=shown["entry_step"])


@given(st.integers(0, 2**32))
def test_to_the_canvas_and_back_loses_nothing(seed: int) -> None:
    definition = normalise(Generator(random.Random(seed)).definition())
    assert read(definition, sent(definition)).to_json() == definition.to_json()


def test_every_step_is_a_node_in_its_container() -> None:
    nodes = {node.id: node for node in canvas(NESTED, {}).nodes}
    assert list(nodes) == ["a", "fan", "kind", "z", "l1", "l2", "r1"]
    assert nodes.keys() == {step.id for _, step in walk(NESTED.steps)}
    assert (nodes["l2"].parent, nodes["l2"].branch) == ("fan", "left")
    assert (nodes["a"].parent, nodes["a"].branch) == (None, None)


def test_edges_say_what_they_are() -> None:
    edges = {edge.id: edge for edge in canvas(NESTED, {}).edges}
    assert edges["a:next"].target == "fan"
    assert edges["a:next"].inferred
    assert edges["fan:body:left"].target == "l1"
    assert edges["kind:choice:x"].target == "z"
    assert (edges["kind:default:else"].kind, edges["kind:default:else"].target) == (
        "default",
        "end",
    )
    assert "z:next" not in edges


def test_a_container_is_as_large_as_what_was_moved_in_it() -> None:
    moved = {node.id: node for node in canvas(NESTED, {"r1": {"x": 2_000, "y": 900}}).nodes}
    assert moved["r1"].position == {"x": 2_000, "y": 900}
    assert moved["fan"].size["width"] > 2_000 + moved["r1"].size["width"]
    assert moved["fan"].size["height"] > 900 + moved["r1"].size["height"]


def test_a_new_node_and_its_edges_become_a_step() -> None:
    shown = sent(NESTED)
    shown["nodes"].append({"id": "new", "type": "agent", "parent": None, "data": {"agent_id": "n"}})
    shown["edges"] = [edge for edge in shown["edges"] if edge["id"] != "a:next"]
    shown["edges"] += [
        {"source": "a", "target": "new", "kind": "next"},
        {"source": "new", "target": "fan", "kind": "next"},
    ]
    made = read(NESTED, shown)
    assert {step.id: getattr(step, "next", None) for step in made.steps} == {
        "a": "new",
        "fan": "kind",
        "kind": None,
        "z": "end",
        "new": "fan",
    }


def test_an_editor_adds_ways_for_errors_and_rejections() -> None:
    shown = sent(normalise(workflow({"id": "ask", "type": "approval"}, agent("x"))))
    shown["edges"] += [
        {"source": "ask", "target": "x", "kind": "reject"},
        {"source": "ask", "target": "x", "kind": "error", "label": "approval_timeout, timeout"},
    ]
    step = read(NESTED, shown).to_json()["steps"][0]
    assert step["on_reject"] == "x"
    assert step["on_error"] == [{"match": ["approval_timeout", "timeout"], "next": "x"}]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda c: c["nodes"].append(c["nodes"][0]), "/nodes/7/id"),
        (lambda c: c["nodes"][4].update(parent="gone"), "/nodes/4/parent"),
        (lambda c: c["nodes"][4].update(parent="a"), "/nodes/4/branch"),
        (lambda c: c["nodes"][4].update(branch="up"), "/nodes/4/branch"),
        (lambda c: c["nodes"][1].update(parent="fan", branch="left"), "/nodes/1/parent"),
        (lambda c: c["edges"][0].update(source="gone"), "/edges/0/source"),
        (lambda c: c["edges"][0].update(target="gone"), "/edges/0/target"),
        (lambda c: c["edges"][0].update(target="l1"), "/edges/0/target"),
        (lambda c: c["edges"][0].update(kind="reject"), "/edges/0/kind"),
    ],
)
def test_a_canvas_that_does_not_fit_is_refused_with_a_place(change: Any, place: str) -> None:
    shown = sent(NESTED)
    change(shown)
    with pytest.raises(EditRefused) as refused:
        read(NESTED, shown)
    assert refused.value.pointer == place


def test_data_is_judged_as_a_definition_is() -> None:
    shown = sent(NESTED)
    shown["nodes"][0]["data"]["max_turns"] = "many"
    with pytest.raises(DefinitionError, match="max_turns"):
        read(NESTED, shown)
