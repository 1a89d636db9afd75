"""Edges and lists of steps."""

from typing import Any

from tests.workflows.definition.worlds import agent, choice, workflow
from workflows.definition.graph import edges, step_lists
from workflows.definition.normalise import normalise


def drawn(raw: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """All edges of the outermost list: source, target, kind, label, pointer."""
    outermost = step_lists(normalise(raw))[0]
    return [
        (edge.source, edge.target, edge.kind, edge.label, edge.pointer)
        for number, step in enumerate(outermost.steps)
        for edge in edges(step, outermost.step_pointer(number))
    ]


def test_each_way_out_is_an_edge_with_its_place() -> None:
    raw = workflow(
        choice("c", {"a/b": "x"}, default="end", on_error="x"),
        agent("x", on_error=[{"match": ["timeout", "tool_error"], "next": "c"}, {"next": "end"}]),
        {"id": "e", "type": "end"},
    )
    assert drawn(raw) == [
        ("c", "x", "choice", "a/b", "/steps/0/conditional_branches/a~1b"),
        ("c", "end", "default", "else", "/steps/0/default"),
        ("c", "x", "error", "error", "/steps/0/on_error"),
        ("x", "e", "next", "", "/steps/1/next"),
        ("x", "c", "error", "timeout, tool_error", "/steps/1/on_error/0/next"),
        ("x", "end", "error", "error", "/steps/1/on_error/1/next"),
    ]


def test_lists_come_with_their_containers_first() -> None:
    inner: dict[str, Any] = {
        "id": "l",
        "type": "loop",
        "loop_mode": "count",
        "max_iterations": 1,
        "steps": [agent("i")],
    }
    fan: dict[str, Any] = {
        "id": "p",
        "type": "parallel",
        "branches": [{"id": "b", "steps": [inner]}, {"id": "d", "agent_id": "writer"}],
    }
    found = step_lists(normalise(workflow(agent("a"), fan)))
    assert [(one.number, one.pointer, one.parent, one.place) for one in found] == [
        (0, "", None, 0),
        (1, "/steps/1/branches/0", 0, 1),
        (2, "/steps/1/branches/0/steps/0", 1, 0),
        (3, "/steps/1/branches/1", 0, 1),
    ]
