"""Adding to the trail; services call it inside the transaction of the change that it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import orjson
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from audit.changes import CHANGED, Changes
from audit.models import AuditEntry
from audit.origin import current_origin
from common.json_rows import Write, new_row, write

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


class Told(TypedDict, total=False):
    """What else an entry says; `via` null: as the origin of the change has it."""

    changes: Changes | None
    summary: str
    details: Mapping[str, Any] | None
    via: str | None


def record(action: Action, subject: Subject, *, by: User | None, **told: Unpack[Told]) -> None:
    """Add an entry; `by` nobody is the installation itself. Raises `RuntimeError` outside of a transaction."""
    add(entry(action, subject, by=by, **told))


def record_of_nobody(action: Action, subject: Subject) -> None:
    """Add an entry on what somebody did without being logged in."""
    add(_entry(action, subject, ActorKind.NOBODY, None))


def add(one: Write | None) -> None:
    """Add an `entry`, if there is one; as `record`."""
    if one is not None and not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A change is recorded outside of its transaction.")
    write(one)


def entry(action: Action, subject: Subject, *, by: User | None, **told: Unpack[Told]) -> Write:
    """As `record`, to be made in one statement with the change that it tells of; that is a transaction of its own."""
    kind = ActorKind.SYSTEM if by is None else ActorKind.USER
    return _entry(action, subject, kind, by, **told)


def _entry(
    action: Action, subject: Subject, kind: ActorKind, by: User | None, **told: Unpack[Told]
) -> Write:
    origin, via, details = current_origin(), told.get("via"), told.get("details") or {}
    return new_row(
        AuditEntry,
        {
            "created_at": timezone.now(),
            "action": action,
            "actor_kind": kind,
            "actor_id": by.pk if by else None,
            "actor_name": by.get_username() if by else "",
            "channel": origin.channel,
            "via": _text(origin.via if via is None else via, 64),
            "request_id": _text(origin.request_id, 64),
            "client_address": origin.client_address,
            "object_kind": subject.kind,
            "object_id": _text(subject.id, 100),
            "object_name": _text(subject.name, 200),
            "summary": _text(told.get("summary", ""), 500),
            "changes": _bounded_changes(told.get("changes") or {}),
            "details": dict(details) if _size(details) <= MAX_BYTES else {},
        },
    )


def _bounded_changes(changes: Changes) -> Changes:
    """With too many values only the fields' names are kept."""
    if _size(changes) <= MAX_BYTES:
        return changes
    return {name: dict(CHANGED) for name in list(changes)[:100]}


def _size(value: Any) -> int:
    return len(orjson.dumps(value)) if value else 0


def _text(value: object, characters: int) -> str:
    """What PostgreSQL and a terminal take: no control characters, not too long."""
    text = str(value)[:characters]
    return text if text.isprintable() else "".join(c for c in text if c.isprintable())
