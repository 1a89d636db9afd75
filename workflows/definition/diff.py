"""What two definitions do differently, in the words of the language: steps, edges and settings.

Where a step stands in its list is not compared: the flow is in the edges. A step that moved into another list is.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import jsonpatch

from workflows.definition.graph import edges, step_lists
from workflows.definition.plain_json import join
from workflows.definition.steps import (
    Branch,
    Definition,
    LoopStep,
    ParallelStep,
    Step,
    to_json,
)

ChangeKind = Literal["added", "removed", "changed"]
# An edge is told as an edge; what a container holds, by its steps.
TOLD_ELSEWHERE = frozenset({"id", "next", "steps", "branches"})
SETTINGS = ("name", "description", "input_schema", "context", "limits", "output")


@dataclass(frozen=True)
class FieldChange:
    """One value: `path` is a JSON Pointer inside the step (or the definition), null where it stands in one of the two."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class StepChange:
    """One step. `container` is '' for the outermost list, 'loop' or 'parallel/branch' for others."""

    step: str
    change: ChangeKind
    type: str
    name: str
    container: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True)
class EdgeChange:
    """One way from a step to another of its list; `kind` and `label` as in `graph.Edge`, 'entry' where a list begins."""

    change: Literal["added", "removed"]
    source: str
    target: str
    kind: str
    label: str


@dataclass(frozen=True)
class Difference:
    """All that differs, in document order of the newer definition, what was removed last."""

    steps: tuple[StepChange, ...]
    edges: tuple[EdgeChange, ...]
    settings: tuple[FieldChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both mean the same."""
        return not (self.steps or self.edges or self.settings)

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {key: list(value) for key, value in asdict(self).items()}


def difference(before: Definition, after: Definition) -> Difference:
    """How `after` differs from `before`, in time linear in both."""
    return Difference(
        steps=tuple(_step_changes(_placed(before), _placed(after))),
        edges=tuple(_edge_changes(_edges(before), _edges(after))),
        settings=tuple(_setting_changes(before, after)),
    )


def json_patch(before: Definition, after: Definition) -> list[dict[str, Any]]:
    """The JSON Patch (RFC 6902) that turns the canonical JSON of `before` into that of `after`."""
    patch: list[dict[str, Any]] = jsonpatch.make_patch(before.to_json(), after.to_json()).patch
    return patch


def summary(change: Difference) -> str:
    """One line for a list of versions, e.g. 'added review; changed draft (input); 2 edges'."""
    parts = [_told(kind, change) for kind in ("added", "removed", "changed")]
    parts += [f"{len(change.edges)} edge{'s'[: len(change.edges) != 1]}"] if change.edges else []
    names = ", ".join(field.path.split("/")[1] for field in change.settings)
    return "; ".join([part for part in parts if part] + ([f"settings ({names})"] if names else []))


def _told(kind: str, change: Difference) -> str:
    names = [_with_fields(step) for step in change.steps if step.change == kind]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{kind} {', '.join(names[:5])}{more}" if names else ""


def _with_fields(step: StepChange) -> str:
    if step.change != "changed":
        return step.step
    fields = dict.fromkeys(field.path.split("/")[1] for field in step.fields)
    return f"{step.step} ({', '.join(fields)})"


Placed = dict[str, tuple[str, Step]]


def _placed(definition: Definition) -> Placed:
    """Each step with the list it stands in."""
    found: Placed = {}
    for steps in step_lists(definition):
        container = _container(steps.container.id if steps.container else "", steps.owner)
        for step in steps.steps:
            found.setdefault(step.id, (container, step))
    return found


def _container(around: str, owner: Definition | Branch | LoopStep) -> str:
    return f"{around}/{owner.id}" if isinstance(owner, Branch) else around


def _step_changes(before: Placed, after: Placed) -> Iterator[StepChange]:
    for step_id, (container, step) in after.items():
        if step_id not in before:
            yield StepChange(step_id, "added", step.type, step.name, container)
        elif fields := tuple(_fields_of(before[step_id], (container, step))):
            yield StepChange(step_id, "changed", step.type, step.name, container, fields)
    for step_id, (container, step) in before.items():
        if step_id not in after:
            yield StepChange(step_id, "removed", step.type, step.name, container)


def _fields_of(before: tuple[str, Step], after: tuple[str, Step]) -> Iterator[FieldChange]:
    if before[0] != after[0]:
        yield FieldChange("/container", before[0], after[0])
    yield from _values("", _own_json(before[1]), _own_json(after[1]))


def _own_json(step: Step) -> dict[str, Any]:
    """The step without its edges and without the steps in it."""
    inner: dict[str, Any] = {key: [] for key in ("steps", "branches") if hasattr(step, key)}
    own = to_json(step.model_copy(update=inner))
    own = {key: value for key, value in own.items() if key not in TOLD_ELSEWHERE}
    if isinstance(step, ParallelStep):
        own["branches"] = {branch.id: {"output": branch.output} for branch in step.branches}
    return own


def _values(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    """Where two values differ: objects by key, everything else as a whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after or type(before) is not type(after):
            yield FieldChange(path, before, after)
        return
    for key in dict.fromkeys([*before, *after]):
        if key in before and key in after:
            yield from _values(join(path, key), before[key], after[key])
        else:
            yield FieldChange(join(path, key), before.get(key), after.get(key))


def _edges(definition: Definition) -> dict[tuple[str, str, str, str], None]:
    """(source, target, kind, label) of each edge; a list's beginning is an edge of its container."""
    found: dict[tuple[str, str, str, str], None] = {}
    for steps in step_lists(definition):
        source = _container(steps.container.id if steps.container else "", steps.owner)
        if steps.owner.entry_step is not None:
            found[source, steps.owner.entry_step, "entry", ""] = None
        for step in steps.steps:
            for edge in edges(step):
                found[edge.source, edge.target, edge.kind, edge.label] = None
    return found


def _edge_changes(
    before: dict[tuple[str, str, str, str], None], after: dict[tuple[str, str, str, str], None]
) -> Iterator[EdgeChange]:
    for edge in after:
        if edge not in before:
            yield EdgeChange("added", *edge)
    for edge in before:
        if edge not in after:
            yield EdgeChange("removed", *edge)


def _setting_changes(before: Definition, after: Definition) -> Iterator[FieldChange]:
    yield from _values("", _settings(before), _settings(after))


def _settings(definition: Definition) -> dict[str, Any]:
    own = to_json(definition.model_copy(update={"steps": []}))
    return {name: own[name] for name in SETTINGS if name in own}
