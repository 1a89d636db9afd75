"""The catalogue that a definition is checked against, read in one query that is put together once, and only if needed."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any, TypeVar

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
Entry = TypeVar("Entry")


def usable_by(caller: Caller) -> Usable:
    """The rows of agents, servers and tools that the caller may use."""
    if not isinstance(caller, User) or not caller.is_active:
        return {"agents": [], "servers": [], "tools": []}
    statement = _of_a_caller(caller.is_staff)
    return statement.lists() if caller.is_staff else statement.lists(caller=caller.pk)


def usable_by_all() -> Usable:
    """Those of nobody, which everyone may use."""
    return _of_nobody().lists()


def catalogue_of(
    workflows: Callable[[], QuerySet[Workflow]], usable: Callable[[], Usable]
) -> Catalogue:
    """The catalogue of these rows and the native tools.

    The rows are asked for once something is looked up that is no native tool, all at once; `workflows` when steps name
    some.
    """
    asked = cache(usable)
    return Catalogue(
        agents=AskedFor(lambda: {row["id"]: _agent_entry(row) for row in asked()["agents"]}),
        tools=AskedFor(
            lambda: {tool.id: tool for tool in map(_tool_entry, asked()["tools"])},
            known=_native_tools(),
        ),
        servers=AskedFor(lambda: {row["id"]: ServerEntry(**row) for row in asked()["servers"]}),
        find_workflows=finder(workflows),
    )


class AskedFor(Mapping[str, Entry]):
    """Entries by id: those that are `known`, and others that are asked for when one of them may be meant."""

    def __init__(
        self, others: Callable[[], Mapping[str, Entry]], known: Mapping[str, Entry] | None = None
    ) -> None:
        self._others = others
        self._known = known or {}

    @cached_property
    def _all(self) -> dict[str, Entry]:
        return {**self._known, **self._others()}

    def __getitem__(self, key: str) -> Entry:
        """The entry; raises `KeyError`."""
        found = self._known.get(key)
        if found is not None:
            return found
        if not key:
            # Nothing has been chosen yet.
            raise KeyError(key)
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        """All ids."""
        return iter(self._all)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)


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
def _native_tools() -> Mapping[str, ToolEntry]:
    entries = [
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
    ]
    return {entry.id: entry for entry in entries}


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
