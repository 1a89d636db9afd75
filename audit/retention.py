"""How long entries are kept."""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit.models import AuditEntry
from common.upkeep import Done

BATCH = 1_000
MAX_BATCHES_PER_PASS = 10
# The database's own guard lets deletions pass only in a transaction that says so (migration 0002).
PRUNING = "SELECT set_config('audit.pruning', 'on', true)"


def forget_old_entries() -> Done:
    """A chore: delete what is older than `AUDIT_DAYS` (0: nothing is), at most 10,000 rows a pass."""
    days: int = settings.AUDIT_DAYS
    if days <= 0:
        return {"forgotten": 0}
    forgotten = 0
    for _ in range(MAX_BATCHES_PER_PASS):
        deleted = _forget(days)
        forgotten += deleted
        if deleted < BATCH:
            break
    return {"forgotten": forgotten}


@transaction.atomic
def _forget(days: int) -> int:
    oldest = AuditEntry.objects.filter(created_at__lt=timezone.now() - timedelta(days=days))
    keys = list(oldest.order_by("created_at").values_list("pk", flat=True)[:BATCH])
    if not keys:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(PRUNING)
    deleted, _ = AuditEntry.objects.filter(pk__in=keys).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('audit.pruning', 'off', true)")
    return deleted
