"""Agents and tools as they are today, in the form in which publishing keeps them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from discovery.fingerprints import contract_hash, native_hashes
from discovery.models import Agent, McpServer, McpTool
from discovery.native_tools import NATIVE_TOOLS, NativeTool
from workflows.models import PublishedUse

Kind = PublishedUse.Kind
Key = tuple[str, str]


@dataclass(frozen=True)
class Resource:
    """An agent or tool: `content` is what it is, `is_usable` whether it can be called at all."""

    kind: str
    id: str
    fingerprint: str
    content: dict[str, Any]
    contract_hash: str = ""
    is_usable: bool = True

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return self.kind, self.id


def resources(agents: Collection[str], tools: Collection[str]) -> dict[Key, Resource]:
    """Those that exist, whoever owns them, by kind and id; in two queries."""
    found = [*_agents(agents), *_native_tools(tools), *_mcp_tools(tools)]
    return {one.key: one for one in found}


def _agents(ids: Collection[str]) -> Iterator[Resource]:
    for row in Agent.objects.filter(pk__in=ids) if ids else ():
        content = {
            "role": row.role or row.name,
            "goal": row.goal,
            "instructions": row.instructions,
            "model": row.model,
            "tools": list(row.tools),
            "output_schema": row.output_schema,
            "temperature": row.temperature,
            "max_turns": row.max_turns,
            "is_active": row.is_active,
        }
        yield Resource(Kind.AGENT, row.pk, row.fingerprint, content, is_usable=row.is_active)


def _native_tools(ids: Collection[str]) -> Iterator[Resource]:
    hashes = native_hashes()
    for tool in NATIVE_TOOLS.values():
        if tool.id in ids:
            yield Resource(
                Kind.TOOL, tool.id, hashes[tool.id], _described(tool), contract_hash(tool)
            )


def _mcp_tools(ids: Collection[str]) -> Iterator[Resource]:
    wanted = Q(pk=None)
    for tool_id in ids:
        server, _, name = tool_id.partition(":")
        wanted |= Q(server_id=server, name=name)
    rows = McpTool.objects.filter(wanted).select_related("server").defer("server__headers")
    for row in rows if ids else ():
        yield Resource(
            Kind.TOOL,
            f"{row.server_id}:{row.name}",
            row.schema_hash,
            _described(row),
            contract_hash(row),
            is_usable=row.is_available and row.server.status != McpServer.Status.DISABLED,
        )


def _described(tool: NativeTool | McpTool) -> dict[str, Any]:
    return {
        "description": tool.description,
        "input_schema": dict(tool.input_schema),
        "output_schema": None if tool.output_schema is None else dict(tool.output_schema),
        "read_only": tool.read_only,
        "destructive": tool.destructive,
        "idempotent": tool.idempotent,
    }
