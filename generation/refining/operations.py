"""The closed list of operations on a workflow, and the strict schema in which a model (or a stored result) writes them.

`reading.py` turns such JSON, which is untrusted, into these; `application.py` carries them out.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from workflows.definition.plain_json import compact

MAX_OPERATIONS = 50

PlaceKind = Literal["after", "before", "end"]
StepType = Literal[
    "agent", "tool", "parallel", "conditional", "loop", "approval", "wait", "set", "workflow", "end"
]
STEP_TYPES = (
    "agent", "tool", "parallel", "conditional", "loop", "approval", "wait", "set", "workflow", "end",
)  # fmt: skip
SETTINGS = ("name", "description", "context", "limits", "output", "input_schema")


@dataclass(frozen=True)
class Place:
    """Beside the step `of`, or at the end of the list `of`; `branch` is the way out of a step that `after` means.

    A list is '' (the outermost), a loop's id, or 'parallel/branch'; a branch that is not there is made.
    """

    kind: PlaceKind
    of: str = ""
    branch: str = ""


@dataclass(frozen=True)
class AddStep:
    """A new step; `fields` are lenient JSON, nested steps included."""

    step: str
    type: StepType
    fields: dict[str, Any]
    place: Place


@dataclass(frozen=True)
class UpdateStep:
    """Other values for some fields of a step; null is the default. Everything else of it stays."""

    step: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class RemoveStep:
    """Takes a step out, or a branch: 'parallel/branch'."""

    step: str


@dataclass(frozen=True)
class MoveStep:
    """Puts a step elsewhere."""

    step: str
    place: Place


@dataclass(frozen=True)
class Connect:
    """Lets a way out of a step lead to another step of its list, or to 'end'."""

    step: str
    branch: str
    to: str


@dataclass(frozen=True)
class Disconnect:
    """Takes a way out of a step away."""

    step: str
    branch: str


@dataclass(frozen=True)
class Together:
    """Lets steps of one list run at the same time, as branches of the new parallel `step`."""

    step: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Repeat:
    """Lets steps of one list repeat, inside the new loop `step`, which has `fields`."""

    step: str
    steps: tuple[str, ...]
    fields: dict[str, Any]


@dataclass(frozen=True)
class SetSetting:
    """Another value for one of the workflow's own `SETTINGS`; null is the default."""

    setting: str
    value: Any


@dataclass(frozen=True)
class SuggestAgent:
    """An agent that is to be created when the result is applied; steps may name it."""

    id: str
    name: str = field(default="")
    description: str = field(default="")
    instructions: str = field(default="")


Operation = (
    AddStep
    | UpdateStep
    | RemoveStep
    | MoveStep
    | Connect
    | Disconnect
    | Together
    | Repeat
    | SetSetting
    | SuggestAgent
)

_TEXT = {"type": "string"}
_NAMES = {"type": "array", "items": _TEXT}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_FIELDS = {
    "type": "array",
    "items": _object(
        field=_TEXT, value_json={"type": "string", "description": "The value, as JSON text."}
    ),
}
_PLACE = {
    "place": {"type": "string", "enum": ["after", "before", "end"]},
    "of": {"type": "string", "description": "A step id; with 'end' a list: '', loop, parallel/branch."},
    "branch": {"type": "string", "description": "The way out of `of` that is meant; mostly ''."},
}  # fmt: skip

# The first key tells the kinds of operation apart. Within the vendor's strict subset: closed objects, all required.
OPERATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _object(add=_TEXT, type={"type": "string", "enum": list(STEP_TYPES)}, fields=_FIELDS, **_PLACE),
        _object(update=_TEXT, fields=_FIELDS),
        _object(remove=_TEXT),
        _object(move=_TEXT, **_PLACE),
        _object(connect=_TEXT, branch=_TEXT, to=_TEXT),
        _object(disconnect=_TEXT, branch=_TEXT),
        _object(together=_TEXT, steps=_NAMES),
        _object(repeat=_TEXT, steps=_NAMES, fields=_FIELDS),
        _object(set={"type": "string", "enum": list(SETTINGS)}, value_json=_TEXT),
        _object(new_agent=_TEXT, name=_TEXT, description=_TEXT, instructions=_TEXT),
    ]
}  # fmt: skip
# A whole answer; constant, so that the vendor compiles it once.
OPERATIONS_SCHEMA: dict[str, Any] = _object(
    operations={"type": "array", "items": OPERATION_SCHEMA},
    explanation={"type": "string", "description": "What changes and why, in a sentence or two."},
    unplaced={"type": "array", "items": _TEXT},
)


def to_json(operation: Operation) -> dict[str, Any]:  # noqa: C901 - a case per operation
    """The operation in the shape of `OPERATION_SCHEMA`, as results keep it."""
    match operation:
        case AddStep():
            told: dict[str, Any] = {"add": operation.step, "type": operation.type}
            return told | {"fields": _fields(operation.fields)} | _place(operation.place)
        case UpdateStep():
            return {"update": operation.step, "fields": _fields(operation.fields)}
        case RemoveStep():
            return {"remove": operation.step}
        case MoveStep():
            return {"move": operation.step} | _place(operation.place)
        case Connect():
            return {"connect": operation.step, "branch": operation.branch, "to": operation.to}
        case Disconnect():
            return {"disconnect": operation.step, "branch": operation.branch}
        case Together():
            return {"together": operation.step, "steps": list(operation.steps)}
        case Repeat():
            told = {"repeat": operation.step, "steps": list(operation.steps)}
            return told | {"fields": _fields(operation.fields)}
        case SetSetting():
            return {"set": operation.setting, "value_json": compact(operation.value)}
        case SuggestAgent():
            return {
                "new_agent": operation.id, "name": operation.name,
                "description": operation.description, "instructions": operation.instructions,
            }  # fmt: skip


def _fields(fields: dict[str, Any]) -> list[dict[str, str]]:
    return [{"field": name, "value_json": compact(value)} for name, value in fields.items()]


def _place(place: Place) -> dict[str, str]:
    return {"place": place.kind, "of": place.of, "branch": place.branch}
