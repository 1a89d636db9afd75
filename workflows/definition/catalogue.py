"""What exists to be used, as plain values: the validator's and the planner's view of discovery."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class AgentEntry:
    """An agent that the caller may use."""

    id: str
    name: str = ""
    description: str = ""
    is_active: bool = True
    tools: tuple[str, ...] = ()
    output_schema: Mapping[str, Any] | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class ToolEntry:
    """A tool that the caller may use; `id` is 'server-id:tool' or 'native:tool', `server_id` null for native tools.

    `schema_hash` and an agent's `fingerprint` are equal for what works alike; empty where that is not known.
    """

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
    schema_hash: str = ""


@dataclass(frozen=True)
class ServerEntry:
    """An MCP server that the caller may use; `status` as in the API."""

    id: str
    name: str = ""
    description: str = ""
    status: str = "unchecked"


@dataclass(frozen=True)
class WorkflowEntry:
    """A workflow that the caller may run as a step; `version` is its newest.

    `can_execute` is about the newest version as it was last saved; `calls_back` says that it leads, directly or through
    others, to the workflow that asks.
    """

    id: str
    name: str = ""
    is_active: bool = True
    can_execute: bool = True
    version: int = 1
    published_version: int | None = None
    calls_back: bool = False


class FindWorkflows(Protocol):
    """Looks up workflows by id: of those there may be too many to list."""

    def __call__(self, ids: Collection[str], *, asked_by: str) -> Mapping[str, WorkflowEntry]:
        """Those of `ids` that exist for the caller; `asked_by` is the id of the workflow whose steps name them."""


def no_workflows(ids: Collection[str], *, asked_by: str) -> Mapping[str, WorkflowEntry]:
    """Finds none."""
    return {}


@dataclass(frozen=True)
class Catalogue:
    """Everything that one caller may use, by id; workflows only when they are asked for."""

    agents: Mapping[str, AgentEntry] = field(default_factory=dict)
    tools: Mapping[str, ToolEntry] = field(default_factory=dict)
    servers: Mapping[str, ServerEntry] = field(default_factory=dict)
    find_workflows: FindWorkflows = no_workflows
