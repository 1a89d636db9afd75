"""What exists to be used, as plain values: the validator's and the planner's view of discovery."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AgentEntry:
    """An agent that the caller may use."""

    id: str
    name: str = ""
    description: str = ""
    is_active: bool = True
    tools: tuple[str, ...] = ()
    output_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ToolEntry:
    """A tool that the caller may use; `id` is 'server-id:tool' or 'native:tool', `server_id` null for native tools."""

    id: str
    name: str = ""
    description: str = ""
    server_id: str | None = None
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    output_schema: Mapping[str, Any] | None = None
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    is_available: bool = True


@dataclass(frozen=True)
class ServerEntry:
    """An MCP server that the caller may use; `status` as in the API."""

    id: str
    name: str = ""
    description: str = ""
    status: str = "unchecked"


@dataclass(frozen=True)
class Catalogue:
    """Everything that one caller may use, by id."""

    agents: Mapping[str, AgentEntry] = field(default_factory=dict)
    tools: Mapping[str, ToolEntry] = field(default_factory=dict)
    servers: Mapping[str, ServerEntry] = field(default_factory=dict)
