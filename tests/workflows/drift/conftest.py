"""A published workflow whose agent and tool can change."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from discovery.models import Agent, McpServer, McpTool
from workflows.models import Workflow
from workflows.services import create_workflow

SEARCH: dict[str, Any] = {
    "type": "object",
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["query"],
    "additionalProperties": False,
}
FOUND: dict[str, Any] = {"type": "object", "properties": {"title": {"type": "string"}, "total": {}}}
STEPS: list[dict[str, Any]] = [
    {
        "id": "find",
        "type": "tool",
        "tool": "crm:search",
        "arguments": {"query": "${user_input}", "limit": 5},
        "next": "ask",
    },
    {
        "id": "ask",
        "type": "agent",
        "agent_id": "writer",
        "input": "Write about ${steps.find.output.title}",
    },
]
Change = Callable[..., McpTool]


@pytest.fixture
def crm(alice: User) -> McpServer:
    """Alice's server, with two tools."""
    row = McpServer.objects.create(
        id="crm",
        name="CRM",
        transport="streamable_http",
        url="https://crm.example.org/mcp",
        status="connected",
        created_by=alice,
    )
    for name in ("search", "note"):
        McpTool.objects.create(
            server=row,
            name=name,
            description=f"Does {name}.",
            input_schema=SEARCH,
            output_schema=FOUND,
            read_only=True,
            destructive=False,
            idempotent=True,
            schema_hash=f"{name} as published",
            last_seen_at=timezone.now(),
        )
    return row


@pytest.fixture
def writer(alice: User) -> Agent:
    """Alice's agent, which may call one tool of the server."""
    return Agent.objects.create(
        id="writer", name="Writer", instructions="Write.", tools=["crm:note"], created_by=alice
    )


@pytest.fixture
def digest(alice: User, crm: McpServer, writer: Agent) -> Workflow:
    """Alice's workflow, published."""
    definition: Any = {"id": "digest", "name": "Digest", "steps": STEPS}
    return create_workflow(by=alice, definition=definition, published_version=1)


@pytest.fixture
def change(digest: Workflow) -> Change:
    """Makes a tool another, as a refresh does: `change("search", input_schema={...})`."""

    def make(name: str, **fields: Any) -> McpTool:
        tool = McpTool.objects.get(server_id="crm", name=name)
        for field, value in {"schema_hash": f"{name} changed", **fields}.items():
            setattr(tool, field, value)
        tool.save()
        return tool

    return make
