"""Schedules on the real Temporal server, taken down after each test."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings
from temporalio.client import ScheduleDescription

from executions.engine.scheduled_start import NOMINAL_TIME
from executions.models import WorkflowExecution
from executions.temporal import connect, describe
from executions.triggers import temporal_schedules
from executions.triggers.models import Schedule
from executions.triggers.schedules import create_schedule
from tests.executions.conftest import Runner
from workflows.models import Workflow

PATIENCE_SECONDS = 30


def until(happens: Callable[[], Any]) -> Any:
    """What it returns as soon as that is something; fails after half a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = happens()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"It did not happen within {PATIENCE_SECONDS} seconds.")


@async_to_sync
async def described(schedule: Schedule) -> ScheduleDescription:
    """What Temporal has under its id."""
    return await (await connect()).get_schedule_handle(schedule.pk).describe()


@async_to_sync
async def starts_of(schedule: Schedule) -> list[datetime]:
    """The times for which Temporal has fired it, the earliest first, of what has completed and is listed by now."""
    query = f'TemporalScheduledById = "{schedule.pk}" AND ExecutionStatus = "Completed"'
    found = (await connect()).list_workflows(query)
    return sorted([start.typed_search_attributes[NOMINAL_TIME] async for start in found])


@async_to_sync
async def meant_for(run: WorkflowExecution) -> datetime:
    """The time for which a schedule started the run: Temporal appends it to the id of what it starts."""
    found = await describe(run.pk)
    assert found is not None
    assert found.parent_id is not None
    return datetime.fromisoformat(found.parent_id.removeprefix(f"{run.schedule_id}-"))


class Clock:
    """Makes schedules for the runner's owner."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def schedule(self, workflow: Workflow, **fields: Any) -> Schedule:
        """A schedule that Temporal knows; without a time one that fires every second."""
        times = {} if fields.keys() & {"cron", "interval_seconds"} else {"interval_seconds": 1}
        made = {"name": "Often", "context_json": {}, **times, **fields}
        return create_schedule(workflow=workflow, by=self.runner.owner, **made)

    def runs(self, schedule: Schedule) -> list[WorkflowExecution]:
        """What it started, the oldest first."""
        return list(WorkflowExecution.objects.filter(schedule=schedule).order_by("created_at"))


@pytest.fixture
def clock(runner: Runner, settings: Settings) -> Iterator[Clock]:
    """Schedules may fire every second here."""
    settings.SCHEDULE_MIN_INTERVAL_SECONDS = 1
    address = settings.TEMPORAL_ADDRESS
    yield Clock(runner)
    settings.TEMPORAL_ADDRESS = address
    for key in Schedule.objects.values_list("pk", flat=True):
        async_to_sync(temporal_schedules.remove)(key)
