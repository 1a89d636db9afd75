"""A catalogue and realistic definitions that several tests share."""

import copy
import json
from pathlib import Path
from typing import Any

from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry

EXAMPLES = Path(__file__).parent / "examples"

_OBJECT = {"type": "object", "additionalProperties": False}
_TOOLS = (
    ToolEntry(
        "native:render_text",
        input_schema=_OBJECT
        | {
            "properties": {"template": {"type": "string"}, "values": {"type": "object"}},
            "required": ["template"],
        },
        output_schema=_OBJECT | {"properties": {"text": {"type": "string"}}},
    ),
    ToolEntry(
        "native:text_stats",
        input_schema=_OBJECT
        | {
            "properties": {
                "text": {"type": "string"},
                "top": {"type": "integer", "default": 5},
                "mode": {"enum": ["words", "letters"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "exact": {"type": "boolean"},
            },
            "required": ["text"],
        },
        output_schema=_OBJECT
        | {"properties": {"words": {"type": "integer"}, "letters": {"type": "integer"}}},
    ),
    ToolEntry(
        "native:http_request",
        input_schema={
            "type": "object",
            "properties": {"url": {"type": "string"}},
            "required": ["url"],
        },
    ),
    ToolEntry("git:git_log", server_id="git", input_schema={"type": "object"}),
    ToolEntry("git:git_reset", server_id="git", destructive=True),
    ToolEntry("git:gone", server_id="git", is_available=False),
    ToolEntry("off:tool", server_id="off"),
    ToolEntry("away:tool", server_id="away"),
)
_SCORE = {
    "type": "object",
    "properties": {"score": {"type": "number"}, "why": {"type": "string"}},
    "additionalProperties": False,
}

CATALOGUE = Catalogue(
    agents={
        "writer": AgentEntry("writer", tools=("native:text_stats",)),
        "classifier": AgentEntry("classifier"),
        "judge": AgentEntry("judge", output_schema=_SCORE),
        "retired": AgentEntry("retired", is_active=False),
    },
    tools={tool.id: tool for tool in _TOOLS},
    servers={
        "git": ServerEntry("git", status="connected"),
        "off": ServerEntry("off", status="disabled"),
        "away": ServerEntry("away", status="unreachable"),
    },
)


def example(name: str) -> dict[str, Any]:
    """One of the example files."""
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return loaded


def example_names() -> list[str]:
    """The names of all example files."""
    return sorted(path.stem for path in EXAMPLES.glob("*.json"))


def workflow(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A definition as it would be sent, of the given steps."""
    return copy.deepcopy({"id": "w", "name": "W", "steps": list(steps)} | fields)


def agent(name: str, **fields: Any) -> dict[str, Any]:
    """An agent step as it would be sent."""
    return {"id": name, "type": "agent", "agent_id": "writer"} | fields


def tool(name: str, **fields: Any) -> dict[str, Any]:
    """A tool step as it would be sent."""
    filled = {"id": name, "type": "tool", "tool": "native:text_stats", "arguments": {"text": "x"}}
    return filled | fields


def choice(name: str, branches: dict[str, str], **fields: Any) -> dict[str, Any]:
    """A conditional by text as it would be sent."""
    filled = {"id": name, "type": "conditional", "condition_source": "${user_input}"}
    return filled | {"conditional_branches": branches} | fields
