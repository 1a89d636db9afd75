"""Bringing rows and Temporal together again, so that no run stays unfinished for ever.

Liveness comes from Temporal, never from guessing by age: a row is touched only where Temporal says that the run is
closed, or that it knows none.
"""

import logging
import math
import time
from datetime import datetime, timedelta
from typing import Literal

from asgiref.sync import async_to_sync
from django.db.models import Q
from django.utils import timezone
from temporalio.client import WorkflowExecutionDescription, WorkflowExecutionStatus

from common.errors import Unavailable
from common.upkeep import Done
from executions import temporal
from executions.engine.messages.outcomes import ErrorInfo, RunOutcome
from executions.finishing import finish
from executions.models import WorkflowExecution
from executions.selectors import unfinished_executions
from executions.starts.starting import UNREACHABLE, start_on_temporal

logger = logging.getLogger(__name__)

Mending = Literal["left", "started", "finished"]

# A start takes milliseconds; a row that is still PENDING after this was interrupted.
OLD_ENOUGH_SECONDS = 30.0
SECONDS_PER_PASS = 10.0
PAGE = 100

# Sweeps that try to start a run whose start fails by a mistake of ours.
MAX_START_FAILURES = 3
MAX_REASON = 1_000
NEVER_STARTED = RunOutcome("CANCELLED")
LOST = ErrorInfo(
    kind="internal", message="Temporal no longer knows this run; how it went on can't be told."
)
TERMINATED = ErrorInfo(kind="internal", message="The run was terminated in Temporal.")
TIMED_OUT = ErrorInfo(kind="timeout", message="Temporal ended the run for its time.")


def reconcile(execution: WorkflowExecution) -> Mending:
    """Compare one unfinished row with Temporal and mend it; says what was done.

    Raises what `executions.starts.starting.UNREACHABLE` lists, and `Unavailable`.
    """
    return _mended(execution, async_to_sync(temporal.describe)(execution.pk))


def _mended(execution: WorkflowExecution, found: WorkflowExecutionDescription | None) -> Mending:
    if found is None:
        return _mend_unknown(execution)
    match found.status:
        case WorkflowExecutionStatus.RUNNING | WorkflowExecutionStatus.CONTINUED_AS_NEW | None:
            if execution.cancel_requested_at is not None:
                # Temporal may not have heard of it; told twice, it cancels once. What ended meanwhile says so itself.
                async_to_sync(temporal.cancel)(execution.pk)
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
    return Sweep(older_than_seconds).go(seconds=math.inf)


def mend_executions() -> Done:
    """A chore: as `reconcile_all`, some 10 seconds at a time; the next pass goes on where this one stopped."""
    global _sweep  # noqa: PLW0603 - where this process stopped
    _sweep = _sweep or Sweep(OLD_ENOUGH_SECONDS)
    try:
        done = _sweep.go(seconds=SECONDS_PER_PASS)
    except (*UNREACHABLE, Unavailable) as error:
        logger.warning("executions: not compared with Temporal: %s", error)
        # Whatever is unfinished when Temporal is back is looked at from the beginning.
        _sweep = None
        return {"error": "Temporal does not answer."}
    if _sweep.is_over:
        _sweep = None
    if done["started"] or done["finished"]:
        logger.warning(
            "executions: %s started late, %s ended late",
            len(done["started"]),
            len(done["finished"]),
        )
    return {word: len(ids) if word == "left" else list(ids) for word, ids in done.items()}


class Sweep:
    """One walk over the unfinished runs, the oldest first, page by page."""

    def __init__(self, older_than_seconds: float, *, page: int = PAGE) -> None:
        self._before = timezone.now() - timedelta(seconds=older_than_seconds)
        self._after: tuple[datetime, str] | None = None
        self._size = page
        self.is_over = False

    def go(self, *, seconds: float) -> dict[Mending, list[str]]:
        """Mend until the end or until the time is over, but at least one page."""
        done: dict[Mending, list[str]] = {"started": [], "finished": [], "left": []}
        deadline = time.monotonic() + seconds
        while not self.is_over and (not any(done.values()) or time.monotonic() < deadline):
            self._go_over(self._page(), done)
        return done

    def _page(self) -> list[WorkflowExecution]:
        rows = unfinished_executions().filter(created_at__lt=self._before)
        if self._after is not None:
            created_at, pk = self._after
            rows = rows.filter(Q(created_at__gt=created_at) | Q(created_at=created_at, pk__gt=pk))
        page = list(
            rows.order_by("created_at", "pk").select_related("workflow", "created_by")[: self._size]
        )
        self.is_over = len(page) < self._size
        if page:
            self._after = (page[-1].created_at, page[-1].pk)
        return page

    def _go_over(self, page: list[WorkflowExecution], done: dict[Mending, list[str]]) -> None:
        found = async_to_sync(temporal.describe_many)([execution.pk for execution in page])
        for execution in page:
            done[_mended_or_logged(execution, found[execution.pk])].append(execution.pk)


_sweep: Sweep | None = None


def _mended_or_logged(
    execution: WorkflowExecution, found: WorkflowExecutionDescription | None
) -> Mending:
    try:
        return _mended(execution, found)
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
    if execution.parent is not None and not execution.parent.is_finished:
        # Its parent starts it, with the budgets that it must keep to.
        return "left"
    try:
        start_on_temporal(execution)
    except (*UNREACHABLE, Unavailable):
        raise
    # Its stored definition, for example, is broken: that is no reason to try it for ever.
    except Exception as error:
        logger.exception("execution %s can't be started", execution.pk)
        return _given_up(execution, error)
    return "finished" if execution.is_finished else "started"


def _given_up(execution: WorkflowExecution, error: Exception) -> Mending:
    """After some tries a start that fails by a mistake of ours ends the run, with the reason."""
    execution.start_failures += 1
    execution.save(update_fields=["start_failures"])
    if execution.start_failures < MAX_START_FAILURES:
        return "left"
    # What is wrong with a value is about the run itself; other errors may tell of the installation.
    reason = (
        f"{type(error).__name__}: {error}"
        if isinstance(error, ValueError)
        else type(error).__name__
    )
    message = f"The run could not be started: {reason}"[:MAX_REASON]
    return _finished(execution, RunOutcome("FAILED", ErrorInfo(kind="internal", message=message)))


def _finished(execution: WorkflowExecution, outcome: RunOutcome) -> Mending:
    if not finish(execution.pk, outcome):
        return "left"
    logger.warning("execution %s: mended to %s", execution.pk, outcome.status)
    _tell_family(execution)
    return "finished"


def _tell_family(execution: WorkflowExecution) -> None:
    """What the run itself would have done: its parent hears of its end, its children end with it."""
    unfinished = execution.children.exclude(status__in=WorkflowExecution.FINAL)
    # The sweep, which comes to each of them, carries it on to Temporal.
    unfinished.update(cancel_requested_at=timezone.now())
    if execution.parent_id is None:
        return
    try:
        async_to_sync(temporal.child_ended)(execution.parent_id, execution.pk)
    except UNREACHABLE as error:
        # The parent looks by itself within 15 minutes.
        logger.warning("execution %s: its parent was not told: %s", execution.pk, error)
