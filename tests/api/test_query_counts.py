"""How many queries the readings of one thing take, whatever it holds: pinned in query_counts.json."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from discovery.services import create_agent, create_mcp_server, save_agent, save_mcp_server
from generation.models import Generation
from tests.workflows.conftest import definition, stats_step
from workflows.services import create_workflow, save_workflow

COUNTS = json.loads((Path(__file__).parent.parent / "query_counts.json").read_text())
FLOW = "/api/v1/workflows/{flow}"
READINGS = {
    "workflow": FLOW,
    "published workflow": "/api/v1/workflows/{published}",
    "drift": "/api/v1/workflows/{published}/drift",
    "workflow events": "/api/v1/workflows/{published}/events",
    "drifted workflows": "/api/v1/workflows?drifted=true",
    "canvas": f"{FLOW}/canvas",
    "preview": f"{FLOW}/preview.svg",
    "diff": f"{FLOW}/diff",
    "export": f"{FLOW}/export",
    "mermaid": f"{FLOW}/mermaid",
    "versions": f"{FLOW}/versions",
    "history": f"{FLOW}/history",
    "agent history": "/api/v1/agents/{flow}/history",
    "server history": "/api/v1/mcp-servers/{flow}/history",
    "audit": "/api/v1/audit",
    "generations": "/api/v1/workflows/generate",
    "generation": "/api/v1/workflows/generate/{job}",
    "answers": "/api/v1/workflows/generate/{job}/answers",
    "generation events": "/api/v1/workflows/generate/{job}/events",
}


@pytest.fixture
def things(alice: User) -> dict[str, dict[str, str]]:
    """A small and a large one of each."""
    found: dict[str, dict[str, str]] = {}
    for name, count in (("small", 1), ("large", 40)):
        steps = [stats_step(f"s{number}") for number in range(count)]
        row = create_workflow(by=alice, definition={**definition(*steps), "id": name, "name": name})
        job = Generation.objects.create(
            id=f"generation-{name}", prompt=name * count, created_by=alice, status="COMPLETED"
        )
        agent = create_agent(by=alice, id=name, name=name)
        server = create_mcp_server(by=alice, id=name, name=name, url="https://example.org/mcp")
        for number in range(count):
            save_agent(agent, by=alice, name=f"{name} {number}")
            save_mcp_server(server, by=alice, name=f"{name} {number}")
            save_workflow(row, by=alice, category=f"{number}")
            job.events.create(number=number + 1, kind="stage", data={"stage": "planning"})
        found[name] = {"flow": row.pk, "job": job.pk, "published": f"{name}-published"}
        create_workflow(
            by=alice,
            definition={**definition(*steps), "id": f"{name}-published", "name": name},
            published_version=1,
        )
    return found


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_takes_as_many_queries_as_it_is_known_to_take(
    api: APIClient, things: dict[str, Any], name: str
) -> None:
    # What a process asks once is no query of a reading.
    api.get(READINGS[name].format(**things["small"]))
    for size in ("small", "large"):
        with CaptureQueriesContext(connection) as queries:
            answer = api.get(READINGS[name].format(**things[size]))
        assert answer.status_code == 200, answer.content
        assert len(queries) == COUNTS[name], [one["sql"] for one in queries]
