"""More of everything that Ada has in the example world, so that a list that asks for each of its rows is found out."""

from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken

from discovery.models import Agent, McpServer, McpTool
from executions.models import Approval, ExecutionEvent, StepRun, ToolCall, WorkflowExecution
from executions.triggers.models import Schedule, Webhook
from generation.models import Generation
from tests.api.example_world import TEXT_REPORT, ExampleWorld
from workflows import services
from workflows.models import Workflow


def make_more(shop: ExampleWorld, numbers: range) -> None:
    """Rows with these numbers beside, and under, those that addresses name."""
    ada = User.objects.get(username="ada")
    for number in numbers:
        AuthToken.objects.create(ada)
        _make_resources(ada, number)
        _make_workflows(ada, number)
        _make_runs(ada, shop.ids["execution_id"], number)
        _make_triggers(ada, shop.ids["webhook_id"], number)
        job = Generation.objects.create(
            id=f"generation-{number}", prompt="Report", created_by=ada, status="COMPLETED"
        )
        _events_of_generation(shop.ids["generation_id"], number)
        assert job.pk


def _make_resources(ada: User, number: int) -> None:
    Agent.objects.create(id=f"agent-{number}", name="A", instructions="Do.", created_by=ada)
    server = McpServer.objects.create(
        id=f"server-{number}",
        name="S",
        transport="streamable_http",
        url="https://s.example.com/mcp",
        created_by=ada,
    )
    for one in (server, McpServer.objects.get(pk="tickets")):
        McpTool.objects.create(
            server=one,
            name=f"tool-{number}",
            input_schema={"type": "object"},
            schema_hash="0" * 64,
            last_seen_at=timezone.now(),
        )


def _make_workflows(ada: User, number: int) -> None:
    for kind in ("flow", "template"):
        definition = {**TEXT_REPORT, "id": f"{kind}-{number}", "name": kind}
        services.create_workflow(by=ada, definition=definition, is_template=kind == "template")
    wait = {"id": f"wait-{number}", "type": "wait", "duration_seconds": 1}
    row = Workflow.objects.get(pk="text-report")
    steps = [*row.definition_json["steps"], wait]
    services.save_workflow(row, by=ada, definition={**row.definition_json, "steps": steps})


def _make_runs(ada: User, execution_id: str, number: int) -> None:
    now = timezone.now()
    run = WorkflowExecution.objects.create(
        id=f"execution-{number}",
        workflow_id="text-report",
        workflow_version=1,
        status="COMPLETED",
        started_at=now,
        completed_at=now,
        created_by=ada,
    )
    StepRun.objects.create(
        execution_id=execution_id,
        path=f"step-{number}",
        step_id=f"step-{number}",
        step_type="tool",
        position=10 + number,
        status="COMPLETED",
        started_at=now,
    )
    ToolCall.objects.create(
        execution_id=execution_id, path="shorten", turn=number + 1, tool="native:text_stats"
    )
    ExecutionEvent.objects.create(
        execution_id=execution_id, number=number + 1, kind="step", data={"path": "shorten"}
    )
    approval = Approval.objects.create(execution=run, path="check", step_id="check", message="?")
    approval.users.add(ada)


def _make_triggers(ada: User, webhook_id: str, number: int) -> None:
    Schedule.objects.create(
        id=f"schedule-{number}",
        workflow_id="text-report",
        name="S",
        cron="0 9 * * *",
        created_by=ada,
    )
    Webhook.objects.create(
        id=f"webhook-{number}",
        workflow_id="text-report",
        name="W",
        token=f"token-{number}",
        secret={"hmac": "x"},
        created_by=ada,
    )
    Webhook.objects.get(pk=webhook_id).deliveries.create(status="refused", reason="old")


def _events_of_generation(generation_id: str, number: int) -> None:
    job = Generation.objects.get(pk=generation_id)
    job.events.create(number=number + 1, kind="stage", data={"stage": "planning"})
