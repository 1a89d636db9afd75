"""What each overlap policy does while a run still goes on; `skip` and `cancel_other` stand in `test_schedules.py`."""

from datetime import timedelta

from asgiref.sync import async_to_sync
from temporalio.client import WorkflowExecutionStatus

from executions.models import Schedule, StepRun, WorkflowExecution
from executions.services import request_cancellation, wait_for_end
from executions.temporal import connect, describe
from executions.triggers import schedules
from tests.executions.flows import LASTING, workflow_of
from tests.executions.triggers.conftest import Clock, described, meant_for, until

SECOND = timedelta(seconds=1)


def lasting(clock: Clock, policy: str, *, every_seconds: int = 1) -> Schedule:
    """Fires so often what goes on for an hour."""
    workflow = workflow_of(clock.runner.owner, *LASTING)
    return clock.schedule(workflow, overlap_policy=policy, interval_seconds=every_seconds)


def buffered(schedule: Schedule) -> int:
    """How many firings Temporal keeps for later."""
    return described(schedule).raw_description.info.buffer_size


def ended_by_hand(clock: Clock, run: WorkflowExecution) -> None:
    """The run, cancelled by its owner."""
    request_cancellation(run, by=clock.runner.owner)
    assert wait_for_end(run, 30).status == "CANCELLED"


def next_run(clock: Clock, schedule: Schedule, number: int) -> WorkflowExecution:
    """The run of that number, as soon as it waits; none other has started."""
    runs: list[WorkflowExecution] = until(
        lambda: [run for run in clock.runs(schedule) if run.started_at][number - 1 :]
    )
    assert len(runs) == 1
    return runs[0]


def test_buffer_all_starts_every_firing_one_after_the_other(clock: Clock) -> None:
    schedule = lasting(clock, "buffer_all")
    first = next_run(clock, schedule, 1)
    until(lambda: buffered(schedule) >= 3)
    assert len(clock.runs(schedule)) == 1
    ended_by_hand(clock, first)
    second = next_run(clock, schedule, 2)
    ended_by_hand(clock, second)
    third = next_run(clock, schedule, 3)
    assert meant_for(second) - meant_for(first) == SECOND
    assert meant_for(third) - meant_for(second) == SECOND


def test_buffer_one_keeps_one_firing_and_drops_the_others(clock: Clock) -> None:
    schedule = lasting(clock, "buffer_one")
    first = next_run(clock, schedule, 1)
    until(lambda: described(schedule).info.num_actions_skipped_overlap >= 2)
    assert (buffered(schedule), len(clock.runs(schedule))) == (1, 1)
    ended_by_hand(clock, first)
    second = next_run(clock, schedule, 2)
    assert meant_for(second) - meant_for(first) == SECOND
    ended_by_hand(clock, second)
    third = next_run(clock, schedule, 3)
    assert meant_for(third) - meant_for(second) >= 3 * SECOND


def test_allow_all_starts_beside_what_goes_on(clock: Clock) -> None:
    schedule = lasting(clock, "allow_all")
    runs = until(lambda: [run for run in clock.runs(schedule) if run.status == "WAITING"][2:])
    schedules.pause_schedule(schedule, by=clock.runner.owner)
    assert runs
    assert {run.is_finished for run in clock.runs(schedule)} == {False}


def test_terminate_other_starts_at_once_and_the_run_before_still_records_its_end(
    clock: Clock,
) -> None:
    # Time enough to pause it: a third firing would end the second run, and start none of a paused schedule.
    schedule = lasting(clock, "terminate_other", every_seconds=4)
    first = next_run(clock, schedule, 1)
    until(lambda: len(clock.runs(schedule)) >= 2)
    schedules.pause_schedule(schedule, by=clock.runner.owner)
    assert wait_for_end(first, 30).status == "CANCELLED"
    statuses = dict(StepRun.objects.filter(execution=first).values_list("path", "status"))
    assert statuses == {"greet": "COMPLETED", "pause": "CANCELLED"}
    assert started_as(first) == WorkflowExecutionStatus.TERMINATED
    last = clock.runs(schedule)[-1]
    assert not last.is_finished
    # Each of them but the last has ended in the same way, and its end is written down.
    others = clock.runs(schedule)[:-1]
    assert {wait_for_end(run, 30).status for run in others} == {"CANCELLED"}


@async_to_sync
async def started_as(run: WorkflowExecution) -> WorkflowExecutionStatus | None:
    """How the start of the run has ended, which lasts as long as the run unless it is terminated."""
    found = await describe(run.pk)
    assert found is not None
    assert found.parent_id is not None
    start = (await connect()).get_workflow_handle(found.parent_id)
    return (await start.describe()).status
