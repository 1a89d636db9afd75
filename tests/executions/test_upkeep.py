"""The chores that mend what a crash left: everybody's, bounded, and done by one process at a time."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from pytest_django import Settings

from common import upkeep
from discovery.models import McpServer
from executions import reconciling
from executions.models import WorkflowExecution
from tests.executions.conftest import Runner
from tests.executions.flows import RENDER
from tests.executions.locks import another_connection
from tests.executions.tap import Tap


def _age(seconds: float) -> None:
    WorkflowExecution.objects.update(created_at=timezone.now() - timedelta(seconds=seconds))


def test_a_pass_starts_what_was_left_behind(runner: Runner) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    _age(40)
    assert upkeep.mend()["executions"] == {"started": [run.pk], "finished": [], "left": 0}


def test_only_one_process_does_the_chores_at_a_time(runner: Runner) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    _age(40)
    with another_connection() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [upkeep.LOCK])
        assert upkeep.mend() == {}
        run.refresh_from_db()
        assert run.status == "PENDING"
        other.execute("SELECT pg_advisory_unlock(%s)", [upkeep.LOCK])
    assert upkeep.mend()["executions"]["started"] == [run.pk]


def test_a_broken_chore_leaves_the_others_alone(runner: Runner, settings: Settings) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    _age(40)
    chores = settings.UPKEEP
    settings.UPKEEP = {"broken": "tests.executions.test_upkeep.broken"} | chores
    done = upkeep.mend()
    assert done["broken"] == {"error": "Out of order."}
    assert done["executions"]["started"] == [run.pk]


def broken() -> upkeep.Done:
    """A chore that can't be done."""
    raise ValueError("Out of order.")


def test_a_pass_that_was_cut_goes_on_where_it_stopped(runner: Runner, settings: Settings) -> None:
    runs = [runner.prepare({"steps": [RENDER]}, {}) for _ in range(3)]
    for number, run in enumerate(runs):
        created_at = timezone.now() - timedelta(seconds=60 - number)
        WorkflowExecution.objects.filter(pk=run.pk).update(created_at=created_at)
    sweep = reconciling.Sweep(30, page=2)
    assert sweep.go(seconds=0)["started"] == [runs[0].pk, runs[1].pk]
    assert not sweep.is_over
    assert sweep.go(seconds=0)["started"] == [runs[2].pk]
    assert sweep.is_over


def test_a_cancellation_that_temporal_never_heard_of_is_told_again(
    runner: Runner, tap: Tap
) -> None:
    ran = runner.start({"steps": [tap.step("held", "hold/held")]})
    tap.wait_for("held")
    WorkflowExecution.objects.update(cancel_requested_at=timezone.now())
    assert reconciling.reconcile(ran.row) == "left"
    assert ran.wait().status == "CANCELLED"


def test_a_refresh_whose_worker_died_is_queued_again(db: None) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    fields: dict[str, Any] = {"transport": McpServer.Transport.STDIO}
    McpServer.objects.create(id="lost", name="Lost", refresh_requested_at=long_ago, **fields)
    McpServer.objects.create(id="new", name="New", refresh_requested_at=timezone.now(), **fields)
    assert upkeep.mend()["refreshes"] == {"queued_again": 1}
