"""How long the events of published workflows are kept."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from common.upkeep import Done
from workflows.models import WorkflowEvent

MAX_PER_PASS = 10_000


def forget_old_events() -> Done:
    """A chore: delete what is older than `WORKFLOW_EVENT_DAYS` (0: nothing is), at most 10,000 rows a pass.

    The newest of each workflow stays: the next one takes its number from it, and who follows asks after a number.
    """
    days: int = settings.WORKFLOW_EVENT_DAYS
    if days <= 0:
        return {"forgotten": 0}
    newer = WorkflowEvent.objects.filter(
        workflow=OuterRef("workflow"), number__gt=OuterRef("number")
    )
    old = WorkflowEvent.objects.filter(created_at__lt=timezone.now() - timedelta(days=days))
    due = old.filter(Exists(newer)).order_by("created_at")
    keys = list(due.values_list("pk", flat=True)[:MAX_PER_PASS])
    deleted, _ = WorkflowEvent.objects.filter(pk__in=keys).delete() if keys else (0, {})
    return {"forgotten": deleted}
