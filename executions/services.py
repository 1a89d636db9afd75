"""Starting, cancelling and awaiting runs; what happens inside a run is recorded by its activities."""

import logging
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from audit.recording import Action
from common.connections import release_connection
from common.errors import Conflict, NotFound
from executions import temporal
from executions.forks.forking import Fork, write_fork
from executions.forks.retrying import write_retry
from executions.models import WorkflowExecution
from executions.reconciling import reconcile
from executions.selectors import executions_for
from executions.starts.launching import Launch, first_launch, write_execution
from executions.starts.starting import (
    CANCELLATION_KEPT,
    UNREACHABLE,
    start_on_temporal,
    unavailable,
)
from executions.step_tests import require_meant, require_surroundings, surroundings
from executions.trail import record_run
from workflows.selectors import catalogue_for, definition_of

logger = logging.getLogger(__name__)


def start_execution(launch: Launch) -> WorkflowExecution:
    """Write the row (PENDING) and, when it is committed, start the run; a repeated request gets the first one's row.

    Raises what `write_execution` raises and, with the row kept, `Unavailable` (Temporal does not answer).
    """
    return write_execution(launch, then=start_on_temporal)


def retry_execution(
    source: WorkflowExecution,
    launch: Launch,
    *,
    is_confirmed: bool = False,
    is_another: bool = False,
) -> WorkflowExecution:
    """Start a run that goes on where `source` failed or was cancelled; what has finished is not run again.

    While a retry of it runs only one that is meant to be `is_another` is started.

    Raises `NotFound`, what `write_retry` raises and, with the row kept, `Unavailable`.
    """
    _require_visible(source, launch.by)
    return write_retry(
        source, launch, start_on_temporal, is_confirmed=is_confirmed, is_another=is_another
    )


def fork_execution(fork: Fork, launch: Launch) -> WorkflowExecution:
    """Start a run from a step of another one; the finished steps before it are taken over.

    Raises `NotFound`, what `write_fork` raises and, with the row kept, `Unavailable`.
    """
    _require_visible(fork.source, launch.by)
    return write_fork(fork, launch, start_on_temporal)


def try_step(launch: Launch, *, is_confirmed: bool = False) -> WorkflowExecution:
    """Start a run of `launch.tested_step` alone, in the surroundings `launch.test`.

    Raises `NotFound`, `Invalid` (what the step looks at was not given), `Conflict` (a real try that may call tools
    which should not be called for nothing), what `write_execution` raises and, with the row kept, `Unavailable`.
    """
    if (repeated := first_launch(launch)) is not None:
        return repeated
    _, definition = definition_of(launch.workflow, launch.version)
    given = surroundings(launch.test or {})
    require_surroundings(definition, launch.tested_step, given, launch.context or {})
    if not launch.simulate:
        catalogue = catalogue_for(launch.by)
        require_meant(definition, launch.tested_step, catalogue, is_confirmed=is_confirmed)
    return write_execution(launch, then=start_on_temporal)


def request_cancellation(execution: WorkflowExecution, *, by: User) -> WorkflowExecution:
    """Ask Temporal to cancel the run; the run records what came of it. Asking twice is asking once.

    Raises `NotFound`, `Conflict` when the run has ended, and `Unavailable`.
    """
    _require_visible(execution, by)
    _note_cancellation(execution, by)
    try:
        if not async_to_sync(temporal.cancel)(execution.pk):
            # It never started, or Temporal has closed it.
            reconcile(execution)
    except UNREACHABLE as error:
        raise unavailable(execution, CANCELLATION_KEPT) from error
    logger.info("execution %s: cancellation requested by %s", execution.pk, by.pk)
    execution.refresh_from_db()
    return execution


def again(source: WorkflowExecution, *, by: User, **changes: Any) -> Launch:
    """What starts `source` once more; `changes` are fields of the launch, `triggered_by` among them."""
    given = {
        "workflow": source.workflow,
        "user_input": source.user_input,
        "input": source.input_json,
        "context": source.context_json,
        "version": source.workflow_version,
        "simulate": source.simulated,
    }
    return Launch(by=by, **{**given, **changes})


def wait_for_end(execution: WorkflowExecution, timeout_seconds: float) -> WorkflowExecution:
    """The row when the run has ended, or as it stands after `timeout_seconds`; holds no database connection meanwhile.

    Raises `Unavailable`.
    """
    if not execution.is_finished and timeout_seconds > 0:
        release_connection()
        try:
            # Of one that has not started Temporal knows nothing: the sweep will start it.
            async_to_sync(temporal.result)(execution.pk, timeout_seconds)
        except UNREACHABLE as error:
            raise unavailable(execution) from error
        execution.refresh_from_db()
    return execution


@transaction.atomic
def _note_cancellation(execution: WorkflowExecution, by: User) -> None:
    """That somebody wants the end of a run; only the first of them is recorded. Raises `Conflict`."""
    rows = WorkflowExecution.objects.filter(pk=execution.pk)
    unfinished = rows.exclude(status__in=WorkflowExecution.FINAL)
    if unfinished.filter(cancel_requested_at=None).update(cancel_requested_at=Now()):
        record_run(Action.CANCELLED, execution, by=by, details={})
    elif not unfinished.update(cancel_requested_at=Now()):
        raise Conflict("This execution has already ended.", code="already_ended")


def _require_visible(execution: WorkflowExecution, by: User) -> None:
    if not executions_for(by).filter(pk=execution.pk).exists():
        raise NotFound("There is no such execution.")
