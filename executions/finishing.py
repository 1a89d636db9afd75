"""Writing the end of a run whose own recording can't do it any more."""

from django.db import transaction
from django.utils import timezone

from executions.engine.messages.changes import Batch, RunChange
from executions.engine.messages.outcomes import RunOutcome
from executions.models import StepRun, WorkflowExecution
from executions.recording import record

OPEN_STEPS = (StepRun.Status.PENDING, StepRun.Status.RUNNING, StepRun.Status.WAITING)


@transaction.atomic
def finish(execution_id: str, outcome: RunOutcome) -> bool:
    """End an unfinished run and its open steps; returns false, changing nothing, if it has ended already."""
    execution = WorkflowExecution.objects.select_for_update().get(pk=execution_id)
    if execution.is_finished:
        return False
    now = timezone.now()
    open_steps = StepRun.objects.filter(execution=execution, status__in=OPEN_STEPS)
    open_steps.update(status=StepRun.Status.CANCELLED, completed_at=now)
    change = RunChange(outcome.status, now, error=outcome.error)
    record(Batch(execution_id, execution.last_sequence, run=change))
    return True
