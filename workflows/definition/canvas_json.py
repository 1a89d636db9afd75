"""A definition as nodes and edges for an editor, and back; neither way loses anything.

A node holds its step's own fields (`data`): what stands inside a container are nodes with that `parent`, and where the
flow goes on are edges. An edge to 'end' leaves its list; a step without an edge of the kind 'next' ends it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from workflows.definition import flow
from workflows.definition.canvas import PADDING, Box, Drawing, layout
from workflows.definition.edge_slots import Json
from workflows.definition.graph import StepList, edges, step_lists
from workflows.definition.steps import END, Branch, Definition, Step, to_json

EdgeKind = Literal["next", "choice", "default", "reject", "error", "body"]
Positions = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class CanvasNode:
    """A step: `position` is relative to its container, `branch` the branch of a parallel that it stands in."""

    id: str
    type: str
    parent: str | None
    branch: str | None
    position: dict[str, float]
    size: dict[str, float]
    data: Json


@dataclass(frozen=True)
class CanvasEdge:
    """A way from `source` to `target`. `body` leads from a container to its first step (`label`: the branch).

    `inferred` edges are those that the language would draw by itself from the order of the steps.
    """

    id: str
    source: str
    target: str
    kind: EdgeKind
    label: str
    inferred: bool = False


@dataclass(frozen=True)
class Canvas:
    """Nodes in document order (containers before what they hold) and the edges between them."""

    entry_step: str | None
    nodes: tuple[CanvasNode, ...]
    edges: tuple[CanvasEdge, ...]

    def to_json(self) -> Json:
        """As the API shows it."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def canvas(definition: Definition, stored: Positions) -> Canvas:
    """The canvas of a definition; a step without a `stored` position stands where the layout puts it.

    Linear in the steps.
    """
    lists = step_lists(definition)
    boxes = _boxes(layout(definition), lists, stored)
    nodes = [
        _node(step, steps, *boxes[step.id]) for steps in lists for step in steps.steps
    ]  # fmt: skip
    return Canvas(definition.entry_step, tuple(nodes), tuple(_named(_canvas_edges(lists))))


def own_fields(step: Step) -> Json:
    """The step's JSON without the steps inside it and without the edges that leave it.

    What tells the kinds of edges apart stays, empty: `conditions`, `conditional_branches`, a list of `on_error`.
    """
    inner: dict[str, Any] = {key: [] for key in ("steps",) if hasattr(step, key)}
    own = dict(to_json(step.model_copy(update=inner)))
    for name in ("steps", "entry_step", "next", "default"):
        own.pop(name, None)
    if "branches" in own:
        own["branches"] = [
            {key: value for key, value in branch.items() if key not in ("steps", "entry_step")}
            for branch in own["branches"]
        ]
    for name in ("conditions", "conditional_branches"):
        if name in own:
            own[name] = type(own[name])()
    if isinstance(own.get("on_error"), list):
        own["on_error"] = []
    elif own.get("on_error") not in (None, "skip"):
        own["on_error"] = "fail"
    if "on_reject" in own:
        own["on_reject"] = "fail"
    return own


def _node(step: Step, steps: StepList, box: Box, parent: str | None) -> CanvasNode:
    return CanvasNode(
        id=step.id,
        type=step.type,
        parent=parent,
        branch=steps.owner.id if isinstance(steps.owner, Branch) else None,
        position={"x": box.x, "y": box.y},
        size={"width": box.width, "height": box.height},
        data=own_fields(step),
    )


def _boxes(
    drawing: Drawing, lists: Iterable[StepList], stored: Positions
) -> dict[str, tuple[Box, str | None]]:
    """Each step's box relative to its container, and the container; a container holds what was moved in it."""
    found: dict[str, tuple[Box, str | None]] = {}
    # Inner lists come after outer ones, so that the reverse knows what a container holds.
    for steps in reversed(list(lists)):
        parent = steps.container.id if steps.container else None
        origin = drawing.cards[parent] if parent else Box(0, 0, 0, 0)
        for step in steps.steps:
            box = drawing.cards[step.id].moved(-origin.x, -origin.y)
            at = stored.get(step.id)
            if at is not None:
                box = Box(at["x"], at["y"], box.width, box.height)
            found[step.id] = (box, parent)
    return _grown(found)


def _grown(boxes: dict[str, tuple[Box, str | None]]) -> dict[str, tuple[Box, str | None]]:
    """Containers as large as their steps need; inner ones come first in `boxes`."""
    grown = dict(boxes)
    for step_id in boxes:
        box, parent = grown[step_id]
        if parent is not None:
            around, above = grown[parent]
            width = max(around.width, box.x + box.width + PADDING)
            height = max(around.height, box.bottom + PADDING)
            grown[parent] = (Box(around.x, around.y, width, height), above)
    return grown


def _canvas_edges(lists: Iterable[StepList]) -> Iterable[CanvasEdge]:
    for steps in lists:
        if steps.container is not None and steps.owner.entry_step is not None:
            label = steps.owner.id if isinstance(steps.owner, Branch) else ""
            yield CanvasEdge("", steps.container.id, steps.owner.entry_step, "body", label)
        inferred = _inferred(steps)
        for number, step in enumerate(steps.steps):
            for edge in edges(step):
                if edge.kind == "next" and edge.target == END:
                    continue
                is_inferred = edge.kind == "next" and inferred.get(number) == edge.target
                yield CanvasEdge("", step.id, edge.target, edge.kind, edge.label, is_inferred)


def _inferred(steps: StepList) -> Mapping[int, str]:
    """Where each step of the list would lead if it did not say so."""
    bare = [to_json(step) for step in steps.steps]
    for step in bare:
        step.pop("next", None)
    return flow.infer(bare).nexts


def _named(found: Iterable[CanvasEdge]) -> Iterable[CanvasEdge]:
    """With an id each: what it is, and a number where two would be alike."""
    seen: dict[str, int] = {}
    for edge in found:
        name = ":".join(filter(None, (edge.source, edge.kind, edge.label)))
        seen[name] = seen.get(name, 0) + 1
        number = f"#{seen[name]}" if seen[name] > 1 else ""
        yield CanvasEdge(**{**asdict(edge), "id": name + number})
