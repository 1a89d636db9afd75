"""Writes down what a run reports: rows, numbered events and totals, in one transaction per batch.

A batch may come twice, and after a crash of the worker even with other contents under the same sequence number: the
workflow then repeats what had not reached Temporal's history yet. So nothing here trusts the number. Rows are whole
and overwrite, a final state is never taken back, totals only grow, and an event is written where a row's state
changes.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone

from common.json_rows import (
    FIRST,
    Write,
    changed_row,
    if_first,
    locked_row,
    new_rows,
    only_where,
    whole_rows,
    write,
    write_and_read,
)
from executions.channels import announce
from executions.engine.messages.changes import Batch, RunChange
from executions.engine.messages.outcomes import Usage
from executions.heads import Head, heads
from executions.hints import hint_of
from executions.models import ExecutionEvent, ModelCall, StepRun, WorkflowExecution
from executions.recorded_steps import FINAL_STEPS, Known, error_json, step_events, step_rows
from executions.stored_values import load_all

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
# The number is taken under the row's lock and leaves no gap. Nothing is told after a run's end.
NUMBERED = """numbered AS (
    UPDATE executions_workflowexecution SET last_event_number = last_event_number + 1
    WHERE id = %s AND completed_at IS NULL
    RETURNING id, last_event_number
)"""
NUMBERED_IF_FIRST = NUMBERED.replace("IS NULL", f"IS NULL AND EXISTS (SELECT FROM {FIRST})")
APPEND_EVENT = """
INSERT INTO executions_executionevent (execution_id, number, kind, data, created_at)
SELECT id, last_event_number, %s, %s::jsonb, clock_timestamp() FROM numbered
RETURNING number
"""
# The row of a run of which nothing was ever recorded; a fork begins with steps.
UNTOUCHED = """executions_workflowexecution.status = 'PENDING'
    AND executions_workflowexecution.last_sequence = 0
    AND executions_workflowexecution.last_event_number = 0
    AND executions_workflowexecution.completed_at IS NULL
    AND executions_workflowexecution.forked_from_id IS NULL"""
# The row as this process left it: whoever else writes steps or events of a run changes one of these.
UNCHANGED = """executions_workflowexecution.status = %s
    AND executions_workflowexecution.last_sequence = %s
    AND executions_workflowexecution.last_event_number = %s"""
FOUND_FIRST = Write(f"SELECT FROM {FIRST}", ())
KNOWN_STEPS = """
SELECT path, status FROM executions_steprun WHERE execution_id = %s AND path = ANY(%s)
"""
CLOSE_APPROVALS = """
UPDATE executions_approval SET status = 'CANCELLED', closed_at = clock_timestamp()
WHERE execution_id = %s AND status = 'OPEN' AND (%s OR path = ANY(%s))
"""


# What `ExecutionEvent` tells: `kind` and `data`.
Event = dict[str, Any]


def tell(execution_id: str, event: Event, *, after: Batch | None = None) -> None:
    """As `note_event`, in one transaction with the batch that comes before it, if there is one."""
    if after is not None:
        record(after, then=[event])
    else:
        note_event(execution_id, event["kind"], event["data"])


def note_event(
    execution_id: str,
    kind: str,
    data: Mapping[str, Any],
    *,
    beside: Write | None = None,
    only_if_new: bool = False,
) -> bool:
    """Tell those who follow a run of something between its steps; returns false, telling nothing, if it has ended.

    `beside` is made in the same statement, whether or not the run has ended; with `only_if_new` nothing is told where
    it wrote nothing. Inside a transaction the event is part of it and readers are woken by its commit.
    """
    text = json.dumps(dict(data), cls=DjangoJSONEncoder)
    before = NUMBERED_IF_FIRST if only_if_new else NUMBERED
    event = Write(APPEND_EVENT, (execution_id, kind, text), before)
    number: int | None = write_and_read(beside, event)
    if number is not None:
        heads.note_event(execution_id, number)
        transaction.on_commit(partial(announce, execution_id))
    return number is not None


def record(batch: Batch, *, then: Sequence[Event] = ()) -> None:
    """Write the batch, and tell events `then`; does nothing for a run that has ended.

    Raises `WorkflowExecution.DoesNotExist`.
    """
    if _may_be_first(batch) and _is_recorded_first(batch, then):
        return
    if _may_follow(batch) and _is_recorded_after(batch, then):
        return
    heads.take(batch.execution_id)
    with transaction.atomic():
        execution = locked_row(WorkflowExecution, batch.execution_id, READ_FIELDS)
        if execution is None:
            raise WorkflowExecution.DoesNotExist(f"There is no execution {batch.execution_id!r}.")
        if execution.is_finished:
            return
        is_late = batch.comes_with_a_call and batch.sequence <= execution.last_sequence
        is_first = not execution.last_sequence and execution.forked_from_id is None
        known = {} if is_first else _known(batch)
        steps, told = _applied(
            execution, batch, then, known=known, is_first=is_first, is_late=is_late
        )
        has_ended = execution.completed_at is not None
        if has_ended:
            _add_unreported(execution)
        _close_approvals(batch, has_ended=has_ended)
        write(steps, told, changed_row(WorkflowExecution, execution.pk, _changed(execution)))
        transaction.on_commit(partial(announce, batch.execution_id))


def _may_be_first(batch: Batch) -> bool:
    """Whether nothing may have been recorded of the run before, and nothing else must be looked at to record this."""
    is_start = batch.run is not None and batch.run.status in ("RUNNING", "COMPLETED")
    has_more = batch.usage.model_calls or any(step.step_type == "approval" for step in batch.steps)
    return batch.sequence == 1 and is_start and not has_more


def _is_recorded_first(batch: Batch, then: Sequence[Event]) -> bool:
    """One statement for a run whose row is as it was made, which needs no reading then; writes nothing if it is not."""
    execution = WorkflowExecution(pk=batch.execution_id)
    steps, told = _applied(execution, batch, then, known={}, is_first=True)
    row = changed_row(WorkflowExecution, batch.execution_id, _changed(execution))
    is_recorded = write(only_where(row, UNTOUCHED), if_first(steps), if_first(told)) > 0
    if is_recorded:
        _keep(Head(execution, {}), batch)
        transaction.on_commit(partial(announce, batch.execution_id))
    return is_recorded


def _may_follow(batch: Batch) -> bool:
    """Whether the batch tells of steps alone."""
    return batch.run is None and not any(step.step_type == "approval" for step in batch.steps)


def _is_recorded_after(batch: Batch, then: Sequence[Event]) -> bool:
    """One statement for a run that this process wrote last, which needs no reading then; writes nothing if it is not."""
    head = heads.take(batch.execution_id)
    if head is None or batch.sequence <= head.execution.last_sequence:
        return False
    execution = head.execution
    unchanged = (execution.status, execution.last_sequence, execution.last_event_number)
    steps, told = _applied(execution, batch, then, known=head.steps)
    row = changed_row(WorkflowExecution, batch.execution_id, _changed(execution))
    first = only_where(row, UNCHANGED, *unchanged)
    is_recorded = write(first, if_first(steps), if_first(told), FOUND_FIRST) > 0
    if is_recorded:
        _keep(head, batch)
        transaction.on_commit(partial(announce, batch.execution_id))
    return is_recorded


def _keep(head: Head, batch: Batch) -> None:
    """For the next batch. What a transaction around this one may yet take back, and what has ended, is not kept."""
    if connection.in_atomic_block or head.execution.completed_at is not None:
        return
    news = _news(batch, head.steps, is_late=False)
    head.steps |= {change.path: change.status for change in batch.steps if change.path in news}
    heads.keep(head)


def _applied(
    execution: WorkflowExecution,
    batch: Batch,
    then: Sequence[Event],
    *,
    known: Known,
    is_first: bool = False,
    is_late: bool = False,
) -> tuple[Write | None, Write | None]:
    """Bring the run, as it is known, to the batch; gives what is to be written of steps and events."""
    news = _news(batch, known, is_late=is_late)
    steps = _step_rows(batch, news, is_first=is_first)
    events = step_events(batch, news)
    if batch.run is not None and not (is_late and execution.started_at is not None):
        begun = _begin(execution, batch.run)
        applied = _apply(execution, batch.run)
        # A run starts before its first step; it waits, or ends, after its last.
        is_start = execution.status == WorkflowExecution.Status.RUNNING
        events = begun + (applied + events if is_start else events + applied)
    told = _event_rows(execution, [*events, *then])
    _add_usage(execution, batch.usage)
    execution.last_sequence = max(execution.last_sequence, batch.sequence)
    return steps, told


def _changed(execution: WorkflowExecution) -> dict[str, Any]:
    """What stands in the row now; of the fields that only an end has, those that were set."""
    unset = execution.get_deferred_fields()
    changed = RUN_FIELDS if execution.completed_at is None else RUN_FIELDS + END_FIELDS
    return {name: getattr(execution, name) for name in changed if name not in unset}


def _close_approvals(batch: Batch, *, has_ended: bool) -> None:
    """Nobody is asked any more for a step, or a run, that ended without its decision."""
    ended = [
        change.path
        for change in batch.steps
        if change.step_type == "approval" and change.status in FINAL_STEPS
    ]
    if not ended and not has_ended:
        return
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_APPROVALS, [batch.execution_id, has_ended, ended])


def _news(batch: Batch, known: Known, *, is_late: bool) -> Known:
    """The steps of the batch that are not final yet, with their status so far; of a late one, those that are unknown."""
    passed = frozenset(known.values()) if is_late else FINAL_STEPS
    return {
        change.path: known.get(change.path, "")
        for change in batch.steps
        if change.status in FINAL_STEPS or known.get(change.path, "") not in passed
    }


def _known(batch: Batch) -> Known:
    paths = [change.path for change in batch.steps]
    with connection.cursor() as cursor:
        cursor.execute(KNOWN_STEPS, [batch.execution_id, paths])
        return dict(cursor.fetchall())


def _step_rows(batch: Batch, news: Known, *, is_first: bool) -> Write | None:
    changes = [change for change in batch.steps if change.path in news]
    rows = step_rows(batch.execution_id, changes)
    if is_first:
        return new_rows(StepRun, rows)
    new = ("is_reused", "is_edited")
    return whole_rows(StepRun, rows, unique=("execution_id", "path"), new=new)


def _begin(execution: WorkflowExecution, change: RunChange) -> list[dict[str, Any]]:
    """The start of a run that was over, or waited, before there was time to tell of it."""
    if execution.started_at is not None or change.began_at is None or change.status == "RUNNING":
        return []
    execution.started_at = change.began_at
    return [{"kind": "run", "data": {"status": WorkflowExecution.Status.RUNNING}}]


def _apply(execution: WorkflowExecution, change: RunChange) -> list[dict[str, Any]]:
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


def _add_unreported(execution: WorkflowExecution) -> None:
    """What calls cost whose answers came too late for the run: it was cancelled, or had failed elsewhere."""
    if execution.status == WorkflowExecution.Status.COMPLETED and not execution.model_calls:
        return
    calls = ModelCall.objects.filter(execution=execution, is_reused=False)
    total = calls.aggregate(
        calls=Count("pk"),
        inwards=Sum("input_tokens", default=0),
        outwards=Sum("output_tokens", default=0),
        cost=Sum("cost_usd"),
    )
    usage = Usage(total["inwards"], total["outwards"], total["cost"], model_calls=total["calls"])
    _add_usage(execution, usage)


def _event_rows(execution: WorkflowExecution, events: list[dict[str, Any]]) -> Write | None:
    """Number them under the row's lock, so that no reader can pass a number that is committed late."""
    first = execution.last_event_number + 1
    now = timezone.now()
    rows = [
        {"execution_id": execution.pk, "number": first + index, "created_at": now} | event
        for index, event in enumerate(events)
    ]
    execution.last_event_number += len(events)
    return new_rows(ExecutionEvent, rows)


def _add_usage(execution: WorkflowExecution, usage: Usage) -> None:
    """Totals of the whole run: a repeated batch may report less than is known, never more than was spent."""
    execution.input_tokens = max(execution.input_tokens, usage.input_tokens)
    execution.output_tokens = max(execution.output_tokens, usage.output_tokens)
    execution.model_calls = max(execution.model_calls, usage.model_calls)
    execution.tool_calls = max(execution.tool_calls, usage.tool_calls)
    if usage.cost_usd is not None:
        execution.cost_usd = max(execution.cost_usd or 0, usage.cost_usd)
