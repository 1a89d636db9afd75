"""The one door to every tool, native or of an MCP server: rights, schema and the strict gate at each call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from pydantic import JsonValue


@dataclass(frozen=True)
class ToolOutcome:
    """What a tool answered: JSON that passed the strict gate, and the hash of the definition it was called under."""

    output: JsonValue
    schema_hash: str
    duration_ms: int


@dataclass(frozen=True)
class UsableTool:
    """A tool as a model or a caller needs to know it; `id` is 'server-id:tool' or 'native:tool'."""

    id: str
    name: str
    description: str
    input_schema: Mapping[str, JsonValue]
    output_schema: Mapping[str, JsonValue] | None
    read_only: bool
    destructive: bool
    idempotent: bool
    schema_hash: str
    server_id: str | None = None


async def describe_tools(ids: Iterable[str], caller: User | None) -> list[UsableTool]:
    """Those of `ids` that the caller may use now, in the order given; the others are left out."""
    return []


async def call_tool(
    tool_id: str,
    arguments: Mapping[str, JsonValue],
    *,
    caller: User | None,
    timeout_seconds: float,
    idempotency_key: str,
) -> ToolOutcome:
    """Call a tool on behalf of `caller`, within `timeout_seconds` in all; raises `ToolCallFailed`."""
    return ToolOutcome(output=None, schema_hash="", duration_ms=0)
