"""Making and changing schedules, and firing one by hand; each function is one transaction."""

import logging
import uuid
from functools import partial
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from pydantic import JsonValue

from audit.recording import Action
from common.errors import Conflict, Forbidden, NotFound
from common.idempotency import first_answer
from common.ownership import may_change
from executions.models import WorkflowExecution
from executions.services import start_execution
from executions.trail import State, record_trigger, record_trigger_changed, state_of
from executions.triggers.firing import launch_of
from executions.triggers.models import Schedule
from executions.triggers.rules import require_runnable, require_times
from executions.triggers.selectors import schedules_for
from executions.triggers.syncing import push
from workflows.drift.pinning import hold_pins, keep_pins
from workflows.models import Workflow
from workflows.selectors import workflows_for

logger = logging.getLogger(__name__)


class ScheduleFields(TypedDict, total=False):
    """What a person may say about a schedule."""

    name: str
    cron: str
    time_zone: str
    interval_seconds: int | None
    jitter_seconds: int
    overlap_policy: str
    catchup_window_seconds: int
    version: int | None
    user_input: str
    input_json: JsonValue
    context_json: dict[str, Any]
    is_paused: bool
    note: str


# What decides whether a run could start; changing the rest asks nothing of the workflow.
RUN_FIELDS = frozenset({"version", "user_input", "input_json", "context_json"})


def create_schedule(
    *,
    workflow: Workflow,
    by: User,
    idempotency_key: str | None = None,
    request_hash: str = "",
    **fields: Unpack[ScheduleFields],
) -> Schedule:
    """A new schedule; a repeated request gets the row of the first one. Temporal is told after the commit.

    Raises `NotFound`, `Conflict` (archived), `Invalid` (times, input), `NotExecutable` (can't run) and
    `Unprocessable` (the idempotency key was used for another request).
    """
    repeated = _first_answer(by, idempotency_key, request_hash)
    if repeated is not None:
        return repeated
    row = Schedule(
        id=f"schedule-{uuid.uuid4()}",
        workflow=workflow,
        created_by=by,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        **fields,
    )
    _require_workflow(row)
    require_times(row, shortest_seconds=settings.SCHEDULE_MIN_INTERVAL_SECONDS)
    require_runnable(row)
    try:
        with transaction.atomic():
            hold_pins(workflow.pk)
            row.save(force_insert=True)
            keep_pins(workflow.pk, by=by)
            record_trigger(Action.CREATED, row, by=by)
            transaction.on_commit(partial(push, row.pk))
    except IntegrityError:
        repeated = _first_answer(by, idempotency_key, request_hash)
        if repeated is None:
            raise
        return repeated
    logger.info("schedule %s of %s created by %s", row.pk, workflow.pk, by.pk)
    return row


@transaction.atomic
def change_schedule(schedule: Schedule, *, by: User, **fields: Unpack[ScheduleFields]) -> Schedule:
    """Change what is given; only who made it, or staff: it starts runs on its maker's behalf.

    Raises `NotFound`, `Forbidden` and what `create_schedule` raises for values.
    """
    row = _locked(schedule, by)
    _require_maker(row, by)
    before = state_of(row)
    for name, value in fields.items():
        setattr(row, name, value)
    require_times(row, shortest_seconds=settings.SCHEDULE_MIN_INTERVAL_SECONDS)
    if not row.is_paused:
        _require_workflow(row)
    if RUN_FIELDS & fields.keys():
        require_runnable(row)
    saved = _saved(row, before, by)
    if "version" in fields:
        keep_pins(row.workflow_id, by=by)
    return saved


@transaction.atomic
def pause_schedule(schedule: Schedule, *, by: User, note: str | None = None) -> Schedule:
    """Fire no more; also those who may change the workflow may ask for it. Pausing twice is pausing once."""
    return _set_paused(schedule, True, by=by, note=note)


@transaction.atomic
def resume_schedule(schedule: Schedule, *, by: User, note: str | None = None) -> Schedule:
    """Fire again from now on; what was missed is not made up for. Raises `Conflict` for an archived workflow."""
    return _set_paused(schedule, False, by=by, note=note)


@transaction.atomic
def delete_schedule(schedule: Schedule, *, by: User) -> None:
    """Remove it; its runs stay."""
    row = _locked(schedule, by)
    _require_answerable(row, by)
    record_trigger(Action.DELETED, row, by=by)
    key = row.pk
    row.delete()
    keep_pins(row.workflow_id, by=by)
    transaction.on_commit(partial(push, key))
    logger.info("schedule %s deleted by %s", key, by.pk)


def fire_now(
    schedule: Schedule, *, by: User, idempotency_key: str | None = None, request_hash: str = ""
) -> WorkflowExecution:
    """Start a run at once, on behalf of the schedule's maker, paused or not and whatever the overlap policy says.

    Raises `Forbidden` and what `start_execution` raises.
    """
    row = schedules_for(by).select_related("workflow", "created_by").filter(pk=schedule.pk).first()
    if row is None:
        raise _absent()
    _require_maker(row, by)
    return start_execution(
        launch_of(row, idempotency_key=idempotency_key, request_hash=request_hash)
    )


def _set_paused(schedule: Schedule, is_paused: bool, *, by: User, note: str | None) -> Schedule:
    row = _locked(schedule, by)
    _require_answerable(row, by)
    if row.is_paused == is_paused and note in (None, row.note):
        return row
    before = state_of(row)
    row.is_paused = is_paused
    row.note = "" if note is None else note
    if not is_paused:
        _require_workflow(row)
        # Else the next failure would pause it again.
        row.failures = 0
    return _saved(row, before, by)


def _saved(row: Schedule, before: State, by: User) -> Schedule:
    row.revision += 1
    row.is_synced = False
    row.save()
    record_trigger_changed(row, before, by=by)
    transaction.on_commit(partial(push, row.pk))
    logger.info("schedule %s saved by %s: revision %s", row.pk, by.pk, row.revision)
    return row


def _locked(schedule: Schedule, by: User) -> Schedule:
    hold_pins(schedule.workflow_id)
    rows = schedules_for(by).select_for_update(of=("self",)).select_related("workflow")
    row = rows.filter(pk=schedule.pk).first()
    if row is None:
        raise _absent()
    return row


def _first_answer(by: User, key: str | None, request_hash: str) -> Schedule | None:
    return first_answer(Schedule.objects.all(), owner=by, key=key, request_hash=request_hash)


def _require_maker(row: Schedule, by: User) -> None:
    if row.created_by_id != by.pk and not by.is_staff:
        raise Forbidden(
            "This schedule starts runs on behalf of who made it; only they or staff may change or fire it. "
            "You may pause or delete it, or make your own."
        )


def _require_answerable(row: Schedule, by: User) -> None:
    if row.created_by_id != by.pk and not may_change(row.workflow, by):
        raise Forbidden("Only who made it, or who may change the workflow, may do this.")


def _require_workflow(row: Schedule) -> None:
    if not workflows_for(row.created_by).filter(pk=row.workflow_id).exists():
        raise NotFound("There is no such workflow.")
    if not row.workflow.is_active:
        raise Conflict("This workflow is archived; restore it first.", code="inactive")


def _absent() -> NotFound:
    return NotFound("There is no such schedule.")
