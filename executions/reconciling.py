"""Bringing rows and Temporal together again, so that no run stays unfinished for ever.

Liveness comes from Temporal, never from guessing by age: a row is touched only where Temporal says that the run is
closed, or that it knows none.
"""

import logging
from datetime import timedelta
from typing import Literal

from asgiref.sync import async_to_sync
from django.utils import timezone
from temporalio.client import WorkflowExecutionStatus

from common.errors import Unavailable
from executions import temporal
from executions.engine.messages import ErrorInfo, RunOutcome
from executions.finishing import finish
from executions.models import WorkflowExecution
from executions.selectors import unfinished_executions
from executions.starting import UNREACHABLE, start_on_temporal

logger = logging.getLogger(__name__)

Mending = Literal["left", "started", "finished"]

NEVER_STARTED = RunOutcome("CANCELLED")
LOST = ErrorInfo(
    kind="internal", message="Temporal no longer knows this run; how it went on can't be told."
)
TERMINATED = ErrorInfo(kind="internal", message="The run was terminated in Temporal.")
TIMED_OUT = ErrorInfo(kind="timeout", message="Temporal ended the run for its time.")


def reconcile(execution: WorkflowExecution) -> Mending:
    """Compare one unfinished row with Temporal and mend it; says what was done.

    Raises what `executions.starting.UNREACHABLE` lists, and `Unavailable`.
    """
    found = async_to_sync(temporal.describe)(execution.pk)
    if found is None:
        return _mend_unknown(execution)
    match found.status:
        case WorkflowExecutionStatus.RUNNING | WorkflowExecutionStatus.CONTINUED_AS_NEW | None:
            return "left"
        case WorkflowExecutionStatus.TERMINATED:
            outcome: RunOutcome | None = RunOutcome("FAILED", TERMINATED)
        case WorkflowExecutionStatus.TIMED_OUT:
            outcome = RunOutcome("FAILED", TIMED_OUT)
        case _:
            outcome = async_to_sync(temporal.result)(execution.pk, 10)
    return _finished(execution, outcome) if outcome else "left"


def reconcile_all(*, older_than_seconds: float) -> dict[Mending, list[str]]:
    """Mend every unfinished run whose row is older; returns the ids by what was done.

    Raises what `reconcile` raises; what was mended until then stays so.
    """
    done: dict[Mending, list[str]] = {"started": [], "finished": [], "left": []}
    before = timezone.now() - timedelta(seconds=older_than_seconds)
    rows = unfinished_executions().filter(created_at__lt=before)
    for execution in rows.select_related("workflow", "created_by"):
        done[_reconcile_or_log(execution)].append(execution.pk)
    return done


def _reconcile_or_log(execution: WorkflowExecution) -> Mending:
    try:
        return reconcile(execution)
    except (*UNREACHABLE, Unavailable):
        raise
    # Whatever is wrong with one row must not keep the sweep from all others.
    except Exception:
        logger.exception("execution %s can't be compared with Temporal", execution.pk)
        return "left"


def _mend_unknown(execution: WorkflowExecution) -> Mending:
    if execution.status != WorkflowExecution.Status.PENDING:
        return _finished(execution, RunOutcome("FAILED", LOST))
    execution.refresh_from_db()
    if execution.cancel_requested_at is not None:
        return _finished(execution, NEVER_STARTED)
    start_on_temporal(execution)
    return "finished" if execution.is_finished else "started"


def _finished(execution: WorkflowExecution, outcome: RunOutcome) -> Mending:
    if not finish(execution.pk, outcome):
        return "left"
    logger.warning("execution %s: mended to %s", execution.pk, outcome.status)
    return "finished"
