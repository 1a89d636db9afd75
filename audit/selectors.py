"""Who may read which entries."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from audit.models import AuditEntry
from common.ownership import Caller

ObjectKind = AuditEntry.ObjectKind


def entries_for(caller: Caller) -> QuerySet[AuditEntry]:
    """What the caller did, and what was done to their account; staff see all."""
    rows = AuditEntry.objects.all()
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    if caller.is_staff:
        return rows
    own_account = Q(object_kind=ObjectKind.USER, object_id=str(caller.pk))
    return rows.filter(Q(actor=caller) | own_account)


def history_of(kind: ObjectKind, key: str, *, since: datetime) -> QuerySet[AuditEntry]:
    """All that was done to an object, for those who may change it.

    `since` is when it was made: a deleted one with the same id has been somebody else's, and so has its history.
    """
    return AuditEntry.objects.filter(object_kind=kind, object_id=key, created_at__gte=since)
