"""Writes down what a run reports: rows, numbered events and totals, in one transaction per batch.

A batch may come twice, and after a crash of the worker even with other contents under the same sequence number: the
workflow then repeats what had not reached Temporal's history yet. So nothing here trusts the number. Rows are whole
and overwrite, a final state is never taken back, totals only grow, and an event is written where a row's state
changes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
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
from executions.engine.messages.changes import Batch
from executions.engine.messages.outcomes import RunOutcome
from executions.heads import Head, heads
from executions.models import ExecutionEvent, StepRun, WorkflowExecution
from executions.outstanding import all_reported, clear_outstanding, mend_steps
from executions.recorded_run import READ_FIELDS, Event, bring_up, changed_columns, ended_as
from executions.recorded_steps import Known, news_of, step_events, step_rows

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
FOUND_FIRST = Write(f"SELECT 1 FROM {FIRST}", ())  # noqa: S608 - a constant
KNOWN_STEPS = """
SELECT path, status FROM executions_steprun WHERE execution_id = %s AND path = ANY(%s)
"""


@dataclass(frozen=True)
class Stand:
    """How the run stands before a batch, as far as it is known, and what is true of its row then, in SQL."""

    head: Head
    condition: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Proviso:
    """What else must be true of a run's row (`executions_workflowexecution`), in SQL; `reading` gives a value where it was."""

    condition: str
    values: tuple[Any, ...]
    reading: Write


ALWAYS = Proviso("true", (), FOUND_FIRST)


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


def record(batch: Batch, *, then: Sequence[Event] = ()) -> RunOutcome | None:
    """Write the batch, and tell events `then`; does nothing for a run that has ended, and gives how it did.

    Raises `WorkflowExecution.DoesNotExist`.
    """
    if recorded_unasked(batch, then) is not None:
        return None
    heads.take(batch.execution_id)
    with transaction.atomic():
        execution = locked_row(WorkflowExecution, batch.execution_id, READ_FIELDS)
        if execution is None:
            raise WorkflowExecution.DoesNotExist(f"There is no execution {batch.execution_id!r}.")
        if execution.is_finished:
            return ended_as(execution)
        is_late = batch.comes_with_a_call and batch.sequence <= execution.last_sequence
        known = {} if _is_untouched(execution) else _known(batch)
        steps, told = _applied(execution, batch, then, known=known, is_late=is_late)
        has_unreported = clear_outstanding(execution, batch)
        write(steps, told, changed_row(WorkflowExecution, execution.pk, changed_columns(execution)))
        if has_unreported:
            mend_steps(execution.pk)
        transaction.on_commit(partial(announce, batch.execution_id))
    return None


def recorded_unasked(batch: Batch, then: Sequence[Event], proviso: Proviso = ALWAYS) -> Any:
    """As `record`, by one statement that asks nothing before; gives what was read with it.

    Null, with nothing written, for a run that stands otherwise than this process knows, or not as provided: then `record`.
    """
    for stands in (_stands_first, _stands_after):
        stand = stands(batch)
        found = None if stand is None else _recorded_so(stand, batch, then, proviso)
        if found is not None:
            return found
    return None


def _may_be_first(batch: Batch) -> bool:
    """Whether nothing may have been recorded of the run before, and nothing else must be looked at to record this."""
    is_start = batch.run is not None and batch.run.status in ("RUNNING", "COMPLETED")
    has_more = batch.usage.model_calls or any(step.step_type == "approval" for step in batch.steps)
    return batch.sequence == 1 and is_start and not has_more


def _may_follow(batch: Batch) -> bool:
    """Whether the batch tells of steps alone, or of a good end, and of no question to people.

    Who is asked must not be asked any more after the end; but of a run with such a question no head is kept.
    """
    goes_well = batch.run is None or batch.run.status == "COMPLETED"
    return goes_well and not any(step.step_type == "approval" for step in batch.steps)


def _stands_first(batch: Batch) -> Stand | None:
    """The run's row as it was made."""
    if not _may_be_first(batch):
        return None
    return Stand(Head(WorkflowExecution(pk=batch.execution_id), {}), UNTOUCHED, ())


def _stands_after(batch: Batch) -> Stand | None:
    """The run's row as this process wrote it last."""
    if not _may_follow(batch):
        return None
    head = heads.take(batch.execution_id)
    if head is None or batch.sequence <= head.execution.last_sequence:
        return None
    run = head.execution
    values = (run.status, run.last_sequence, run.last_event_number)
    if batch.run is None or _has_paid_nothing(head, batch):
        return Stand(head, UNCHANGED, values)
    is_all, reported = all_reported(run.pk, batch.usage)
    return Stand(head, f"{UNCHANGED} AND {is_all}", (*values, *reported))


def _has_paid_nothing(head: Head, batch: Batch) -> bool:
    """Whether no model was paid: what was paid without an answer belongs to a step that did not complete."""
    if batch.usage.model_calls:
        return False
    steps = head.steps | {change.path: change.status for change in batch.steps}
    return all(status == StepRun.Status.COMPLETED for status in steps.values())


def _recorded_so(stand: Stand, batch: Batch, then: Sequence[Event], proviso: Proviso) -> Any:
    """Writes to a run that stands so, and to no other one."""
    head = stand.head
    steps, told = _applied(head.execution, batch, then, known=head.steps)
    row = changed_row(WorkflowExecution, batch.execution_id, changed_columns(head.execution))
    condition = f"{stand.condition} AND {proviso.condition}"
    first = only_where(row, condition, *stand.values, *proviso.values)
    found = write_and_read(first, if_first(steps), if_first(told), proviso.reading)
    if found is not None:
        _keep(head, batch)
        transaction.on_commit(partial(announce, batch.execution_id))
    return found


def _keep(head: Head, batch: Batch) -> None:
    """For the next batch. What a transaction around this one may yet take back, and what has ended, is not kept."""
    if connection.in_atomic_block or head.execution.completed_at is not None:
        return
    news = news_of(batch, head.steps, is_late=False)
    head.steps |= {change.path: change.status for change in batch.steps if change.path in news}
    heads.keep(head)


def _applied(
    execution: WorkflowExecution,
    batch: Batch,
    then: Sequence[Event],
    *,
    known: Known,
    is_late: bool = False,
) -> tuple[Write | None, Write | None]:
    """Bring the run, as it is known, to the batch; gives what is to be written of steps and events."""
    news = news_of(batch, known, is_late=is_late)
    steps = _step_rows(batch, news, is_first=_is_untouched(execution))
    events = bring_up(execution, batch, step_events(batch, news), is_late=is_late)
    return steps, _event_rows(execution, [*events, *then])


def _is_untouched(execution: WorkflowExecution) -> bool:
    """Whether no step was recorded of it; a fork begins with steps."""
    return not execution.last_sequence and execution.forked_from_id is None


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


def _event_rows(execution: WorkflowExecution, events: Sequence[Event]) -> Write | None:
    """Number them under the row's lock, so that no reader can pass a number that is committed late."""
    first = execution.last_event_number + 1
    now = timezone.now()
    rows = [
        {"execution_id": execution.pk, "number": first + index, "created_at": now} | event
        for index, event in enumerate(events)
    ]
    execution.last_event_number += len(events)
    return new_rows(ExecutionEvent, rows)
