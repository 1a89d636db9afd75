"""What is outstanding when steps and runs end: questions to people, which are closed, and paid calls that they never heard
of, which are counted.

The end itself is in the batch that is recorded (`recording.py`), whoever wrote that: the run, or `finishing.py` for it.
"""

from typing import Any

from django.db import connection, transaction

from common.json_rows import changed_row, locked_row, write
from executions.engine.messages.changes import Batch
from executions.engine.messages.outcomes import Usage
from executions.models import WorkflowExecution
from executions.recorded_run import READ_FIELDS, add_usage, changed_columns
from executions.recorded_steps import FINAL_STEPS

# What a run came to, in parts: its own model calls, and the runs that it started. It takes the run's id twice.
PARTS = """
SELECT 1 AS model_calls, input_tokens, output_tokens, cost_usd
FROM executions_modelcall WHERE execution_id = %s AND NOT is_reused
UNION ALL
SELECT model_calls, input_tokens, output_tokens, cost_usd
FROM executions_workflowexecution WHERE parent_id = %s
"""
# It came to no more than the run knows of. Rows round what a call cost to a millionth.
ALL_REPORTED = f"""NOT EXISTS (
    SELECT FROM ({PARTS}) AS parts
    HAVING sum(model_calls) > %s OR sum(input_tokens) > %s OR sum(output_tokens) > %s
        OR coalesce(sum(cost_usd) - 0.0000005 * sum(model_calls), -1) > coalesce(%s::numeric, -1)
)"""
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
CLOSE_APPROVALS = """
UPDATE executions_approval SET status = 'CANCELLED', closed_at = clock_timestamp()
WHERE execution_id = %s AND status = 'OPEN' AND path = ANY(%s)
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


def clear_outstanding(execution: WorkflowExecution, batch: Batch) -> bool:
    """Close and count what ends with the batch; whether there may be calls that steps never heard of (`mend_steps`).

    `execution` is locked, stands as after the batch, and is not saved here.
    """
    if execution.completed_at is None:
        _close_approvals(batch)
        return False
    # The run may know of a call that its step, still open, had no time to tell.
    return _clear_run(execution) or execution.status != WorkflowExecution.Status.COMPLETED


def add_late(execution_id: str) -> None:
    """What was written down of calls after the run's end counts in it too, and in those above it that have ended."""
    with transaction.atomic():
        fields = (*READ_FIELDS, "parent_id")
        execution = locked_row(WorkflowExecution, execution_id, fields)
        if execution is None or not execution.is_finished or not _clear_run(execution):
            return
        write(changed_row(WorkflowExecution, execution.pk, changed_columns(execution)))
        mend_steps(execution.pk)
    if execution.parent_id is not None:
        add_late(execution.parent_id)


def mend_steps(execution_id: str) -> None:
    """Bring the rows of steps, once they are written, to what their calls cost."""
    with connection.cursor() as cursor:
        cursor.execute(MEND_STEPS, [execution_id, execution_id])


def all_reported(execution_id: str, usage: Usage) -> tuple[str, tuple[Any, ...]]:
    """That a run came to no more than `usage`, so that no call is outstanding: a condition in SQL, and its values."""
    reported = (usage.model_calls, usage.input_tokens, usage.output_tokens, usage.cost_usd)
    return ALL_REPORTED, (execution_id, execution_id, *reported)


def _clear_run(execution: WorkflowExecution) -> bool:
    """Close what the run leaves; whether it came to more than it knew."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_ALL, [execution.pk] * 3)
        paid: Any = cursor.fetchone()
    return _add_unreported(execution, Usage(*paid))


def _add_unreported(execution: WorkflowExecution, paid: Usage) -> bool:
    """Add what calls cost that the run never heard of, being cut off before they were over; false if it knew of all.

    `paid` is the sum of what was written down: the run's `PARTS`.
    """
    before = changed_columns(execution)
    add_usage(execution, paid)
    return changed_columns(execution) != before


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
