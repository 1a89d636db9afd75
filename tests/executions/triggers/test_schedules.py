"""Schedules: rows are the truth, the real Temporal server fires them, one run for each time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from pytest_django import Settings
from temporalio.client import ScheduleBackfill, ScheduleOverlapPolicy, WorkflowFailureError
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import CancelledError
from temporalio.service import RPCError

from common.errors import Conflict, Forbidden, Invalid, NotExecutable, NotFound
from executions.activities.launches import _launch_scheduled
from executions.engine.messages.launches import SCHEDULED_START, LaunchScheduled
from executions.engine.scheduled_start import NOMINAL_TIME
from executions.models import ExecutionEvent, WorkflowExecution
from executions.services import wait_for_end
from executions.starts.starting import start_on_temporal
from executions.temporal import connect
from executions.triggers import schedules
from executions.triggers.firing import LaunchRefused, execution_id_of, fire
from executions.triggers.models import Schedule
from executions.triggers.syncing import sync_schedules
from tests.executions.flows import LASTING, RENDER, workflow_of
from tests.executions.test_services import AGENT, SCHEMA
from tests.executions.triggers.conftest import Clock, described, meant_for, starts_of, until
from workflows.services import archive_workflow, restore_workflow, save_workflow

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
BYE = {**RENDER, "arguments": {"template": "Bye!", "values": {}}}
DAILY: Any = {"name": "Daily", "cron": "0 9 * * *", "context_json": {}}


def test_an_interval_really_fires_once_for_each_time(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner), user_input="Ada")
    until(lambda: len(clock.runs(schedule)) >= 3)
    schedules.pause_schedule(schedule, by=clock.runner.owner)
    for run in clock.runs(schedule):
        wait_for_end(run, 30)
    runs = clock.runs(schedule)
    assert {(run.status, run.triggered_by, run.created_by) for run in runs} == {
        ("COMPLETED", "schedule", clock.runner.owner)
    }
    assert "Hello, Ada!" in str(runs[0].output_json)
    meant = [meant_for(run) for run in runs]
    assert meant == sorted(set(meant))
    assert {(time.microsecond, execution_id_of(schedule.pk, time)) for time in meant} == {
        (0, run.pk) for run in runs
    }


def test_a_time_that_temporal_fires_again_is_the_same_run(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner), interval_seconds=86_400)
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    async_to_sync(fired_once_more)(schedule, days[0], days[-1])
    until(lambda: starts_of(schedule) == days)
    runs = clock.runs(schedule)
    assert {run.pk for run in runs} == {execution_id_of(schedule.pk, day) for day in days}
    async_to_sync(fired_once_more)(schedule, days[0], days[-1])
    until(lambda: starts_of(schedule) == sorted(days * 2))
    assert [run.pk for run in clock.runs(schedule)] == [run.pk for run in runs]


async def fired_once_more(schedule: Schedule, start: datetime, end: datetime) -> None:
    """As an operator does it who lets Temporal make up for a time."""
    handle = (await connect()).get_schedule_handle(schedule.pk)
    policy = ScheduleOverlapPolicy.ALLOW_ALL
    await handle.backfill(ScheduleBackfill(start - timedelta(seconds=1), end, overlap=policy))


def test_while_a_run_goes_on_no_second_one_starts(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner, *LASTING))
    until(lambda: described(schedule).info.num_actions_skipped_overlap >= 2)
    [run] = clock.runs(schedule)
    assert not run.is_finished


def test_cancel_other_cancels_the_run_before_and_records_it(clock: Clock) -> None:
    schedule = clock.schedule(
        workflow_of(clock.runner.owner, *LASTING), overlap_policy="cancel_other"
    )
    until(lambda: len(clock.runs(schedule)) >= 2)
    schedules.pause_schedule(schedule, by=clock.runner.owner)
    first = clock.runs(schedule)[0]
    assert wait_for_end(first, 30).status == "CANCELLED"


def test_the_same_time_asked_for_again_and_again_is_one_run(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner), is_paused=True)
    ids = {fire(schedule, NOON).pk for _ in range(3)}
    assert ids == {execution_id_of(schedule.pk, NOON)}
    assert WorkflowExecution.objects.count() == 1
    other = datetime(2027, 1, 1, 13, tzinfo=UTC)
    assert fire(schedule, other).pk not in ids


def test_a_run_that_the_sweep_started_first_is_waited_for(clock: Clock) -> None:
    """The row was written, the worker died, the sweep over PENDING rows was faster than the schedule's own retry."""
    workflow = workflow_of(clock.runner.owner, *LASTING)
    schedule = clock.schedule(workflow, interval_seconds=3600, is_paused=True)
    run = fire(schedule, NOON)
    start_on_temporal(run)
    schedules.resume_schedule(schedule, by=clock.runner.owner)
    async_to_sync(_start_as_scheduled_and_cancel)(schedule)
    assert wait_for_end(run, 30).status == "CANCELLED"
    assert WorkflowExecution.objects.count() == 1


async def _start_as_scheduled_and_cancel(schedule: Schedule) -> None:
    client = await connect()
    handle = await client.start_workflow(
        SCHEDULED_START,
        schedule.pk,
        id=f"{schedule.pk}-again",
        task_queue=django_settings.TEMPORAL_TASK_QUEUE,
        search_attributes=TypedSearchAttributes([SearchAttributePair(NOMINAL_TIME, NOON)]),
        result_type=str,
    )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await handle.result()
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as ended:
        await handle.result()
    assert isinstance(ended.value.cause, CancelledError)


def test_pausing_and_resuming_reach_temporal(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner), interval_seconds=3600)
    assert described(schedule).schedule.state.paused is False
    schedules.pause_schedule(schedule, by=clock.runner.owner, note="Holidays")
    assert described(schedule).schedule.state.paused is True
    assert "Holidays" in str(described(schedule).schedule.state.note)
    schedule.refresh_from_db()
    assert (schedule.is_paused, schedule.is_synced, schedule.note) == (True, True, "Holidays")
    schedules.resume_schedule(schedule, by=clock.runner.owner)
    assert described(schedule).schedule.state.paused is False


def test_a_paused_row_fires_nothing_even_if_temporal_was_not_told(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner), is_paused=True)
    launched, _ = _launch_scheduled(LaunchScheduled(schedule.pk, NOON))
    assert (launched.run_input, "paused" in launched.reason) == (None, True)
    assert not WorkflowExecution.objects.exists()


def test_it_runs_the_pinned_the_published_or_the_current_version(clock: Clock) -> None:
    owner = clock.runner.owner
    workflow = workflow_of(owner)
    pinned = clock.schedule(workflow, version=1, is_paused=True)
    free = clock.schedule(workflow, is_paused=True)
    save_workflow(workflow, by=owner, definition={"steps": [BYE], "name": workflow.name})
    for row in (pinned, free):
        row.workflow.refresh_from_db()
    assert [fire(row, NOON).workflow_version for row in (pinned, free)] == [1, 2]
    workflow.refresh_from_db()
    workflow.published_version = 1
    workflow.save()
    free.workflow.refresh_from_db()
    assert fire(free, datetime(2027, 1, 2, tzinfo=UTC)).workflow_version == 1


def test_archiving_pauses_and_restoring_does_not_resume(clock: Clock) -> None:
    owner = clock.runner.owner
    workflow = workflow_of(owner)
    schedule = clock.schedule(workflow, interval_seconds=3600)
    archive_workflow(workflow, by=owner)
    schedule.refresh_from_db()
    assert (schedule.is_paused, schedule.is_synced) == (True, False)
    with pytest.raises(Conflict, match="archived"):
        schedules.resume_schedule(schedule, by=owner)
    restore_workflow(workflow, by=owner)
    assert schedule.pk in sync_schedules()["brought"]
    assert described(schedule).schedule.state.paused is True
    schedule.refresh_from_db()
    assert (schedule.is_paused, schedule.is_synced) == (True, True)


def test_without_temporal_the_row_is_kept_and_brought_later(
    clock: Clock, settings: Settings
) -> None:
    address = settings.TEMPORAL_ADDRESS
    settings.TEMPORAL_ADDRESS = "127.0.0.1:9"
    schedule = clock.schedule(workflow_of(clock.runner.owner), interval_seconds=3600)
    schedule.refresh_from_db()
    assert schedule.is_synced is False
    settings.TEMPORAL_ADDRESS = address
    assert schedule.pk in sync_schedules()["brought"]
    assert described(schedule).schedule.spec.intervals[0].every.total_seconds() == 3600
    schedule.refresh_from_db()
    assert schedule.is_synced is True


def test_what_has_no_row_is_removed_from_temporal(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner), interval_seconds=3600)
    Schedule.objects.all().delete()
    # Temporal lists a new schedule a little late.
    until(lambda: schedule.pk in sync_schedules()["removed"])
    with pytest.raises(RPCError):
        described(schedule)


def test_deleting_removes_it_and_keeps_its_runs(clock: Clock) -> None:
    schedule = clock.schedule(workflow_of(clock.runner.owner), is_paused=True)
    run = fire(schedule, NOON)
    key = Schedule(pk=schedule.pk)
    schedules.delete_schedule(schedule, by=clock.runner.owner)
    with pytest.raises(RPCError):
        described(key)
    run.refresh_from_db()
    assert (run.schedule_id, run.triggered_by) == (None, "schedule")


@pytest.fixture
def daily(alice: User) -> Schedule:
    """Alice's schedule, of which Temporal does not know yet."""
    return schedules.create_schedule(workflow=workflow_of(alice), by=alice, **DAILY)


def test_a_start_that_fails_is_written_down_once(daily: Schedule) -> None:
    User.objects.update(is_active=False)
    daily.created_by.refresh_from_db()
    for _ in range(2):
        with pytest.raises(LaunchRefused, match="deactivated"):
            fire(daily, NOON)
        # The second time finds the failed run of the first.
        daily.refresh_from_db()
    run = WorkflowExecution.objects.get()
    assert (run.status, run.triggered_by, run.schedule_id) == ("FAILED", "schedule", daily.pk)
    assert "deactivated" in run.error
    assert ("deactivated" in daily.error, daily.failures) == (True, 1)
    assert ExecutionEvent.objects.filter(execution=run, data__status="FAILED").count() == 1


def test_a_workflow_that_can_not_run_any_more_fails_visibly_and_recovers(
    daily: Schedule, alice: User
) -> None:
    save_workflow(
        daily.workflow, by=alice, definition={"steps": [AGENT], "name": daily.workflow.name}
    )
    daily.workflow.refresh_from_db()
    with pytest.raises(LaunchRefused):
        fire(daily, NOON)
    daily.refresh_from_db()
    assert (daily.failures, "nobody" in daily.error) == (1, True)
    save_workflow(
        daily.workflow, by=alice, definition={"steps": [RENDER], "name": daily.workflow.name}
    )
    daily.workflow.refresh_from_db()
    assert fire(daily, datetime(2027, 1, 2, tzinfo=UTC)).status == "PENDING"
    daily.refresh_from_db()
    assert (daily.failures, daily.error) == (0, "")


def test_a_schedule_that_only_fails_pauses_itself_and_says_what_to_do(
    daily: Schedule, settings: Settings, bob: User
) -> None:
    settings.SCHEDULE_MAX_FAILURES = 3
    User.objects.filter(pk=daily.created_by_id).update(is_active=False)
    revision = daily.revision
    for day in (1, 2, 3):
        daily = Schedule.objects.select_related("workflow", "created_by").get(pk=daily.pk)
        assert not daily.is_paused
        with pytest.raises(LaunchRefused):
            fire(daily, datetime(2027, 1, day, tzinfo=UTC))
    daily.refresh_from_db()
    assert (daily.is_paused, daily.failures, daily.is_synced) == (True, 3, False)
    assert daily.revision == revision + 1
    assert daily.note.startswith("Paused by itself after 3 failed starts in a row.")
    assert "resume it" in daily.note
    assert "deactivated" in daily.note
    User.objects.filter(pk=daily.created_by_id).update(is_active=True)
    resumed = schedules.resume_schedule(daily, by=User.objects.get(pk=daily.created_by_id))
    assert (resumed.is_paused, resumed.failures, resumed.note) == (False, 0, "")


def test_a_schedule_of_a_workflow_that_can_not_run_is_refused(alice: User) -> None:
    with pytest.raises(NotExecutable):
        schedules.create_schedule(workflow=workflow_of(alice, AGENT), by=alice, **DAILY)
    with pytest.raises(Invalid) as refused:
        schedules.create_schedule(
            workflow=workflow_of(alice, input_schema=SCHEMA), by=alice, **DAILY
        )
    assert refused.value.code == "input_mismatch"
    assert not Schedule.objects.exists()


def test_a_member_may_pause_but_not_steer_what_runs_for_another(
    alice: User, carol: User, team: Group, daily: Schedule
) -> None:
    daily.workflow.shared_with.add(team)
    with pytest.raises(Forbidden):
        schedules.change_schedule(daily, by=carol, user_input="Mallory")
    with pytest.raises(Forbidden):
        schedules.fire_now(daily, by=carol)
    assert schedules.pause_schedule(daily, by=carol).is_paused
    daily.refresh_from_db()
    assert daily.user_input == ""
    assert not WorkflowExecution.objects.exists()


def test_somebody_else_finds_nothing(daily: Schedule, bob: User) -> None:
    for change in (schedules.pause_schedule, schedules.fire_now, schedules.delete_schedule):
        with pytest.raises(NotFound):
            change(daily, by=bob)
    daily.refresh_from_db()
    assert daily.is_paused is False
