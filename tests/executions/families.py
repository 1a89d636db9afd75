"""Runs that other runs started, and waiting for them."""

import time
from typing import Any

from executions.models import StepRun, WorkflowExecution
from tests.executions.conftest import PATIENCE_SECONDS, Ran
from workflows.models import Workflow


def child_step(workflow: Workflow, **more: Any) -> dict[str, Any]:
    """A step that runs the workflow."""
    return {"id": "child", "type": "workflow", "workflow_id": workflow.pk, **more}


def child_of(ran: Ran) -> Ran:
    """Its only child."""
    return Ran(ran.worker, WorkflowExecution.objects.get(parent_id=ran.id).pk)


def children(ran: Ran) -> list[WorkflowExecution]:
    """Rows of the runs that its steps started."""
    return list(WorkflowExecution.objects.filter(parent_id=ran.id).order_by("created_at"))


def first_child(ran: Ran) -> Ran:
    """The child, as soon as it is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := children(ran)):
        assert time.monotonic() < deadline, (ran.status, ran.row.error)
        time.sleep(0.05)
    return Ran(ran.worker, found[0].pk)


def wait_for_step(ran: Ran, path: str, status: str) -> None:
    """Until the step stands like this."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not StepRun.objects.filter(execution_id=ran.id, path=path, status=status).exists():
        assert time.monotonic() < deadline, ran.statuses
        time.sleep(0.05)
