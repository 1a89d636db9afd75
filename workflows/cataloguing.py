"""The catalogue that a definition is checked against, read in one query that is put together once."""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import chain
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from common.ownership import Caller
from common.statements import ListsStatement, in_the_place_of
from discovery import selectors as discovery
from discovery.fingerprints import native_hashes
from discovery.models import Agent, McpServer, McpTool
from discovery.native_tools import NATIVE_TOOLS
from workflows.called import finder
from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry
from workflows.models import Workflow

AGENT = ("id", "name", "description", "is_active", "tools", "output_schema", "fingerprint")
SERVER = ("id", "name", "description", "status")
TOOL = (
    *("server_id", "name", "description", "input_schema", "output_schema", "read_only"),
    *("destructive", "idempotent", "is_available", "schema_hash", "server__status"),
)
# What of a tool is in its entry as it is in its row.
TOOL_ENTRY = TOOL[:-3]

Usable = Mapping[str, list[dict[str, Any]]]


def usable_by(caller: Caller) -> Usable:
    """The rows of agents, servers and tools that the caller may use."""
    if not isinstance(caller, User) or not caller.is_active:
        return {"agents": [], "servers": [], "tools": []}
    statement = _of_a_caller(caller.is_staff)
    return statement.lists() if caller.is_staff else statement.lists(caller=caller.pk)


def usable_by_all() -> Usable:
    """Those of nobody, which everyone may use."""
    return _of_nobody().lists()


def catalogue_of(workflows: Callable[[], QuerySet[Workflow]], usable: Usable) -> Catalogue:
    """The catalogue of these rows and the native tools; `workflows` are looked up when steps name some."""
    mcp_tools = map(_tool_entry, usable["tools"])
    return Catalogue(
        agents={row["id"]: _agent_entry(row) for row in usable["agents"]},
        tools={tool.id: tool for tool in chain(_native_tools(), mcp_tools)},
        servers={row["id"]: ServerEntry(**row) for row in usable["servers"]},
        find_workflows=finder(workflows),
    )


@cache
def _of_a_caller(is_staff: bool) -> ListsStatement:
    someone = in_the_place_of(User(is_staff=is_staff))
    lists = _lists(
        discovery.agents_for(someone),
        discovery.mcp_servers_for(someone),
        discovery.mcp_tools_for(someone),
    )
    # Of staff's queries nothing depends on who asks.
    return ListsStatement(lists) if is_staff else ListsStatement(lists, caller=someone.pk)


@cache
def _of_nobody() -> ListsStatement:
    return ListsStatement(
        _lists(
            Agent.objects.filter(created_by=None),
            McpServer.objects.filter(created_by=None),
            McpTool.objects.filter(server__created_by=None),
        )
    )


def _lists(
    agents: QuerySet[Agent], servers: QuerySet[McpServer], tools: QuerySet[McpTool]
) -> Mapping[str, QuerySet[Any, dict[str, Any]]]:
    return {
        "agents": agents.values(*AGENT),
        "servers": servers.values(*SERVER),
        "tools": tools.values(*TOOL),
    }


@cache
def _native_tools() -> tuple[ToolEntry, ...]:
    return tuple(
        ToolEntry(
            id=f"native:{name}",
            name=name,
            description=native.description,
            input_schema=native.input_schema,
            output_schema=native.output_schema,
            read_only=native.read_only,
            destructive=native.destructive,
            idempotent=native.idempotent,
            schema_hash=native_hashes()[native.id],
        )
        for name, native in NATIVE_TOOLS.items()
    )


def _tool_entry(row: Mapping[str, Any]) -> ToolEntry:
    is_enabled = row["server__status"] != McpServer.Status.DISABLED
    return ToolEntry(
        id=f"{row['server_id']}:{row['name']}",
        is_available=row["is_available"] and is_enabled,
        schema_hash=row["schema_hash"],
        **{name: row[name] for name in TOOL_ENTRY},
    )


def _agent_entry(row: Mapping[str, Any]) -> AgentEntry:
    return AgentEntry(**{**row, "tools": tuple(row["tools"])})
