"""From a schedule's firing time to the row of a run: once per time, and never without a trace."""

import logging
import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from audit.changes import shown
from audit.recording import Action
from common.errors import DomainError, Forbidden, Invalid, InvalidDefinition, NotExecutable
from executions.engine.messages.outcomes import ErrorInfo, RunOutcome
from executions.finishing import finish
from executions.models import WorkflowExecution
from executions.starts.launching import Launch, write_execution
from executions.trail import record_trigger
from executions.triggers.models import Schedule
from workflows.definition.steps import ErrorKind

logger = logging.getLogger(__name__)

# Names what is fired; any fixed value would do.
_NAMESPACE = uuid.UUID("0f0e6e0c-6a53-4f51-9d0b-0d3a4b8f4a10")
MAX_ERROR_CHARACTERS = 1000
MAX_NOTE_CHARACTERS = 500


class LaunchRefused(Exception):
    """The run could not be launched; it is written down why, and Temporal need not try again."""


def launch_of(
    schedule: Schedule, *, id: str = "", idempotency_key: str | None = None, request_hash: str = ""
) -> Launch:
    """A run with what the schedule says, on behalf of who made it; raises `Forbidden` if that user is deactivated."""
    if not schedule.created_by.is_active:
        raise Forbidden(
            f"The user {schedule.created_by.username!r}, on whose behalf this schedule starts runs, is deactivated."
        )
    return Launch(
        workflow=schedule.workflow,
        by=schedule.created_by,
        triggered_by=WorkflowExecution.Trigger.SCHEDULE,
        user_input=schedule.user_input,
        input=schedule.input_json,
        context=schedule.context_json,
        version=schedule.version or schedule.workflow.published_version,
        schedule=schedule,
        id=id,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )


def execution_id_of(schedule_id: str, at: datetime) -> str:
    """The id of the run of one firing time: however often Temporal asks, it is one run."""
    return f"execution-{uuid.uuid5(_NAMESPACE, f'{schedule_id} {at.isoformat()}')}"


def fire(schedule: Schedule, at: datetime) -> WorkflowExecution:
    """The PENDING row of the run for `at`, or the row that was written for it before.

    Raises `LaunchRefused` after writing down, on the schedule and as a FAILED run, why there can be none.
    """
    execution_id = execution_id_of(schedule.pk, at)
    try:
        execution = write_execution(launch_of(schedule, id=execution_id), then=_leave_to_temporal)
    except DomainError as error:
        _record_refusal(schedule, execution_id, error)
        raise LaunchRefused(error.detail) from error
    if schedule.error or schedule.failures:
        Schedule.objects.filter(pk=schedule.pk).update(error="", failures=0)
    return execution


def _leave_to_temporal(execution: WorkflowExecution) -> None:
    """The caller is a Temporal workflow, which goes on with the interpreter as its child."""
    logger.info("execution %s: launched by schedule %s", execution.pk, execution.schedule_id)


@transaction.atomic
def _record_refusal(schedule: Schedule, execution_id: str, error: DomainError) -> None:
    logger.warning("schedule %s could not start a run: %s", schedule.pk, error.detail)
    _, is_new = WorkflowExecution.objects.get_or_create(
        pk=execution_id,
        defaults={
            "workflow": schedule.workflow,
            "workflow_version": schedule.version
            or schedule.workflow.published_version
            or schedule.workflow.version,
            "triggered_by": WorkflowExecution.Trigger.SCHEDULE,
            "schedule": schedule,
            "user_input": schedule.user_input,
            "input_json": schedule.input_json,
            "context_json": schedule.context_json,
            "created_by": schedule.created_by,
        },
    )
    if not is_new:
        return
    message = f"It could not be started: {error.detail}"
    finish(execution_id, RunOutcome("FAILED", ErrorInfo(_kind(error), message, code=error.code)))
    Schedule.objects.filter(pk=schedule.pk).update(
        error=error.detail[:MAX_ERROR_CHARACTERS], failures=F("failures") + 1
    )
    _pause_after_many(schedule, error)


def _pause_after_many(schedule: Schedule, error: DomainError) -> None:
    """Stop a schedule that only fails, and say so; the next upkeep tells Temporal, and each firing looks at the row."""
    limit = settings.SCHEDULE_MAX_FAILURES
    if not limit:
        return
    failing = Schedule.objects.filter(pk=schedule.pk, is_paused=False, failures__gte=limit)
    note = (
        f"Paused by itself after {limit} failed starts in a row. Mend what the error says, try it with a start "
        f"by hand, then resume it. The last error: {error.detail}"
    )
    paused = failing.update(
        is_paused=True,
        is_synced=False,
        revision=F("revision") + 1,
        note=note[:MAX_NOTE_CHARACTERS],
    )
    if paused:
        changes = {"is_active": shown(True, False)}
        record_trigger(Action.DEACTIVATED, schedule, by=None, changes=changes)
        logger.warning("schedule %s paused itself after %s failed starts", schedule.pk, limit)


def _kind(error: DomainError) -> ErrorKind:
    match error:
        case InvalidDefinition() | NotExecutable():
            return "tool_missing"
        case Invalid():
            return "schema_mismatch"
    return "rejected"
