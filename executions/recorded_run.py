"""What a batch changes in a run's own row: its status, its end, its totals. Nothing is written here."""

from collections.abc import Sequence
from typing import Any, cast

from executions.engine.messages.changes import Batch, RunChange
from executions.engine.messages.outcomes import ErrorInfo, FinalStatus, RunOutcome, Usage
from executions.hints import hint_of
from executions.models import WorkflowExecution
from executions.recorded_steps import error_json
from executions.stored_values import load_all
from workflows.definition.steps import ErrorKind

# What `ExecutionEvent` tells: `kind` and `data`.
Event = dict[str, Any]

RUN_FIELDS = (
    "status",
    "started_at",
    "last_sequence",
    "last_event_number",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "model_calls",
    "tool_calls",
)
# What is read of a run's row: the texts and documents in it are large.
READ_FIELDS = (*RUN_FIELDS, "id", "completed_at", "forked_from_id")
END_FIELDS = (
    "completed_at",
    "output_json",
    "error",
    "error_kind",
    "error_code",
    "error_hint",
    "failed_step",
)


def bring_up(
    execution: WorkflowExecution, batch: Batch, step_events: Sequence[Event], *, is_late: bool
) -> list[Event]:
    """Bring the run, as it is known, to the batch; gives the events of steps and run in their order.

    A late batch takes nothing back that is newer.
    """
    add_usage(execution, batch.usage)
    execution.last_sequence = max(execution.last_sequence, batch.sequence)
    events = list(step_events)
    if batch.run is None or (is_late and execution.started_at is not None):
        return events
    begun = _begin(execution, batch.run)
    applied = _apply(execution, batch.run)
    # A run starts before its first step; it waits, or ends, after its last.
    is_start = execution.status == WorkflowExecution.Status.RUNNING
    return begun + (applied + events if is_start else events + applied)


def add_usage(execution: WorkflowExecution, usage: Usage) -> None:
    """Totals of the whole run: a repeated batch may report less than is known, never more than was spent."""
    execution.input_tokens = max(execution.input_tokens, usage.input_tokens)
    execution.output_tokens = max(execution.output_tokens, usage.output_tokens)
    execution.model_calls = max(execution.model_calls, usage.model_calls)
    execution.tool_calls = max(execution.tool_calls, usage.tool_calls)
    if usage.cost_usd is not None:
        execution.cost_usd = max(execution.cost_usd or 0, usage.cost_usd)


def ended_as(execution: WorkflowExecution) -> RunOutcome:
    """How a run that has ended did so."""
    return RunOutcome(cast(FinalStatus, execution.status), error_of(execution))


def error_of(execution: WorkflowExecution) -> ErrorInfo | None:
    """Why the run failed; null for one that did not."""
    if not execution.error_kind:
        return None
    return ErrorInfo(
        cast(ErrorKind, execution.error_kind),
        execution.error,
        code=execution.error_code,
        hint=execution.error_hint,
        path=execution.failed_step,
    )


def changed_columns(execution: WorkflowExecution) -> dict[str, Any]:
    """What stands in the row now; of the fields that only an end has, those that were set."""
    unset = execution.get_deferred_fields()
    changed = RUN_FIELDS if execution.completed_at is None else RUN_FIELDS + END_FIELDS
    return {name: getattr(execution, name) for name in changed if name not in unset}


def _begin(execution: WorkflowExecution, change: RunChange) -> list[Event]:
    """The start of a run that was over, or waited, before there was time to tell of it."""
    if execution.started_at is not None or change.began_at is None or change.status == "RUNNING":
        return []
    execution.started_at = change.began_at
    return [{"kind": "run", "data": {"status": WorkflowExecution.Status.RUNNING}}]


def _apply(execution: WorkflowExecution, change: RunChange) -> list[Event]:
    """Bring the run's own row to the change; gives the event, unless it stood there already."""
    if execution.status == change.status:
        return []
    execution.status = change.status
    if change.status in (WorkflowExecution.Status.RUNNING, WorkflowExecution.Status.WAITING):
        execution.started_at = execution.started_at or change.at
        return [{"kind": "run", "data": {"status": change.status}}]
    execution.completed_at = change.at
    execution.output_json = load_all(execution.pk, [change.output])[0]
    data: dict[str, Any] = {"status": change.status}
    if change.error is not None:
        execution.error = change.error.message
        execution.error_kind = change.error.kind
        execution.error_code = change.error.code[:200]
        execution.error_hint = hint_of(change.error)
        execution.failed_step = change.error.path
        data["error"] = error_json(change.error)
    return [{"kind": "run", "data": data}]
