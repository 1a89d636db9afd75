"""From a row to a run on Temporal; asked twice, Temporal itself refuses the second."""

import logging

import structlog
from asgiref.sync import async_to_sync
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from common.errors import Unavailable
from executions import temporal
from executions.engine.messages.outcomes import RunOutcome
from executions.finishing import finish
from executions.models import WorkflowExecution
from executions.starts.run_inputs import run_input_of
from executions.starts.start_request import REFUSED, labels_of

logger = logging.getLogger(__name__)

# What a client call raises while Temporal can't be reached, and no mistake of ours does.
UNREACHABLE = (RPCError, TimeoutError, OSError)
RUN_KEPT = (
    "The run is kept as it is and goes on as soon as Temporal is back; "
    "look at it again instead of starting another."
)
CANCELLATION_KEPT = "The wish to cancel is kept: the run ends as soon as Temporal is back."


def start_on_temporal(execution: WorkflowExecution) -> None:
    """Start the run of a PENDING row; does nothing if Temporal knows it already.

    Raises `Unavailable` when Temporal does not answer: the row stays PENDING, and the sweep starts it later. What
    Temporal refuses for good ends as FAILED: asking again would be refused again.
    """
    with structlog.contextvars.bound_contextvars(execution_id=execution.pk):
        _start(execution)


def _start(execution: WorkflowExecution) -> None:
    run_input = run_input_of(execution)
    try:
        async_to_sync(temporal.start_interpreter)(run_input, labels_of(execution))
        if _is_cancelled_meanwhile(execution):
            async_to_sync(temporal.cancel)(execution.pk)
    except WorkflowAlreadyStartedError:
        return
    except UNREACHABLE as error:
        if isinstance(error, RPCError) and error.status == RPCStatusCode.INVALID_ARGUMENT:
            logger.exception("execution %s: Temporal refuses it", execution.pk)
            finish(execution.pk, RunOutcome("FAILED", REFUSED))
            execution.refresh_from_db()
            return
        logger.warning("execution %s: Temporal did not start it: %s", execution.pk, error)
        raise unavailable(execution) from error
    logger.info("execution %s started", execution.pk)


def _is_cancelled_meanwhile(execution: WorkflowExecution) -> bool:
    """Who cancels writes the row first and then asks Temporal: one of the two always sees the other."""
    rows = WorkflowExecution.objects.filter(pk=execution.pk)
    return rows.filter(cancel_requested_at__isnull=False).exists()


def unavailable(execution: WorkflowExecution, kept: str = RUN_KEPT) -> Unavailable:
    """The refusal that says what was kept."""
    return Unavailable(
        f"Temporal does not answer. {kept}",
        code="temporal_unavailable",
        extra={"execution_id": execution.pk},
    )
