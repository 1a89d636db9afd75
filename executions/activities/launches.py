"""Launching runs from inside Temporal: the row first, once, whatever is repeated."""

import asyncio
from dataclasses import replace

from temporalio import activity

from executions import visibility
from executions.activities.database import in_database
from executions.activities.heartbeats import heartbeats
from executions.engine.messages import launches as launch_messages
from executions.engine.messages.launches import Launched, LaunchScheduled
from executions.runs_on_temporal import cancel, wait_until_closed
from executions.starts.run_inputs import run_input_of
from executions.starts.start_request import labels_of
from executions.triggers.firing import LaunchRefused, fire
from executions.triggers.models import Schedule
from executions.triggers.temporal_spec import nominal_time
from executions.visibility import Labels


@activity.defn(name=launch_messages.LAUNCH_SCHEDULED)
async def launch_scheduled(request: LaunchScheduled) -> Launched:
    """The run of one firing time, to be started; a database that is away is Temporal's to try again."""
    launched, labels = await in_database(_launch_scheduled, request)
    if launched.run_input is None or labels is None:
        return launched
    client = activity.client()
    attributes = await visibility.known_attributes(client, launched.run_input, labels)
    return replace(launched, attributes=attributes)


@activity.defn(name=launch_messages.AWAIT_RUN)
async def await_run(execution_id: str) -> None:
    """Last as long as a run that somebody else started, however it ends; being cancelled cancels the run."""
    with heartbeats():
        try:
            await wait_until_closed(activity.client(), execution_id)
        except asyncio.CancelledError:
            await cancel(activity.client(), execution_id)
            raise


def _launch_scheduled(request: LaunchScheduled) -> tuple[Launched, Labels | None]:
    rows = Schedule.objects.select_related("workflow", "created_by")
    schedule = rows.filter(pk=request.schedule_id).first()
    if schedule is None:
        return _nothing(request, "The schedule was deleted; Temporal will be told."), None
    if schedule.is_paused:
        return _nothing(request, "The schedule is paused; Temporal will be told."), None
    try:
        execution = fire(schedule, nominal_time(schedule, request.at))
    except LaunchRefused as refusal:
        return Launched(refusal=str(refusal)), None
    if execution.is_finished:
        return _nothing(request, f"The run {execution.pk} of this time has ended already."), None
    return Launched(execution.pk, run_input_of(execution)), labels_of(execution)


def _nothing(request: LaunchScheduled, reason: str) -> Launched:
    activity.logger.warning("schedule %s: %s", request.schedule_id, reason)
    return Launched(reason=reason)
