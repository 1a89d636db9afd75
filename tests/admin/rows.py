"""Rows of every model that the admin shows, any number of them, with hostile text and secrets in them."""

from django.contrib.auth.models import Group, User
from django.utils import timezone
from knox.models import AuthToken

from discovery.models import Agent, McpServer, McpTool
from executions.models import (
    Approval,
    ApprovalDecision,
    Budget,
    ExecutionEvent,
    ModelCall,
    Reservation,
    StepRun,
    StoredValue,
    ToolCall,
    WorkflowExecution,
)
from executions.triggers.models import Schedule, Webhook
from generation.models import Generation
from workflows import services
from workflows.definition.normalise import normalise
from workflows.models import Workflow

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)></textarea>"
# What a browser would take for markup, had it not been escaped.
LIVE_MARKUP = ("<script>alert(", "<img src=x")
SECRET = "swordfish-header-value"
PASSWORD = "swordfish-password-1"


def make_rows(start: int, count: int) -> None:
    """`count` rows of every model, numbered from `start`."""
    for number in range(start, start + count):
        # Hashing takes long, on purpose: one password will do.
        password = PASSWORD if number == 0 else None
        owner = User.objects.create_user(
            f"user-{number}", password=password, first_name=HOSTILE[:100]
        )
        owner.groups.add(Group.objects.create(name=f"{number} {HOSTILE}"))
        AuthToken.objects.create(owner)
        _make_resources(owner, number)
        workflow = _make_workflow(owner, number)
        _make_triggers(owner, workflow, number)
        _make_run(owner, workflow, number)
        _make_generation(owner, workflow, number)


def _make_resources(owner: User, number: int) -> None:
    Agent.objects.create(
        id=f"agent-{number}",
        name=HOSTILE,
        description=HOSTILE,
        instructions=HOSTILE,
        model=f"model-{number}",
        output_schema={"title": HOSTILE},
        created_by=owner,
    )
    server = McpServer.objects.create(
        id=f"server-{number}",
        name=HOSTILE,
        description=HOSTILE,
        transport=McpServer.Transport.STREAMABLE_HTTP,
        url="https://example.org/mcp",
        headers={"Authorization": SECRET},
        error=HOSTILE,
        created_by=owner,
    )
    McpTool.objects.create(
        server=server,
        name="tool",
        description=HOSTILE,
        input_schema={"title": HOSTILE},
        schema_hash="0",
        last_seen_at=timezone.now(),
    )


def _make_workflow(owner: User, number: int) -> Workflow:
    steps = [
        {"id": "ask", "type": "agent", "name": HOSTILE, "agent_id": f"agent-{number}"},
        {
            "id": "use",
            "type": "tool",
            "tool": f"server-{number}:tool",
            "arguments": {"text": HOSTILE},
        },
    ]
    definition = {
        "id": f"workflow-{number}",
        "name": HOSTILE,
        "description": HOSTILE,
        "context": {"text": HOSTILE},
        "steps": steps,
    }
    return services.create_workflow(
        by=owner, definition=definition, category=HOSTILE[:50], tags=[HOSTILE[:50]], message=HOSTILE
    )


def _make_run(owner: User, workflow: Workflow, number: int) -> None:
    run = WorkflowExecution.objects.create(
        id=f"execution-{number}",
        workflow=workflow,
        workflow_version=1,
        status=WorkflowExecution.Status.FAILED,
        user_input=HOSTILE,
        input_json={"text": HOSTILE},
        output_json={HOSTILE: HOSTILE},
        error=HOSTILE,
        error_kind="raised",
        completed_at=timezone.now(),
        created_by=owner,
    )
    StepRun.objects.create(
        execution=run,
        path="ask",
        step_id="ask",
        step_type="agent",
        name=HOSTILE,
        position=1,
        output_json=HOSTILE,
        error_json={"message": HOSTILE},
    )
    ModelCall.objects.create(
        execution=run, path="ask", turn=1, model=f"model-{number}", answer={"content": HOSTILE}
    )
    ToolCall.objects.create(execution=run, path="use", tool="server:tool", result=HOSTILE)
    ExecutionEvent.objects.create(execution=run, number=1, kind="step", data={"text": HOSTILE})
    Budget.objects.create(key=run.pk, execution=run)
    Reservation.objects.create(execution=run, path="ask", turn=1, budgets=[HOSTILE])
    StoredValue.objects.create(execution=run, key="0", value=HOSTILE, size_bytes=9)
    approval = Approval.objects.create(
        execution=run,
        path="ask",
        step_id="ask",
        message=HOSTILE,
        content_json={"text": HOSTILE},
        approvers=[HOSTILE],
    )
    ApprovalDecision.objects.create(approval=approval, user=owner, approved=True, comment=HOSTILE)


def _make_triggers(owner: User, workflow: Workflow, number: int) -> None:
    Schedule.objects.create(
        id=f"schedule-{number}",
        workflow=workflow,
        name=HOSTILE,
        cron="0 9 * * *",
        user_input=HOSTILE,
        input_json={"text": HOSTILE},
        note=HOSTILE,
        error=HOSTILE,
        created_by=owner,
    )
    webhook = Webhook.objects.create(
        id=f"webhook-{number}",
        workflow=workflow,
        name=HOSTILE,
        token=f"token-{number}",
        secret={"hmac": SECRET},
        input_map={"text": HOSTILE},
        created_by=owner,
    )
    webhook.deliveries.create(status="refused", reason=HOSTILE)


def _make_generation(owner: User, workflow: Workflow, number: int) -> None:
    definition = normalise(workflow.definition_json).to_json()
    generation = Generation.objects.create(
        id=f"generation-{number}",
        prompt=HOSTILE,
        status=Generation.Status.COMPLETED,
        workflow=workflow,
        workflow_version=1,
        result={
            "workflow": definition,
            "explanation": HOSTILE,
            "warnings": [HOSTILE],
            "changes": [{"kind": "step", "text": HOSTILE}],
        },
        error=HOSTILE,
        applied_workflow=workflow,
        created_by=owner,
        completed_at=timezone.now(),
    )
    generation.calls.create(
        number=1,
        purpose="plan",
        user=owner,
        day=timezone.now().date(),
        model="model",
        tokens_counted=15,
        answer=HOSTILE,
    )
    generation.events.create(number=1, kind="stage", data={"stage": HOSTILE})
