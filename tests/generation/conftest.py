"""A catalogue in the database and a real Celery worker."""

from collections.abc import Iterator

import pytest
from celery.contrib.testing.worker import start_worker
from django.contrib.auth.models import User
from django.utils import timezone

from discovery.models import Agent, McpServer, McpTool
from workflowsite.celery import app


@pytest.fixture
def office(db: None) -> None:
    """An agent and a server that belong to the installation."""
    Agent.objects.create(
        id="summarizer", name="Summarizer", description="Condenses long text into a short summary"
    )
    slack = McpServer.objects.create(
        id="slack",
        name="Slack",
        description="Workspace messaging",
        transport="streamable_http",
        url="https://mcp.example.org/slack",
        status="connected",
    )
    McpTool.objects.create(
        server=slack,
        name="post_message",
        description="Post a message in a channel",
        input_schema={
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
        destructive=False,
        schema_hash="0" * 64,
        last_seen_at=timezone.now(),
    )


@pytest.fixture
def bobs_agent(bob: User) -> Agent:
    """An agent that only bob may use."""
    return Agent.objects.create(
        id="secret_summarizer",
        name="Secret summarizer",
        description="Condenses long text into a short summary of the news",
        created_by=bob,
    )


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A Celery worker in a thread of its own, on the queue of this test process."""
    app.control.purge()
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        yield
