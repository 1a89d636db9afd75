"""Activities of the `workflow` step: start a child, look how it ended, stop it."""

from dataclasses import replace

from django.db.models.functions import Now
from temporalio import activity
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from executions import child_runs
from executions.activities.database import in_database, in_thread
from executions.activities.failures import failure, retried_while_away
from executions.activities.heartbeats import heartbeats
from executions.engine.messages import children as child_messages
from executions.engine.messages.children import ChildOf, ChildResult, LaunchChild
from executions.engine.messages.outcomes import RunOutcome
from executions.engine.messages.run_input import RunInput
from executions.finishing import finish
from executions.models import WorkflowExecution
from executions.runs_on_temporal import cancel, wait_until_closed
from executions.starts.run_inputs import run_input_of
from executions.starts.start_request import REFUSED, labels_of, start_run
from executions.visibility import Labels

NEVER_STARTED = RunOutcome("CANCELLED")


@activity.defn(name=child_messages.LAUNCH_CHILD)
async def launch_child(request: LaunchChild) -> None:
    """Write the child's row and start it on Temporal; repeated, it finds what is there. Fails as `child_failed`."""
    written = await in_database(_written, request)
    if written is None:
        return
    run_input, labels = written
    try:
        await start_run(activity.client(), run_input, labels)
    except WorkflowAlreadyStartedError:
        activity.logger.info("The child %s was started before", request.child_id)
    except RPCError as error:
        if error.status != RPCStatusCode.INVALID_ARGUMENT:
            raise
        await in_database(finish, request.child_id, RunOutcome("FAILED", REFUSED))
        return
    if await in_database(_is_cancelled, request.child_id):
        await cancel(activity.client(), request.child_id)


@activity.defn(name=child_messages.COLLECT_CHILD)
@in_thread
@retried_while_away
def collect_child(request: ChildOf) -> ChildResult:
    """How the child ended, or that it has not."""
    return child_runs.result_of(request)


@activity.defn(name=child_messages.STOP_CHILD)
async def stop_child(request: ChildOf) -> ChildResult:
    """Cancel the child and wait until it has ended."""
    await in_database(_ask_to_cancel, request.child_id)
    with heartbeats():
        if not await cancel(activity.client(), request.child_id):
            # Temporal does not know it: it never started, or has ended.
            await in_database(_never_start, request.child_id)
        else:
            await wait_until_closed(activity.client(), request.child_id)
    return await in_database(child_runs.result_of, request)


def _written(request: LaunchChild) -> tuple[RunInput, Labels] | None:
    """What the child starts with; nothing if it has ended already."""
    try:
        child = child_runs.write_child(request)
    except child_runs.ChildRefused as error:
        raise failure(error.kind, str(error), code=error.code) from None
    if child.is_finished:
        return None
    return replace(run_input_of(child), budgets=request.budgets), labels_of(child)


def _is_cancelled(child_id: str) -> bool:
    rows = WorkflowExecution.objects.filter(pk=child_id, cancel_requested_at__isnull=False)
    return rows.exists()


def _ask_to_cancel(child_id: str) -> None:
    rows = WorkflowExecution.objects.filter(pk=child_id)
    rows.exclude(status__in=WorkflowExecution.FINAL).update(cancel_requested_at=Now())


def _never_start(child_id: str) -> None:
    if WorkflowExecution.objects.filter(pk=child_id, status="PENDING").exists():
        finish(child_id, NEVER_STARTED)
