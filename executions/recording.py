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
from executions.engine.messages.outcomes import RunOutcome, Usage
from executions.heads import Head, heads
from executions.models import ExecutionEvent, StepRun, WorkflowExecution
from executions.recorded_run import (
    PARTS,
    READ_FIELDS,
    Event,
    add_unreported,
    bring_up,
    changed_columns,
    ended_as,
)
from executions.recorded_steps import FINAL_STEPS, Known, news_of, step_events, step_rows

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
# Of a run's end: it came to no more than the run knows of (`add_unreported`). Rows round what a call cost to a millionth.
ALL_REPORTED = f"""NOT EXISTS (
    SELECT FROM ({PARTS}) AS parts
    HAVING sum(model_calls) > %s OR sum(input_tokens) > %s OR sum(output_tokens) > %s
        OR coalesce(sum(cost_usd) - 0.0000005 * sum(model_calls), -1) > coalesce(%s::numeric, -1)
)"""
FOUND_FIRST = Write(f"SELECT 1 FROM {FIRST}", ())  # noqa: S608 - a constant
KNOWN_STEPS = """
SELECT path, status FROM executions_steprun WHERE execution_id = %s AND path = ANY(%s)
"""
# What the run's model calls cost is in the rows of its steps, also where the step was cut off and never heard of it.
MEND_STEPS = """
UPDATE executions_steprun AS step
SET input_tokens = paid.input_tokens, output_tokens = paid.output_tokens, cost_usd = paid.cost_usd
FROM (
    SELECT path, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost_usd) AS cost_usd
    FROM executions_modelcall WHERE execution_id = %s AND NOT is_reused GROUP BY path
) AS paid
WHERE step.execution_id = %s AND step.path = paid.path
    AND (step.input_tokens < paid.input_tokens OR step.output_tokens < paid.output_tokens)
"""
CLOSE_APPROVALS = """
UPDATE executions_approval SET status = 'CANCELLED', closed_at = clock_timestamp()
WHERE execution_id = %s AND status = 'OPEN' AND path = ANY(%s)
"""
# At a run's end nobody is asked any more; gives what the run came to, as `Usage` has it.
CLOSE_ALL = f"""
WITH closed AS (
    UPDATE executions_approval SET status = 'CANCELLED', closed_at = clock_timestamp()
    WHERE execution_id = %s AND status = 'OPEN'
)
SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), sum(cost_usd),
    coalesce(sum(model_calls), 0)
FROM ({PARTS}) AS parts
"""  # noqa: S608 - constants


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
        has_unreported = _closed(execution, batch)
        write(steps, told, changed_row(WorkflowExecution, execution.pk, changed_columns(execution)))
        if has_unreported:
            _mend_steps(execution.pk)
        transaction.on_commit(partial(announce, batch.execution_id))
    return None


def add_late(execution_id: str) -> None:
    """What was written down of calls after the run's end counts in it too, and in those above it that have ended."""
    with transaction.atomic():
        fields = (*READ_FIELDS, "parent_id")
        execution = locked_row(WorkflowExecution, execution_id, fields)
        if execution is None or not execution.is_finished or not _closed_all(execution):
            return
        write(changed_row(WorkflowExecution, execution.pk, changed_columns(execution)))
        _mend_steps(execution.pk)
    if execution.parent_id is not None:
        add_late(execution.parent_id)


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
    run, usage = head.execution, batch.usage
    values = (run.status, run.last_sequence, run.last_event_number)
    if batch.run is None or _has_paid_nothing(head, batch):
        return Stand(head, UNCHANGED, values)
    reported = (usage.model_calls, usage.input_tokens, usage.output_tokens, usage.cost_usd)
    return Stand(head, f"{UNCHANGED} AND {ALL_REPORTED}", (*values, run.pk, run.pk, *reported))


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


def _closed(execution: WorkflowExecution, batch: Batch) -> bool:
    """Close what ends with the batch; whether there may be calls that steps never heard of."""
    if execution.completed_at is None:
        _close_approvals(batch)
        return False
    # The run may know of a call that its step, still open, had no time to tell.
    return _closed_all(execution) or execution.status != WorkflowExecution.Status.COMPLETED


def _closed_all(execution: WorkflowExecution) -> bool:
    """Close what a run leaves; whether it came to more than it knew."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_ALL, [execution.pk] * 3)
        paid: Any = cursor.fetchone()
    return add_unreported(execution, Usage(*paid))


def _close_approvals(batch: Batch) -> None:
    """Nobody is asked any more for a step that ended without its decision."""
    ended = [
        change.path
        for change in batch.steps
        if change.step_type == "approval" and change.status in FINAL_STEPS
    ]
    if not ended:
        return
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_APPROVALS, [batch.execution_id, ended])


def _mend_steps(execution_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MEND_STEPS, [execution_id, execution_id])


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
