"""Adding to the trail; services call it inside the transaction of the change that it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from audit.changes import CHANGED, Changes
from audit.models import AuditEntry
from audit.origin import current_origin
from common.json_rows import new_rows, write

Action = AuditEntry.Action
ActorKind = AuditEntry.ActorKind
ObjectKind = AuditEntry.ObjectKind

# Of an entry's changes, and of its details.
MAX_BYTES = 8_000


@dataclass(frozen=True)
class Subject:
    """What something was done to: its kind, key and name."""

    kind: ObjectKind
    id: str
    name: str = ""


def record(
    action: Action,
    subject: Subject,
    *,
    by: User | None,
    changes: Changes | None = None,
    summary: str = "",
    details: Mapping[str, Any] | None = None,
    via: str | None = None,
) -> None:
    """Add an entry; `by` nobody is the installation itself. Raises `RuntimeError` outside of a transaction."""
    kind = ActorKind.SYSTEM if by is None else ActorKind.USER
    _add(action, subject, kind, by, changes or {}, summary, details or {}, via)


def record_of_nobody(action: Action, subject: Subject) -> None:
    """Add an entry on what somebody did without being logged in."""
    _add(action, subject, ActorKind.NOBODY, None, {}, "", {}, None)


def _add(
    action: Action,
    subject: Subject,
    actor_kind: ActorKind,
    by: User | None,
    changes: Changes,
    summary: str,
    details: Mapping[str, Any],
    via: str | None,
) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{action} of {subject.kind} {subject.id} is recorded outside of it")
    origin = current_origin()
    entry = {
        "created_at": timezone.now(),
        "action": action,
        "actor_kind": actor_kind,
        "actor_id": by.pk if by else None,
        "actor_name": by.get_username() if by else "",
        "channel": origin.channel,
        "via": _text(origin.via if via is None else via, 64),
        "request_id": _text(origin.request_id, 64),
        "client_address": origin.client_address,
        "object_kind": subject.kind,
        "object_id": _text(subject.id, 100),
        "object_name": _text(subject.name, 200),
        "summary": _text(summary, 500),
        "changes": _bounded_changes(changes),
        "details": dict(details) if _size(details) <= MAX_BYTES else {},
    }
    write(new_rows(AuditEntry, [entry]))


def _bounded_changes(changes: Changes) -> Changes:
    """With too many values only the fields' names are kept."""
    if _size(changes) <= MAX_BYTES:
        return changes
    return {name: dict(CHANGED) for name in list(changes)[:100]}


def _size(value: Any) -> int:
    return len(orjson.dumps(value))


def _text(value: object, characters: int) -> str:
    """What PostgreSQL and a terminal take: no control characters, not too long."""
    return "".join(c for c in str(value)[:characters] if c.isprintable())
