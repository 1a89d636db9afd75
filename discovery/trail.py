"""What the audit trail keeps of agents and MCP servers: never a header's value, nor what may open an address."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from audit.changes import CHANGED, Changes, compared, named
from audit.recording import Action, ObjectKind, Subject, record
from discovery.models import Agent, McpServer
from discovery.shown_addresses import shown_origin

SECRET = frozenset({"headers"})
# Long, or somebody's text; the row itself shows what it is now.
HIDDEN = SECRET | {"url", "instructions", "output_schema"}
_AGENT_FIELDS = (
    *(
        "name",
        "description",
        "agent_type",
        "model",
        "role",
        "goal",
        "instructions",
        "output_schema",
    ),
    *("temperature", "max_turns", "is_active", "version"),
)

State = Mapping[str, Any]


def subject_of(row: Agent | McpServer) -> Subject:
    """The row as what something is done to."""
    kind = ObjectKind.AGENT if isinstance(row, Agent) else ObjectKind.MCP_SERVER
    return Subject(kind, row.pk, row.name)


def state_of(row: Agent | McpServer) -> State:
    """What is compared of a row, before and after a change; it holds secrets and is not for keeping."""
    if isinstance(row, Agent):
        return {
            **{name: getattr(row, name) for name in _AGENT_FIELDS},
            "tools": list(row.tools),
            "created_by": row.created_by_id,
        }
    return {
        "name": row.name,
        "description": row.description,
        "url": row.url,
        "headers": _headers(row),
        "is_active": row.is_active,
        "created_by": row.created_by_id,
    }


def changes_between(before: State, after: State) -> Changes:
    """The fields that differ; of an address only where it leads to, since its path may be what opens a server."""
    changes = compared(before, after, hidden=HIDDEN)
    if "url" in changes:
        hosts = shown_origin(before.get("url", "")), shown_origin(after["url"])
        is_moved = hosts[0] != hosts[1]
        changes["url"] = {"before": hosts[0], "after": hosts[1]} if is_moved else dict(CHANGED)
    return changes


def record_made(
    row: Agent | McpServer,
    *,
    by: User | None,
    shared: Changes | None = None,
    action: Action = Action.CREATED,
    details: Mapping[str, Any] | None = None,
) -> None:
    """A new row: that it has a secret is told, what it says shows the row."""
    secrets: Changes = {}
    if isinstance(row, McpServer) and _headers(row):
        secrets["headers"] = dict(CHANGED)
    record(action, subject_of(row), by=by, changes={**secrets, **(shared or {})}, details=details)


def record_changed(
    row: Agent | McpServer, before: State, *, by: User | None, shared: Changes | None = None
) -> None:
    """A changed row; nothing where it is as it was."""
    changes = {**changes_between(before, state_of(row)), **(shared or {})}
    if changes:
        record(named(changes, secret=SECRET), subject_of(row), by=by, changes=changes)


def record_deleted(row: Agent | McpServer, *, by: User | None) -> None:
    """A row that is about to go."""
    record(Action.DELETED, subject_of(row), by=by)


def _headers(row: McpServer) -> Mapping[str, str]:
    headers: Mapping[str, str] | None = row.headers  # the field has no types
    return headers or {}
