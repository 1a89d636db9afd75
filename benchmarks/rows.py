"""The rows that runs of ours need, written before the clock starts."""

import uuid
from dataclasses import replace

from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken

from benchmarks.cases import SERVER, Case
from discovery.models import McpServer, McpTool
from executions.engine.messages.run_input import RunInput
from executions.models import StepRun, WorkflowExecution
from executions.starts.run_inputs import run_input_of
from workflows.definition.normalise import content_hash, normalise
from workflows.models import Workflow, WorkflowVersion

OWNER = "bench"


def make_owner() -> tuple[User, str]:
    """A user with a token, and the tool server's rows."""
    owner = User.objects.create_user(OWNER)
    server = McpServer.objects.create(
        id=SERVER, name=SERVER, transport="stdio", status="connected", created_by=None
    )
    McpTool.objects.create(
        server=server,
        name="add",
        input_schema={"type": "object"},
        schema_hash="bench",
        read_only=True,
        last_seen_at=timezone.now(),
    )
    _, token = AuthToken.objects.create(owner)
    return owner, token


def make_workflow(case: Case, owner: User) -> Workflow:
    """The stored workflow of a case."""
    canonical = normalise(case.definition)
    stored = canonical.to_json()
    row = Workflow.objects.create(
        id=case.name, name=case.name, definition_json=stored, created_by=owner
    )
    WorkflowVersion.objects.create(
        workflow=row,
        number=1,
        revision=1,
        definition_json=stored,
        content_hash=content_hash(canonical),
    )
    return row


def make_runs(workflow: Workflow, count: int) -> list[RunInput]:
    """So many PENDING rows, and what their runs are started with."""
    rows = [
        WorkflowExecution(
            id=f"execution-{uuid.uuid4()}",
            workflow=workflow,
            workflow_version=1,
            user_input="hello",
            created_by=workflow.created_by,
        )
        for _ in range(count)
    ]
    WorkflowExecution.objects.bulk_create(rows)
    first = run_input_of(rows[0])
    return [replace(first, execution_id=row.pk) for row in rows]


def require_recorded(runs: list[RunInput], steps: int) -> None:
    """Raise `RuntimeError` unless all of them completed and each step has its row."""
    ids = [run.execution_id for run in runs]
    completed = WorkflowExecution.objects.filter(pk__in=ids, status="COMPLETED").count()
    if completed != len(ids):
        bad = WorkflowExecution.objects.filter(pk__in=ids).exclude(status="COMPLETED").first()
        raise RuntimeError(f"{len(ids) - completed} runs did not complete: {bad and bad.error}")
    found = StepRun.objects.filter(execution_id__in=ids, status="COMPLETED").count()
    if found < steps * len(ids):
        raise RuntimeError(f"{found} steps are recorded instead of {steps * len(ids)}.")
