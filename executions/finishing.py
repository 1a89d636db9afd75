"""Writing the end of a run whose own recording can't do it any more."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from executions.channels import announce
from executions.engine.messages import ErrorInfo, RunOutcome
from executions.models import ExecutionEvent, StepRun, WorkflowExecution

OPEN_STEPS = (StepRun.Status.PENDING, StepRun.Status.RUNNING, StepRun.Status.WAITING)


def finish(execution_id: str, outcome: RunOutcome) -> bool:
    """End an unfinished run and its open steps; returns false, changing nothing, if it has ended already."""
    now = timezone.now()
    error = outcome.error or ErrorInfo(kind="cancelled", message="")
    with transaction.atomic():
        ended = (
            WorkflowExecution.objects.filter(pk=execution_id)
            .exclude(status__in=WorkflowExecution.FINAL)
            .update(
                status=outcome.status,
                completed_at=now,
                error=error.message if outcome.error else "",
                error_kind=error.kind if outcome.error else "",
                failed_step=error.path,
                last_event_number=F("last_event_number") + 1,
            )
        )
        if not ended:
            return False
        StepRun.objects.filter(execution_id=execution_id, status__in=OPEN_STEPS).update(
            status=StepRun.Status.CANCELLED, completed_at=now
        )
        number = WorkflowExecution.objects.values_list("last_event_number", flat=True).get(
            pk=execution_id
        )
        ExecutionEvent.objects.create(
            execution_id=execution_id,
            number=number,
            kind="run",
            data={"status": outcome.status},
        )
        transaction.on_commit(lambda: announce(execution_id))
    return True
