"""What the example bodies of the OpenAPI file name: Ada's workflows, agent, server, run, job and triggers."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from discovery.models import Agent, McpServer, McpTool
from executions.models import Approval, StepRun, ToolCall, WorkflowExecution
from generation.models import Generation
from tests.api.openapi import Operation
from tests.conftest import client_of
from workflows import services
from workflows.api.examples import REQUESTS

API = "/api/v1"
TEXT_REPORT = REQUESTS["create_workflow"]["Three steps in a row"]["definition"]
APPLIED = "generation-11111111-2222-3333-4444-555555555555"
NAME, PASSWORD = "ada", "correct horse battery staple"


# Where an address names something else than the rest of the addresses.
ELSEWHERE = {
    "replace_step_called_reorder": {"workflow_id": "with-reorder"},
    "delete_step_called_reorder": {"workflow_id": "with-reorder"},
    "test_step": {"step_id": "report"},
}


@dataclass(frozen=True)
class ExampleWorld:
    """Ada's client, and what stands for the parameters of addresses."""

    client: APIClient
    ids: dict[str, str]
    hook_secret: str

    def address(self, operation: Operation) -> str:
        """Where Ada sends the operation's requests."""
        ids = {"id": "writer" if "/agents/" in operation.path else "tickets", **self.ids}
        return operation.path.format(**ids | ELSEWHERE.get(operation.name, {}))


def make_example_world(server_url: str) -> ExampleWorld:
    """The rows, and the triggers made over REST."""
    ada = User.objects.create_user(NAME, password=PASSWORD)
    client = client_of(ada)
    _make_workflows(ada)
    _make_resources(ada, server_url)
    schedule = _posted(
        client, "workflows/text-report/schedules", {"name": "A", "cron": "0 9 * * *"}
    )
    webhook = _posted(client, "workflows/text-report/webhooks", {"name": "A"})
    ids = {
        "workflow_id": "text-report",
        "template_id": "digest",
        "step_id": "shorten",
        "number": "1",
        "execution_id": _make_run(ada).pk,
        "generation_id": _make_generation(ada).pk,
        "schedule_id": schedule["id"],
        "webhook_id": webhook["id"],
        "token": webhook["url"].rpartition("/")[2],
        "tool": "add",
        "path": "shorten",
        "call_id": str(ToolCall.objects.get().pk),
        "approval_id": str(Approval.objects.get().pk),
    }
    return ExampleWorld(client, ids, webhook["secret"])


def _posted(client: APIClient, address: str, body: Any) -> Any:
    answer = client.post(f"{API}/{address}", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def _make_workflows(ada: User) -> None:
    for workflow_id in ("text-report", "spare-report", "digest"):
        definition = {**TEXT_REPORT, "id": workflow_id, "name": workflow_id}
        services.create_workflow(by=ada, definition=definition, is_template=workflow_id == "digest")
    last = {"id": "reorder", "type": "wait", "duration_seconds": 1}
    services.create_workflow(
        by=ada, definition={"id": "with-reorder", "name": "Odd", "steps": [last]}
    )


def _make_resources(ada: User, server_url: str) -> None:
    Agent.objects.create(id="writer", name="Writer", instructions="Write.", created_by=ada)
    server = McpServer.objects.create(
        id="tickets", name="Tickets", transport="streamable_http", url=server_url, created_by=ada
    )
    McpTool.objects.create(
        server=server,
        name="add",
        input_schema={"type": "object"},
        schema_hash="0" * 64,
        last_seen_at=timezone.now(),
    )


def _make_run(ada: User) -> WorkflowExecution:
    """One that failed in its last step, and asked a question before."""
    run = WorkflowExecution.objects.create(
        id="execution-11111111-2222-3333-4444-555555555555",
        workflow_id="text-report",
        workflow_version=1,
        status="FAILED",
        failed_step="report",
        started_at=timezone.now(),
        completed_at=timezone.now(),
        created_by=ada,
    )
    for position, (step_id, status) in enumerate(
        [("count", "COMPLETED"), ("shorten", "COMPLETED"), ("report", "FAILED")], start=1
    ):
        StepRun.objects.create(
            execution=run,
            path=step_id,
            step_id=step_id,
            step_type="tool",
            position=position,
            status=status,
            output_json={"words": 3, "summary": "A text."},
            started_at=timezone.now(),
        )
    ToolCall.objects.create(execution=run, path="shorten", tool="native:summarize_text")
    asked = Approval.objects.create(
        execution=run, path="check", step_id="check", message="Send it?"
    )
    asked.users.add(ada)
    return run


def _make_generation(ada: User) -> Generation:
    return Generation.objects.create(
        id=APPLIED,
        prompt="Report on a text",
        status=Generation.Status.COMPLETED,
        generator=Generation.Generator.OFFLINE_PLANNER,
        created_by=ada,
        completed_at=timezone.now(),
        result={
            "workflow": {"id": "words", "name": "Words", **TEXT_REPORT},
            "agents_to_create": [],
            "existing_agents_used": [],
            "mcps_suggested": [],
            "existing_mcps_used": [],
            "explanation": "It counts.",
            "warnings": [],
            "estimated_complexity": "simple",
            "ready_steps": ["count", "shorten", "report"],
            "blocked_steps": [],
            "can_execute": True,
        },
    )
