"""An archived workflow starts nothing any more: its schedules are paused with it."""

from typing import Any

from django.db.models import F
from django.dispatch import receiver

from executions.triggers.models import Schedule
from workflows.models import Workflow
from workflows.signals import workflow_archived


@receiver(workflow_archived)
def pause_schedules(workflow: Workflow, **_: Any) -> None:
    """Pause them in the same transaction; the next upkeep tells Temporal, and each firing looks at the row first."""
    Schedule.objects.filter(workflow=workflow, is_paused=False).update(
        is_paused=True,
        is_synced=False,
        revision=F("revision") + 1,
        note="Paused when the workflow was archived.",
    )
