"""What the value of a reference looks like, as far as the definition and the catalogue say: a JSON Schema or nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.definition.catalogue import Catalogue
from workflows.definition.references import Reference
from workflows.definition.steps import (
    AgentStep,
    ApprovalStep,
    ConditionalStep,
    Definition,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
    ToolStep,
    WaitStep,
)

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
LIST: Schema = {"type": "array"}
ERROR: Schema = {
    "type": "object",
    "properties": {"kind": TEXT, "code": {}, "message": TEXT, "step": TEXT},
    "additionalProperties": False,
}
CHOICE: Schema = {
    "type": "object",
    "properties": {"value": {}, "next": TEXT},
    "additionalProperties": False,
}
DECISION: Schema = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean"},
        "by": {"type": "array", "items": TEXT},
        "comment": {"type": ["string", "null"]},
        "edited": {},
    },
    "additionalProperties": False,
}
NULL: Schema = {"type": "null"}
_MAX_HOPS = 20


@dataclass(frozen=True)
class Impossible:
    """A key that a value can't have; `known` are those it can, `is_certain` unless others are not excluded."""

    key: str | int
    place: int
    known: Collection[str]
    type: str
    is_certain: bool = True


def output_shape(step: Step, catalogue: Catalogue) -> Schema | None:
    """The schema of a step's output; null where nothing is known."""
    match step:
        case AgentStep():
            return _agent_shape(step, catalogue)
        case ToolStep():
            tool = catalogue.tools.get(step.tool or "")
            return tool.output_schema if tool else None
        case ConditionalStep():
            return CHOICE
        case ParallelStep():
            is_list = step.aggregation == "all" or (
                step.aggregation == "first" and (step.min_success or 1) > 1
            )
            return LIST if is_list else None
        case LoopStep():
            return LIST if step.collect_results else None
        case ApprovalStep():
            return DECISION
        case WaitStep():
            return NULL
        case SetStep():
            return _written_shape(step)
        case _:
            return None


def _written_shape(step: SetStep) -> Schema:
    keys = {key: dict[str, Any]() for key in [*step.values, *step.compute]}
    return {"type": "object", "properties": keys, "additionalProperties": False}


def _agent_shape(step: AgentStep, catalogue: Catalogue) -> Schema | None:
    if step.output_schema is not None:
        return step.output_schema
    if step.agent_id is None:
        return TEXT
    agent = catalogue.agents.get(step.agent_id)
    if agent is None:
        return None
    return agent.output_schema or TEXT


def reference_shape(
    reference: Reference, steps: Mapping[str, Step], definition: Definition, catalogue: Catalogue
) -> tuple[Schema | None, int]:
    """The schema of the value that a reference starts from, and how much of its path leads there."""
    path = reference.path
    match reference.root:
        case "user_input":
            return TEXT, 0
        case "execution":
            return TEXT, 1
        case "error":
            return ERROR, 0
        case "input":
            return definition.input_schema, 0
        case "loop" if path[0] in ("index", "iteration"):
            return {"type": "integer"}, 1
        case "steps" if path[1] != "branches":
            return _record_shape(str(path[0]), str(path[1]), steps, catalogue), 2
        case _:
            return None, 0


def _record_shape(
    name: str, part: str, steps: Mapping[str, Step], catalogue: Catalogue
) -> Schema | None:
    if part == "status":
        return TEXT
    if part == "error":
        return ERROR
    step = steps.get(name)
    return output_shape(step, catalogue) if step is not None else None


def types_of(schema: Schema | None) -> frozenset[str]:
    """The JSON types a value can have; empty where the schema does not say."""
    if schema is None:
        return frozenset()
    given = schema.get("type")
    if isinstance(given, str):
        return frozenset({given})
    if isinstance(given, list):
        return frozenset(item for item in given if isinstance(item, str))
    return frozenset()


def walk(
    schema: Schema | None, path: tuple[str | int, ...]
) -> tuple[Schema | None, Impossible | None]:
    """Follow `path` through `schema`: the schema found there, or the first key that can't be."""
    root = schema
    for place, key in enumerate(path):
        schema = _resolved(schema, root)
        if schema is None:
            return None, None
        schema, found = _inside(schema, key, place)
        if found is not None:
            return None, found
    return _resolved(schema, root), None


def _resolved(schema: Any, root: Schema | None) -> Schema | None:
    """`schema` behind its local references; null where it branches or leads elsewhere."""
    for _ in range(_MAX_HOPS):
        if not isinstance(schema, Mapping) or any(
            key in schema for key in ("anyOf", "oneOf", "allOf", "if")
        ):
            return None
        target = schema.get("$ref")
        if target is None:
            return schema
        schema = _local(target, root)
    return None


def _local(target: Any, root: Schema | None) -> Any:
    if not isinstance(target, str) or not target.startswith("#"):
        return None
    value: Any = root
    for key in target[1:].split("/")[1:]:
        value = (
            value.get(key.replace("~1", "/").replace("~0", "~"))
            if isinstance(value, Mapping)
            else None
        )
    return value


def _inside(schema: Schema, key: str | int, place: int) -> tuple[Any, Impossible | None]:
    types = types_of(schema)
    wanted = "object" if isinstance(key, str) else "array"
    if types and wanted not in types:
        return None, Impossible(key, place, (), " or ".join(sorted(types)))
    if isinstance(key, int):
        return _item(schema, key), None
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return None, None
    if key in properties:
        return properties[key], None
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping) or "patternProperties" in schema:
        return None, None
    return None, Impossible(key, place, tuple(properties), "object", is_certain=others is False)


def _item(schema: Schema, index: int) -> Any:
    first = schema.get("prefixItems")
    if isinstance(first, list) and index < len(first):
        return first[index]
    return schema.get("items")
