"""The events of a run, as `common.live` follows them."""

from functools import partial

from common.live.source import Source, State
from executions.channels import channel_of
from executions.models import ExecutionEvent, WorkflowExecution


def source_of(execution_id: str) -> Source:
    """What can be followed of a run."""
    return Source(
        channel=channel_of(execution_id),
        state=partial(_state, execution_id),
        events=partial(_events_after, execution_id),
    )


def state_of(execution: WorkflowExecution) -> State:
    """How far the run is, by its row."""
    return State(execution.status, execution.last_event_number, execution.is_finished)


def _state(execution_id: str) -> State:
    rows = WorkflowExecution.objects.filter(pk=execution_id)
    status, last = rows.values_list("status", "last_event_number").get()
    return State(status, last, status in WorkflowExecution.FINAL)


def _events_after(execution_id: str, number: int, limit: int) -> list[ExecutionEvent]:
    rows = ExecutionEvent.objects.filter(execution_id=execution_id, number__gt=number)
    return list(rows.order_by("number")[:limit])
