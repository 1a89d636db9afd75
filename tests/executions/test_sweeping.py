"""A sweep over unfinished runs: nothing that is the matter with one of them keeps it from the others."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings
from temporalio.service import RPCError

from executions import temporal
from executions.models import WorkflowExecution
from executions.reconciling import Mending, reconcile_all
from executions.services import request_cancellation
from tests.executions.conftest import Json, Ran, Runner, WorkerThread
from tests.executions.engine.building import pause
from tests.executions.flows import RENDER
from tests.executions.locks import locked, wait_for_lock

LASTING: Json = {"steps": [pause("rest", 3600)]}
# Pydantic reads as many, and fails to write them.
TOO_DEEP = 200


def swept() -> dict[Mending, list[str]]:
    """What a sweep in a thread of its own did."""
    try:
        return reconcile_all(older_than_seconds=0)
    finally:
        connections.close_all()


def terminated(worker: WorkerThread, ran: Ran) -> None:
    """As an operator does it."""

    async def terminate() -> None:
        await (await temporal.connect()).get_workflow_handle(ran.id).terminate()

    worker.call(terminate())


def test_a_run_that_ends_while_the_sweep_looks_at_others_does_not_stop_it(runner: Runner) -> None:
    first, second = runner.start(LASTING).wait_for("WAITING"), runner.start(LASTING)
    second.wait_for("WAITING")
    last = runner.prepare({"steps": [RENDER]}, {})
    WorkflowExecution.objects.filter(pk=second.id).update(cancel_requested_at=timezone.now())
    terminated(runner.worker, first)
    with ThreadPoolExecutor(1) as threads:
        with locked(WorkflowExecution, first.id):
            sweep = threads.submit(swept)
            # It has asked Temporal about all three, and waits to write down the end of the first.
            wait_for_lock(is_over=sweep.done)
            second.cancel()
            assert second.wait().status == "CANCELLED"
        assert sweep.result() == {"finished": [first.id], "left": [second.id], "started": [last.pk]}


def test_a_mistake_of_ours_in_one_row_is_not_taken_for_an_absent_temporal(runner: Runner) -> None:
    broken = runner.prepare({"steps": [RENDER]}, {})
    broken.workflow.versions.update(definition_json=nested())
    broken.workflow.definition_json = nested()
    broken.workflow.save()
    younger = runner.prepare({"steps": [RENDER]}, {})
    done = reconcile_all(older_than_seconds=0)
    assert (done["left"], done["started"]) == ([broken.pk], [younger.pk])
    broken.refresh_from_db()
    assert broken.start_failures == 1


def nested() -> Json:
    """A definition with loops in loops, far deeper than any that is taken."""
    steps: list[Json] = [{**RENDER, "next": "end"}]
    for number in range(TOO_DEEP):
        around = {"id": f"l{number}", "type": "loop", "loop_mode": "count", "max_iterations": 1}
        steps = [{**around, "steps": steps, "entry_step": steps[0]["id"], "next": "end"}]
    return {"id": "deep", "name": "Deep", "steps": steps, "entry_step": steps[0]["id"]}


def test_a_namespace_that_temporal_does_not_know_ends_no_run(
    runner: Runner, settings: Settings
) -> None:
    ran = runner.start(LASTING).wait_for("WAITING")
    namespace, settings.TEMPORAL_NAMESPACE = settings.TEMPORAL_NAMESPACE, "mistyped"
    with pytest.raises(RPCError):
        reconcile_all(older_than_seconds=0)
    settings.TEMPORAL_NAMESPACE = namespace
    assert ran.status == "WAITING"
    request_cancellation(ran.row, by=runner.owner)
    assert ran.wait().status == "CANCELLED"
