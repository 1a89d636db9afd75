"""Everything that changes agents and MCP servers; each function is one transaction."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.changes import regrouped
from audit.recording import Action
from common.errors import Conflict, Forbidden, Invalid
from common.ownership import require_change
from common.sharing import share
from discovery import tasks
from discovery.agent_rules import check_output_schema, check_tools
from discovery.identifiers import id_from_name, id_taken
from discovery.models import Agent, McpServer, ResourceChange
from discovery.outbound.headers import check_headers, require_same_origin
from discovery.outbound.network import check_url
from discovery.past_tools import keep_definitions
from discovery.reserved import RESERVED_SERVER_IDS
from discovery.signals import tell_of_change
from discovery.trail import record_changed, record_deleted, record_made, state_of
from discovery.unused import require_unused

logger = logging.getLogger(__name__)

Status = McpServer.Status

# A request that no worker took in this time is made again.
REFRESH_WAITS_AT_MOST = timedelta(minutes=2)


class AgentFields(TypedDict, total=False):
    """What an agent is; an absent one keeps its value or has its default."""

    name: str
    description: str
    agent_type: str
    model: str | None
    role: str
    goal: str
    instructions: str
    tools: Sequence[str]
    output_schema: Mapping[str, Any] | None
    temperature: float | None
    max_turns: int
    is_active: bool


class ServerFields(TypedDict, total=False):
    """What an HTTP server is; an absent one keeps its value. `headers` are replaced as a whole, null removes them."""

    name: str
    description: str
    url: str
    headers: Mapping[str, str] | None


@transaction.atomic
def create_agent(
    *,
    by: User,
    id: str | None = None,
    shared_with: Iterable[str] = (),
    recorded_as: Action = Action.CREATED,
    details: Mapping[str, Any] | None = None,
    **fields: Unpack[AgentFields],
) -> Agent:
    """Store a new agent of `by`; an absent id is made from the name. `recorded_as` and `details` are for the trail.

    Raises `Conflict` (id taken), `Invalid` (unknown tool, no JSON Schema) and Django's `ValidationError`.
    """
    agent = Agent(pk=id or id_from_name(Agent, fields.get("name", "")), created_by=by)
    _put(agent, fields)
    _check_agent(agent, by=by)
    _insert(agent)
    shared = regrouped(share(agent, shared_with, by=by))
    record_made(agent, by=by, shared=shared, action=recorded_as, details=details)
    # Its id may be that of one that was deleted, which somebody published.
    tell_of_change(ResourceChange.Kind.AGENT, [agent.pk])
    logger.info("agent %s created by %s", agent.pk, by.pk)
    return agent


@transaction.atomic
def save_agent(
    agent: Agent,
    *,
    by: User,
    shared_with: Iterable[str] | None = None,
    **fields: Unpack[AgentFields],
) -> Agent:
    """Change an agent; every change of its fields makes the next version. Raises as `create_agent`, and `Forbidden`."""
    row = Agent.objects.select_for_update().get(pk=agent.pk)
    require_change(row, by)
    before = state_of(row)
    if _put(row, fields):
        _check_agent(row, by=by, already=before["tools"])
        row.version += 1
        row.save()
        tell_of_change(ResourceChange.Kind.AGENT, [row.pk])
        logger.info("agent %s changed by %s: version %s", row.pk, by.pk, row.version)
    shared = None if shared_with is None else share(row, shared_with, by=by)
    record_changed(row, before, by=by, shared=regrouped(shared))
    return row


@transaction.atomic
def delete_agent(agent: Agent, *, by: User) -> None:
    """Delete an agent that no workflow uses; raises `Conflict` with those that do, and `Forbidden`."""
    row = Agent.objects.select_for_update().get(pk=agent.pk)
    require_change(row, by)
    require_unused(row, by=by)
    record_deleted(row, by=by)
    tell_of_change(ResourceChange.Kind.AGENT, [row.pk])
    row.delete()
    logger.info("agent %s deleted by %s", agent.pk, by.pk)


@transaction.atomic
def create_mcp_server(
    *,
    by: User,
    id: str | None = None,
    is_active: bool = True,
    shared_with: Iterable[str] = (),
    **fields: Unpack[ServerFields],
) -> McpServer:
    """Register an HTTP server of `by` and ask for its first refresh; an absent id is made from the name.

    Raises `Conflict` (id taken), `Invalid` (reserved id, refused address or header) and Django's `ValidationError`.
    """
    if id in RESERVED_SERVER_IDS:
        raise Invalid(f"{id!r} is reserved; take another id.", code="reserved_id", pointer="/id")
    server = McpServer(
        pk=id or id_from_name(McpServer, fields.get("name", "")),
        transport=McpServer.Transport.STREAMABLE_HTTP,
        status=Status.UNCHECKED if is_active else Status.DISABLED,
        created_by=by,
    )
    _put(server, fields)
    _check_server(server)
    _insert(server)
    record_made(server, by=by, shared=regrouped(share(server, shared_with, by=by)))
    if is_active:
        request_refresh(server)
    logger.info("mcp server %s registered by %s", server.pk, by.pk)
    return server


@transaction.atomic
def save_mcp_server(
    server: McpServer,
    *,
    by: User,
    is_active: bool | None = None,
    shared_with: Iterable[str] | None = None,
    **fields: Unpack[ServerFields],
) -> McpServer:
    """Change an HTTP server; one whose address or headers changed is asked again.

    `is_active` false disables it: its tools can't be called. Raises as `create_mcp_server`, and `Forbidden`, also for
    the operator's stdio servers.
    """
    row = _locked_http_server(server, by=by)
    before, address = state_of(row), (row.url, row.headers)
    if "url" in fields and "headers" not in fields:
        check_url(fields["url"])
        require_same_origin(row.headers, before=row.url, after=fields["url"])
    changed = _put(row, fields)
    if is_active is not None and is_active != row.is_active:
        row.status, row.error = (Status.UNCHECKED if is_active else Status.DISABLED), ""
        tell_of_change(ResourceChange.Kind.SERVER, [row.pk])
        changed = True
    if changed:
        _check_server(row)
        if address != (row.url, row.headers) and row.status != Status.DISABLED:
            row.status, row.error = Status.UNCHECKED, ""
        row.save()
        logger.info("mcp server %s changed by %s", row.pk, by.pk)
    if row.status == Status.UNCHECKED:
        request_refresh(row)
    shared = None if shared_with is None else share(row, shared_with, by=by)
    record_changed(row, before, by=by, shared=regrouped(shared))
    return row


@transaction.atomic
def delete_mcp_server(server: McpServer, *, by: User) -> None:
    """Delete a server whose tools no workflow uses; raises `Conflict` with those that do, and `Forbidden`.

    The row of a stdio server goes only once the operator took it out of the file.
    """
    row = McpServer.objects.select_for_update().get(pk=server.pk)
    require_change(row, by)
    if row.transport == McpServer.Transport.STDIO and row.status != Status.DISABLED:
        raise _operators_own()
    require_unused(row, by=by)
    record_deleted(row, by=by)
    tell_of_change(ResourceChange.Kind.SERVER, [row.pk])
    keep_definitions(row.tools.all())
    row.delete()
    logger.info("mcp server %s deleted by %s", server.pk, by.pk)


@transaction.atomic
def request_refresh(server: McpServer) -> McpServer:
    """Ask a Celery worker to ask the server what it offers; one request at a time. Raises `Conflict` if disabled.

    Whoever may use a server may have it asked: the answer is the same for everyone.
    """
    now = timezone.now()
    row = McpServer.objects.select_for_update().get(pk=server.pk)
    if row.status == Status.DISABLED:
        raise Conflict("The server is disabled; activate it first.", code="disabled")
    waits_since = row.refresh_requested_at
    if waits_since is None or waits_since < now - REFRESH_WAITS_AT_MOST:
        McpServer.objects.filter(pk=row.pk).update(refresh_requested_at=now)
        # Robust: without a broker the request stays in the row, and asking again later enqueues it.
        transaction.on_commit(lambda: tasks.refresh_server.delay(row.pk), robust=True)
    return row


def _put(row: Agent | McpServer, fields: Mapping[str, Any]) -> bool:
    """Set the fields; whether one of them changed."""
    changed = False
    for name, value in fields.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed


def _check_agent(agent: Agent, *, by: User, already: Iterable[str] = ()) -> None:
    agent.clean_fields(exclude=["created_by", "tools", "output_schema"])
    check_tools(list(agent.tools), by=by, already=already)
    check_output_schema(agent.output_schema)


def _check_server(server: McpServer) -> None:
    server.clean_fields(exclude=["created_by", "headers", "url"])
    headers: Mapping[str, str] | None = server.headers
    check_headers(headers or {})
    check_url(server.url)


def _insert(row: Agent | McpServer) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if type(row)._default_manager.filter(pk=row.pk).exists():
            raise id_taken(row.pk) from error
        raise


def _locked_http_server(server: McpServer, *, by: User) -> McpServer:
    row = McpServer.objects.select_for_update().get(pk=server.pk)
    require_change(row, by)
    if row.transport == McpServer.Transport.STDIO:
        raise _operators_own()
    return row


def _operators_own() -> Forbidden:
    return Forbidden(
        "This server stands in the operator's file; it is changed there and nowhere else.",
        code="operators_own",
    )
