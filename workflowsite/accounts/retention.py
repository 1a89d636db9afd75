"""How long log-ins that open nothing any more are kept."""

from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone
from knox.models import AuthToken

from common.upkeep import Done

MAX_PER_PASS = 10_000


def forget_expired_log_ins() -> Done:
    """A chore: delete expired API tokens and sessions, at most 10,000 of each a pass."""
    now = timezone.now()
    return {
        "tokens": _forget(AuthToken.objects.filter(expiry__lte=now)),
        "sessions": _forget(Session.objects.filter(expire_date__lte=now)),
    }


def _forget(expired: QuerySet[Any]) -> int:
    keys = list(expired.values_list("pk", flat=True)[:MAX_PER_PASS])
    # Asked again: a session that was used meanwhile has a later end.
    deleted, _ = expired.filter(pk__in=keys).delete() if keys else (0, {})
    return deleted
