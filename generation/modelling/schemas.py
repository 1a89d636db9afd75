"""The shapes of a model's answers: constants within the vendor's strict subset of JSON Schema."""

from typing import Any

_TEXT = {"type": "string"}
_NODES = {"type": "array", "items": {"$ref": "#/$defs/node"}}


def closed(**properties: Any) -> dict[str, Any]:
    """An object with exactly these fields, as strict mode wants it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# Constant, so that the vendor compiles it once. The first key tells the kinds of node apart.
PLAN_SCHEMA: dict[str, Any] = {
    **closed(
        name={"type": "string", "description": "What the workflow is called, in a few words."},
        description={"type": "string", "description": "What it does, in one sentence."},
        steps=_NODES,
        unplaced={"type": "array", "items": _TEXT},
    ),
    "$defs": {
        "node": {
            "anyOf": [
                closed(agent=_TEXT, task=_TEXT),
                closed(
                    tool=_TEXT,
                    task=_TEXT,
                    arguments={"type": "array", "items": closed(name=_TEXT, value=_TEXT)},
                ),
                closed(new_agent=_TEXT, description=_TEXT, instructions=_TEXT, task=_TEXT),
                closed(new_tool=_TEXT, description=_TEXT, action=_TEXT, task=_TEXT),
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
        }
    },
}
