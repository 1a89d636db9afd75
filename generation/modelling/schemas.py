"""The shapes of a model's answers: constants within the vendor's strict subset of JSON Schema."""

from typing import Any

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_NODES = {"type": "array", "items": {"$ref": "#/$defs/node"}}


def closed(**properties: Any) -> dict[str, Any]:
    """An object with exactly these fields, as strict mode wants it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# The first key tells the kinds of node apart.
_NODE_KINDS = [
    closed(agent=_TEXT, task=_TEXT),
    closed(
        tool=_TEXT,
        task=_TEXT,
        arguments={"type": "array", "items": closed(name=_TEXT, value=_TEXT)},
    ),
    closed(new_agent=_TEXT, description=_TEXT, task=_TEXT),
    closed(new_tool=_TEXT, description=_TEXT, action=_TEXT, task=_TEXT),
    closed(approval=_TEXT, task=_TEXT),
    closed(wait=_TEXT, seconds={"type": "integer"}),
    closed(parallel={"type": "array", "items": closed(branch=_TEXT, steps=_NODES)}),
    closed(
        choose=_TEXT,
        cases={"type": "array", "items": closed(when=_TEXT, steps=_NODES)},
        otherwise=_NODES,
    ),
    closed(
        repeat={"type": "string", "enum": ["foreach", "until", "count"]},
        over_or_until=_TEXT,
        times={"type": "integer"},
        steps=_NODES,
    ),
]

# Constant, so that the vendor compiles it once.
PLAN_SCHEMA: dict[str, Any] = {
    **closed(
        name={"type": "string", "description": "What the workflow is called, in a few words."},
        description={"type": "string", "description": "What it does, in one sentence."},
        steps=_NODES,
        unplaced=_TEXTS,
    ),
    "$defs": {"node": {"anyOf": _NODE_KINDS}},
}

ARGUMENTS_SCHEMA: dict[str, Any] = closed(
    arguments={
        "type": "array",
        "items": closed(
            name=_TEXT,
            value_json={"type": "string", "description": "The value, as JSON text."},
        ),
    }
)

CONDITIONS_SCHEMA: dict[str, Any] = closed(
    conditions={
        "type": "array",
        "items": {"type": "string", "description": "A CEL expression that is true or false."},
    }
)

AGENT_SCHEMA: dict[str, Any] = closed(role=_TEXT, goal=_TEXT, instructions=_TEXT)

# Everything that a model may be asked to answer with when a workflow is designed, by name.
SCHEMAS: dict[str, dict[str, Any]] = {
    "workflow_plan": PLAN_SCHEMA,
    "tool_arguments": ARGUMENTS_SCHEMA,
    "conditions": CONDITIONS_SCHEMA,
    "agent_profile": AGENT_SCHEMA,
}
