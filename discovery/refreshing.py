"""Asks MCP servers what they offer and stores the answer; keeps the stdio rows equal to the operator's file."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from discovery.mcp.config import McpConfig, StdioServer, read_config
from discovery.mcp.failures import ServerUnreachable
from discovery.mcp.listing import ListedTool, Listing
from discovery.mcp.targets import Target, target_of
from discovery.models import McpServer, McpTool, ResourceChange
from discovery.past_tools import keep_definitions
from discovery.signals import tell_of_change
from discovery.trail import record_changed, record_made, state_of

logger = logging.getLogger(__name__)

Status = McpServer.Status

REMOVED = "It no longer stands in the operator's file."
SWITCHED_OFF = "It is switched off in the operator's file."
# How many servers are asked at a time; each stdio server is a process of its own.
AT_A_TIME = 8
_TOOL_FIELDS = (
    "description",
    "input_schema",
    "output_schema",
    "read_only",
    "destructive",
    "idempotent",
    "schema_hash",
    "is_available",
    "last_seen_at",
)


@dataclass(frozen=True)
class Finding:
    """What asking one server showed: its tools, or the reason why there is no answer."""

    server: McpServer
    asked_at: datetime
    target: Target | None = None
    listing: Listing | None = None
    error: str = ""

    @property
    def tools(self) -> Mapping[str, ListedTool]:
        """The tools that may be used, by name."""
        if self.listing is None or self.target is None:
            return {}
        allows = self.target.allows
        return {name: tool for name, tool in self.listing.tools.items() if allows(name)}


@dataclass(frozen=True)
class Refreshed:
    """What a refresh stored."""

    server_id: str
    status: str
    error: str = ""
    tools: list[str] = field(default_factory=list)


def refresh_servers(server_ids: Iterable[str]) -> list[Refreshed]:
    """Ask these servers, several at once, and store what they said; disabled and unknown ones are left alone.

    What goes wrong with one server is stored with it and raises nothing.
    """
    rows = McpServer.objects.filter(pk__in=set(server_ids)).exclude(status=Status.DISABLED)
    findings = async_to_sync(_ask_all)([(row, *_target(row)) for row in rows])
    return [_store(finding) for finding in findings]


@transaction.atomic
def sync_stdio_servers() -> Mapping[str, str]:
    """Make the stdio rows those of the operator's file; the unusable entries with the reason, by id.

    A row whose entry disappeared is disabled, not deleted: workflows may use it. Raises `BrokenConfig` for a file that
    can't be read, and changes nothing then.
    """
    config = read_config(settings.MCP_CONFIG)
    rows = {row.pk: row for row in McpServer.objects.select_for_update().order_by("pk")}
    problems = dict(config.problems)
    for entry in config.servers.values():
        row = rows.get(entry.id)
        if row is not None and row.transport != McpServer.Transport.STDIO:
            problems[entry.id] = (
                f"{settings.MCP_CONFIG.name}: an HTTP server has the id {entry.id!r}; rename this entry."
            )
        else:
            _put_entry(row, entry)
    for row in rows.values():
        if row.transport == McpServer.Transport.STDIO:
            _put_absence(row, config)
    return problems


def _put_entry(row: McpServer | None, entry: StdioServer) -> None:
    row = row or McpServer(pk=entry.id, transport=McpServer.Transport.STDIO)
    before, state = (row.name, row.description, row.status, row.error), state_of(row)
    is_new = row._state.adding
    row.name, row.description = entry.name, entry.description
    if entry.is_disabled:
        row.status, row.error = Status.DISABLED, SWITCHED_OFF
    elif row.status == Status.DISABLED:
        row.status, row.error = Status.UNCHECKED, ""
    if is_new or before != (row.name, row.description, row.status, row.error):
        row.save()
        tell_of_change(ResourceChange.Kind.SERVER, [row.pk])
    if is_new:
        record_made(row, by=None)
    else:
        record_changed(row, state, by=None)


def _put_absence(row: McpServer, config: McpConfig) -> None:
    before = state_of(row)
    if row.pk in config.problems:
        row.status, row.error = Status.UNREACHABLE, config.problems[row.pk][:1000]
    elif row.pk not in config.servers and row.status != Status.DISABLED:
        row.status, row.error = Status.DISABLED, REMOVED
    else:
        return
    row.save()
    tell_of_change(ResourceChange.Kind.SERVER, [row.pk])
    record_changed(row, before, by=None)


def _target(row: McpServer) -> tuple[Target | None, str]:
    try:
        return target_of(row), ""
    except ServerUnreachable as error:
        return None, error.reason


async def _ask_all(asked: list[tuple[McpServer, Target | None, str]]) -> list[Finding]:
    slots = asyncio.Semaphore(AT_A_TIME)

    async def ask(server: McpServer, target: Target | None, error: str) -> Finding:
        async with slots:
            return await _ask(server, target, error)

    return await asyncio.gather(*(ask(*one) for one in asked))


async def _ask(server: McpServer, target: Target | None, error: str) -> Finding:
    asked_at = timezone.now()
    if target is None:
        return Finding(server, asked_at, error=error)
    # As in `calling`.
    from discovery.mcp import client as mcp_client  # noqa: PLC0415

    try:
        listing = await mcp_client.list_tools(target.address)
    except ServerUnreachable as failure:
        return Finding(server, asked_at, target, error=failure.reason)
    return Finding(server, asked_at, target, listing)


@transaction.atomic
def _store(finding: Finding) -> Refreshed:
    """Store under the server's lock, so that of two refreshes at once the one that asked last stays."""
    row = McpServer.objects.select_for_update().filter(pk=finding.server.pk).first()
    if row is None or _is_outdated(finding, row):
        logger.info("mcp server %s changed while it was asked; answer dropped", finding.server.pk)
        return _stored(row or finding.server)
    row.last_checked_at = finding.asked_at
    if finding.listing is None:
        row.status, row.error = Status.UNREACHABLE, finding.error[:1000]
    else:
        row.status, row.error = Status.CONNECTED, " ".join(finding.listing.refused)[:1000]
        _note_changes(row, finding)
        _store_tools(row, finding)
    row.save(update_fields=["last_checked_at", "status", "error"])
    logger.info("mcp server %s: %s, %s tools", row.pk, row.status, len(finding.tools))
    return _stored(row)


def _is_outdated(finding: Finding, row: McpServer) -> bool:
    """Whether someone disabled or changed the server, or asked it later, while this answer was under way."""
    if row.status == Status.DISABLED:
        return True
    if row.last_checked_at is not None and row.last_checked_at > finding.asked_at:
        return True
    return (row.url, row.headers) != (finding.server.url, finding.server.headers)


def _note_changes(server: McpServer, finding: Finding) -> None:
    """Say which known tools are others now, or gone; a new one may be one that somebody used before it was gone.

    What a tool was is kept where another takes its place, also if it was gone for a while.
    """
    rows = list(server.tools.values_list("name", "schema_hash", "is_available"))
    known = {name: before for name, before, is_available in rows if is_available}
    offered = {name: tool.schema_hash for name, tool in finding.tools.items()}
    changed = sorted(name for name, before in known.items() if offered.get(name) != before)
    if changed:
        logger.warning("mcp server %s: tools changed or gone: %s", server.pk, ", ".join(changed))
    if offered != known:
        tell_of_change(ResourceChange.Kind.SERVER, [server.pk])
    replaced = [name for name, before, _ in rows if offered.get(name, before) != before]
    if replaced:
        keep_definitions(server.tools.filter(name__in=replaced))


def _store_tools(server: McpServer, finding: Finding) -> None:
    rows = [
        McpTool(
            server=server,
            name=tool.name,
            description=tool.description,
            input_schema=tool.input_schema,
            output_schema=tool.output_schema,
            read_only=tool.read_only,
            destructive=tool.destructive,
            idempotent=tool.idempotent,
            schema_hash=tool.schema_hash,
            is_available=True,
            last_seen_at=finding.asked_at,
        )
        for tool in finding.tools.values()
    ]
    McpTool.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["server", "name"],
        update_fields=_TOOL_FIELDS,
    )
    gone = server.tools.filter(is_available=True).exclude(name__in=finding.tools)
    gone.update(is_available=False)


def _stored(row: McpServer) -> Refreshed:
    names = row.tools.filter(is_available=True).values_list("name", flat=True)
    return Refreshed(row.pk, row.status, row.error, sorted(names))
