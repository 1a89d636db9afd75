"""What an MCP server says about its tools, sifted: one bad entry never takes the list down."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from common import strict_json

MAX_TOOLS = 500
MAX_DESCRIPTION = 10_000
MAX_SCHEMA_BYTES = 64 * 1024

# MCP 2025-11-25, "Tool Names": these characters, 1 to 128 of them. Anything else would also end up in prompts.
_NAME = re.compile(r"\A[A-Za-z0-9_.\-/]{1,128}\Z")
_PLAIN_VALUES = frozenset({"default", "const", "enum", "examples"})
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint")


@dataclass(frozen=True)
class ListedTool:
    """A tool as its server describes it, checked."""

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    read_only: bool
    destructive: bool
    idempotent: bool

    @property
    def schema_hash(self) -> str:
        """SHA-256 of everything that a person approved: name, description, schemas and annotations."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Listing:
    """The usable tools of a server by name, and for what was left out a sentence each."""

    tools: Mapping[str, ListedTool]
    refused: list[str] = field(default_factory=list)


class MalformedTool(ValueError):
    """An entry of a server's list that can't be used; the message says why."""


def sift(entries: list[Any]) -> Listing:
    """The usable tools among the raw `tools` of a server's answers; of two with one name the first counts."""
    tools: dict[str, ListedTool] = {}
    refused: list[str] = []
    for position, entry in enumerate(entries, start=1):
        if len(tools) >= MAX_TOOLS:
            refused.append(f"Only the first {MAX_TOOLS} tools are used; the rest were left out.")
            break
        try:
            tool = read_tool(entry)
        except MalformedTool as problem:
            refused.append(f"Tool number {position} was left out: {problem}")
            continue
        if tool.name in tools:
            refused.append(f"Two tools are named {tool.name!r}; only the first is used.")
        else:
            tools[tool.name] = tool
    return Listing(tools, refused)


def read_tool(entry: Any) -> ListedTool:
    """The tool that a raw entry describes; raises `MalformedTool`.

    A server that gives no hints is taken at MCP's cautious defaults: it may destroy, and not be repeated.
    """
    if not isinstance(entry, dict):
        raise MalformedTool("it is no object.")
    try:
        strict_json.check(entry)
    except strict_json.RefusedJson as error:
        raise MalformedTool(error.detail) from error
    hints = _hints(entry.get("annotations"))
    read_only = hints.get("readOnlyHint", False)
    output_schema = entry.get("outputSchema")
    return ListedTool(
        name=_name(entry.get("name")),
        description=_description(entry.get("description")),
        input_schema=_schema(entry.get("inputSchema"), "inputSchema"),
        output_schema=None if output_schema is None else _schema(output_schema, "outputSchema"),
        read_only=read_only,
        destructive=not read_only and hints.get("destructiveHint", True),
        # Reading twice changes nothing, whatever the server forgot to say.
        idempotent=read_only or hints.get("idempotentHint", False),
    )


def acceptable(entry: Any) -> dict[str, Any] | None:
    """A raw entry reduced to what the protocol requires, or None where it can't be used.

    The SDK refuses a whole answer for one bad entry; it is given this instead.
    """
    try:
        tool = read_tool(entry)
    except MalformedTool:
        return None
    return {"name": tool.name, "inputSchema": tool.input_schema}


def _name(raw: Any) -> str:
    if not isinstance(raw, str) or not _NAME.search(raw):
        raise MalformedTool("its name is not 1 to 128 letters, digits and '_.-/'.")
    return raw


def _description(raw: Any) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise MalformedTool("its description is no text.")
    # Line breaks and tabs are text; other control characters only serve to hide something from a reader.
    return "".join(c for c in raw if c in "\n\t" or c.isprintable())[:MAX_DESCRIPTION]


def _schema(raw: Any, key: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise MalformedTool(f"its {key} is no JSON Schema.")
    # Only structured results may be of another type (MCP 2026-07-28).
    if key == "inputSchema" and raw.get("type") != "object":
        raise MalformedTool(f'its {key} is not of type "object".')
    if len(json.dumps(raw)) > MAX_SCHEMA_BYTES:
        raise MalformedTool(f"its {key} is larger than {MAX_SCHEMA_BYTES} bytes.")
    schema = without_patterns(raw)
    assert isinstance(schema, dict)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise MalformedTool(f"its {key} is no valid JSON Schema: {error.message[:200]}") from error
    return schema


def without_patterns(schema: Any) -> Any:
    """The schema without regular expressions: a hostile one would stall whoever checks arguments against it.

    The server checks them itself. A property that is *named* "pattern" holds a schema, not text, and stays.
    """
    if isinstance(schema, list):
        return [without_patterns(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = {"pattern"} if isinstance(schema.get("pattern"), str) else set()
    if "patternProperties" in schema:
        # Without the patterns, the keys that they allowed would count as additional.
        dropped |= {"patternProperties", "additionalProperties", "unevaluatedProperties"}
    return {
        key: value if key in _PLAIN_VALUES else without_patterns(value)
        for key, value in schema.items()
        if key not in dropped
    }


def _hints(raw: Any) -> dict[str, bool]:
    if not isinstance(raw, dict):
        return {}
    return {key: raw[key] for key in _HINTS if isinstance(raw.get(key), bool)}
