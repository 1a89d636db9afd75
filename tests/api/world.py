"""Everything that alice can have, each part with her mark in it, so that a leak is found by looking for the mark."""

from dataclasses import dataclass, fields
from typing import Any, Self

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone
from knox.models import AuthToken

from discovery.models import Agent, McpServer, McpTool
from executions.models import (
    Approval,
    ExecutionEvent,
    ModelCall,
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

MARK = "alicesecret"
# As long as the mark and close to it: whatever suggests similar names would suggest alice's.
ABSENT = "alicesecrit"
NOT_COMPARED = {"sessions", "contenttypes", "admin"}


@dataclass(frozen=True)
class Ids:
    """What addresses and bodies can name."""

    workflow: str = f"{MARK}-flow"
    archived: str = f"{MARK}-archived"
    template: str = f"{MARK}-template"
    agent: str = f"{MARK}-agent"
    server: str = f"{MARK}-server"
    tool: str = f"{MARK}-tool"
    step: str = f"{MARK}-step"
    tool_call: str = "770077"
    approval: str = "770078"
    execution: str = f"execution-{MARK}-11111111-2222-3333"
    schedule: str = f"schedule-{MARK}-11111111-2222"
    webhook: str = f"webhook-{MARK}-11111111-2222"
    generation: str = f"generation-{MARK}-11111111-222"
    group: str = f"{MARK}-team"
    owner: str = f"{MARK}-user"
    token: str = MARK[:8]

    def absent(self) -> Self:
        """Ids of the same look that nobody has."""
        changed = {one.name: getattr(self, one.name).replace(MARK, ABSENT) for one in fields(self)}
        return type(self)(**{**changed, "token": ABSENT[:7] + "x"})


def definition_using(ids: Ids, *, name: str) -> dict[str, Any]:
    """A definition that names an agent and a tool of a server."""
    return {
        "name": name,
        "steps": [
            {"id": "ask", "type": "agent", "agent_id": ids.agent},
            {
                "id": ids.step,
                "type": "tool",
                "tool": f"{ids.server}:{ids.tool}",
                "arguments": {"text": MARK},
            },
        ],
    }


def make_world(ids: Ids) -> User:
    """Alice (named by `ids.owner`) with everything, shared with a group that only carol is in beside her."""
    owner = User.objects.create_user(ids.owner, email=f"{MARK}@example.org")
    group = Group.objects.create(name=ids.group)
    owner.groups.add(group)
    _make_resources(owner, ids, group)
    _make_workflows(owner, ids)
    _make_run(owner, ids)
    webhook = Webhook.objects.create(
        id=ids.webhook,
        workflow_id=ids.workflow,
        name=MARK,
        token=MARK,
        secret={"hmac": MARK},
        created_by=owner,
    )
    webhook.deliveries.create(status="refused", reason=MARK)
    Schedule.objects.create(
        id=ids.schedule,
        workflow_id=ids.workflow,
        name=MARK,
        cron="0 9 * * *",
        user_input=MARK,
        input_json={"key": MARK},
        note=MARK,
        created_by=owner,
    )
    Generation.objects.create(
        id=ids.generation,
        prompt=f"Do what {MARK} does",
        status=Generation.Status.COMPLETED,
        generator=Generation.Generator.OFFLINE_PLANNER,
        result=_result(ids),
        created_by=owner,
        completed_at=timezone.now(),
    )
    token, _ = AuthToken.objects.create(owner)
    AuthToken.objects.filter(pk=token.pk).update(token_key=ids.token)
    return owner


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by table: what a refusal must leave as it is."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in NOT_COMPARED
    }


def _result(ids: Ids) -> dict[str, Any]:
    definition = {**definition_using(ids, name=MARK), "id": f"{MARK}-new"}
    return {
        "workflow": normalise(definition).to_json(),
        "agents_to_create": [],
        "existing_agents_used": [ids.agent],
        "mcps_suggested": [],
        "existing_mcps_used": [ids.server],
        "explanation": MARK,
        "warnings": [],
        "estimated_complexity": "simple",
        "ready_steps": ["ask", ids.step],
        "blocked_steps": [],
        "can_execute": True,
    }


def _make_resources(owner: User, ids: Ids, group: Group) -> None:
    agent = Agent.objects.create(
        id=ids.agent, name=MARK, description=MARK, instructions=MARK, created_by=owner
    )
    server = McpServer.objects.create(
        id=ids.server,
        name=MARK,
        transport=McpServer.Transport.STREAMABLE_HTTP,
        status=McpServer.Status.CONNECTED,
        url=f"https://{MARK}.example.org/mcp",
        headers={"Authorization": MARK},
        created_by=owner,
    )
    McpTool.objects.create(
        server=server,
        name=ids.tool,
        description=MARK,
        input_schema={"type": "object", "properties": {"text": {"type": "string"}}},
        schema_hash=MARK,
        last_seen_at=timezone.now(),
    )
    agent.shared_with.add(group)
    server.shared_with.add(group)


def _make_workflows(owner: User, ids: Ids) -> None:
    for workflow_id, more in (
        (ids.workflow, {"category": MARK, "tags": [MARK]}),
        (ids.archived, {}),
        (ids.template, {"is_template": True, "category": MARK}),
    ):
        services.create_workflow(
            by=owner,
            definition={**definition_using(ids, name=MARK), "id": workflow_id},
            shared_with=[ids.group],
            **more,
        )
    changed = {**definition_using(ids, name=MARK), "context": {"key": MARK}}
    services.save_workflow(Workflow.objects.get(pk=ids.workflow), by=owner, definition=changed)
    services.archive_workflow(Workflow.objects.get(pk=ids.archived), by=owner)


def _make_run(owner: User, ids: Ids) -> None:
    run = WorkflowExecution.objects.create(
        id=ids.execution,
        workflow_id=ids.workflow,
        workflow_version=2,
        status=WorkflowExecution.Status.RUNNING,
        user_input=MARK,
        input_json={"key": MARK},
        started_at=timezone.now(),
        created_by=owner,
    )
    StepRun.objects.create(
        execution=run,
        path=ids.step,
        step_id=ids.step,
        step_type="agent",
        position=1,
        output_json=MARK,
    )
    ModelCall.objects.create(
        execution=run, path=ids.step, turn=1, agent_id=ids.agent, model="m", answer={"text": MARK}
    )
    ToolCall.objects.create(
        pk=int(ids.tool_call),
        execution=run,
        path=ids.step,
        turn=1,
        tool=f"{ids.server}:{ids.tool}",
        result=MARK,
    )
    ExecutionEvent.objects.create(execution=run, number=1, kind="step", data={"text": MARK})
    StoredValue.objects.create(execution=run, key=MARK, value=MARK, size_bytes=11)
    approval = Approval.objects.create(
        pk=int(ids.approval),
        execution=run,
        path=ids.step,
        step_id=ids.step,
        message=MARK,
        content_json=MARK,
    )
    approval.users.add(owner)
