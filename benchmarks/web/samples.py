"""The rows that the requests ask for, each written as the product writes it."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from executions.models import StepRun, WorkflowExecution
from workflows.models import Workflow
from workflows.services import create_workflow

COUNT = 10
STEPS = [
    {"id": f"s{number}", "type": "tool", "tool": "native:text_stats", "arguments": {"text": "a"}}
    for number in range(1, 4)
]


def sample_workflow(owner: User, name: str, **fields: Any) -> Workflow:
    """A workflow of three steps."""
    definition = {"id": name, "name": name, "steps": STEPS}
    return create_workflow(by=owner, definition=definition, **fields)


def sample_run(owner: User, name: str) -> WorkflowExecution:
    """A run of ten steps that has ended, of a workflow of that name."""
    now = timezone.now()
    run = WorkflowExecution.objects.create(
        id=f"execution-{name}",
        workflow=sample_workflow(owner, name),
        workflow_version=1,
        status=WorkflowExecution.Status.COMPLETED,
        created_by=owner,
        started_at=now - timedelta(seconds=1),
        completed_at=now,
        input_tokens=100,
    )
    StepRun.objects.bulk_create(_step(run, number) for number in range(1, COUNT + 1))
    return run


def _step(run: WorkflowExecution, number: int) -> StepRun:
    return StepRun(
        execution=run,
        path=f"s{number}",
        step_id=f"s{number}",
        step_type="tool",
        position=number,
        status=StepRun.Status.COMPLETED,
        attempts=1,
        input_json={"text": "a" * 100},
        output_json={"words": 1, "text": "abcdefghij" * 10},
        input_tokens=10,
        started_at=run.started_at,
        completed_at=run.completed_at,
    )
