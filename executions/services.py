"""Starting, cancelling and awaiting runs; what happens inside a run is recorded by its activities."""

import logging
import uuid
from collections.abc import Mapping
from functools import partial

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from pydantic import JsonValue
from temporalio.service import RPCError

from common.errors import Conflict, NotFound
from common.idempotency import first_answer
from executions import temporal
from executions.events import release_connection
from executions.models import WorkflowExecution
from executions.reconciling import reconcile
from executions.run_request import require_acceptable, require_executable
from executions.selectors import executions_for
from executions.starting import UNREACHABLE, start_on_temporal, unavailable
from workflows.models import Workflow
from workflows.selectors import catalogue_for, definition_of, workflows_for

logger = logging.getLogger(__name__)


def start_execution(
    *,
    workflow: Workflow,
    by: User,
    user_input: str = "",
    input: JsonValue = None,
    context: Mapping[str, JsonValue] | None = None,
    version: int | None = None,
    simulate: bool = False,
    triggered_by: WorkflowExecution.Trigger,
    idempotency_key: str | None = None,
    request_hash: str = "",
) -> WorkflowExecution:
    """Write the row (PENDING) and, when it is committed, start the run; a repeated request gets the first one's row.

    Raises `NotFound` (workflow or version not the caller's to see), `Conflict` (archived), `Invalid` (input),
    `InvalidDefinition` (can't run with what the caller may use now), `Unprocessable` (the idempotency key was used for
    another request) and, with the row kept, `Unavailable` (Temporal does not answer).
    """
    rows = WorkflowExecution.objects.select_related("workflow", "created_by")
    repeated = first_answer(rows, owner=by, key=idempotency_key, request_hash=request_hash)
    if repeated is not None:
        return repeated
    _require_runnable(workflow, by)
    number, definition = definition_of(workflow, version)
    overrides = dict(context or {})
    require_acceptable(user_input=user_input, input=input, context=overrides, definition=definition)
    require_executable(definition, catalogue_for(by), simulate=simulate)
    row = WorkflowExecution(
        id=f"execution-{uuid.uuid4()}",
        workflow=workflow,
        workflow_version=number,
        triggered_by=triggered_by,
        simulated=simulate,
        user_input=user_input,
        input_json=input,
        context_json=overrides,
        created_by=by,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            transaction.on_commit(partial(start_on_temporal, row))
    except IntegrityError:
        # The same request ran at the same time; its row is there now.
        repeated = first_answer(rows, owner=by, key=idempotency_key, request_hash=request_hash)
        if repeated is None:
            raise
        return repeated
    return row


def request_cancellation(execution: WorkflowExecution, *, by: User) -> WorkflowExecution:
    """Ask Temporal to cancel the run; the run records what came of it. Asking twice is asking once.

    Raises `NotFound`, `Conflict` when the run has ended, and `Unavailable`.
    """
    if not executions_for(by).filter(pk=execution.pk).exists():
        raise NotFound("There is no such execution.")
    asked = (
        WorkflowExecution.objects.filter(pk=execution.pk)
        .exclude(status__in=WorkflowExecution.FINAL)
        .update(cancel_requested_at=Now())
    )
    if not asked:
        raise Conflict("This execution has already ended.", code="already_ended")
    try:
        async_to_sync(temporal.cancel)(execution.pk)
    except RPCError as error:
        if error.status.name != "NOT_FOUND":
            raise unavailable(execution) from error
        # It never started, or Temporal has closed and forgotten it.
        reconcile(execution)
    except UNREACHABLE as error:
        raise unavailable(execution) from error
    logger.info("execution %s: cancellation requested by %s", execution.pk, by.pk)
    execution.refresh_from_db()
    return execution


def wait_for_end(execution: WorkflowExecution, timeout_seconds: float) -> WorkflowExecution:
    """The row when the run has ended, or as it stands after `timeout_seconds`; holds no database connection meanwhile.

    Raises `Unavailable`.
    """
    if not execution.is_finished and timeout_seconds > 0:
        release_connection()
        try:
            async_to_sync(temporal.result)(execution.pk, timeout_seconds)
        except RPCError as error:
            # Not started yet: the sweep will do it.
            if error.status.name != "NOT_FOUND":
                raise unavailable(execution) from error
        except UNREACHABLE as error:
            raise unavailable(execution) from error
        execution.refresh_from_db()
    return execution


def _require_runnable(workflow: Workflow, by: User) -> None:
    if not workflows_for(by).filter(pk=workflow.pk).exists():
        raise NotFound("There is no such workflow.")
    if not workflow.is_active:
        raise Conflict("This workflow is archived; restore it first.", code="inactive")
