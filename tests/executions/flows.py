"""Small workflows of a person, stored through the services, and runs of them as rows."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from executions.models import ExecutionEvent, StepRun, WorkflowExecution
from workflows.models import Workflow
from workflows.services import create_workflow

RENDER = {
    "id": "greet",
    "type": "tool",
    "tool": "native:render_text",
    "arguments": {"template": "Hello, {name}!", "values": {"name": "${user_input}"}},
}
FAIL = {"id": "stop", "type": "end", "status": "failed", "error": "Nothing to do."}
ASK = {"id": "ask", "type": "agent", "agent": {"instructions": "Answer."}}


# A step is done at once, and then the run goes on for an hour.
LASTING: list[dict[str, Any]] = [
    {**RENDER, "next": "pause"},
    {"id": "pause", "type": "wait", "duration_seconds": 3600},
]


def workflow_of(owner: User, *steps: dict[str, Any], **more: Any) -> Workflow:
    """A stored workflow; without steps one that greets."""
    number = uuid.uuid4().hex[:8]
    definition = {
        "id": f"flow-{number}",
        "name": f"Flow {number}",
        "steps": list(steps) or [RENDER],
    }
    return create_workflow(by=owner, definition={**definition, **more})


def finished_run(workflow: Workflow, by: User, **fields: Any) -> WorkflowExecution:
    """A completed run with two step runs and three events, as the recording leaves it."""
    now = timezone.now()
    values = {
        "id": f"execution-{uuid.uuid4()}",
        "workflow_version": workflow.version,
        "status": WorkflowExecution.Status.COMPLETED,
        "started_at": now - timedelta(seconds=2),
        "completed_at": now,
        "output_json": "Hello, Ada!",
        "user_input": "Ada",
        "last_event_number": 3,
        **fields,
    }
    run = WorkflowExecution.objects.create(workflow=workflow, created_by=by, **values)
    step_run(run, "first", position=1)
    step_run(run, "greet", position=2, output_json="Hello, Ada!")
    for number, status in enumerate(("RUNNING", "COMPLETED", "COMPLETED"), start=1):
        ExecutionEvent.objects.create(
            execution=run, number=number, kind="step", data={"path": "greet", "status": status}
        )
    return run


def step_run(run: WorkflowExecution, path: str, **fields: Any) -> StepRun:
    """A completed step run."""
    now = timezone.now()
    values = {
        "step_id": path.rpartition("/")[2],
        "step_type": "tool",
        "status": StepRun.Status.COMPLETED,
        "started_at": now - timedelta(milliseconds=1500),
        "completed_at": now,
        "attempts": 1,
        **fields,
    }
    return StepRun.objects.create(execution=run, path=path, **values)
