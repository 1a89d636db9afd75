"""What is marked as drifted is what a comparison finds, however the changes came about."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from discovery.models import Agent, McpServer, McpTool, ResourceChange
from discovery.services import delete_agent, save_agent, save_mcp_server
from discovery.signals import tell_of_change
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.drift.conftest import STEPS
from workflows.drift.current import drifted_uses
from workflows.drift.telling import tell_of_changes
from workflows.models import PublishedUse, Workflow
from workflows.services import save_workflow

pytestmark = pytest.mark.django_db(transaction=True)
WRITES = {**STEPS[1], "input": "Write."}
SERVER = ResourceChange.Kind.SERVER


def marked() -> set[tuple[str, int, str]]:
    rows = PublishedUse.objects.filter(drifted_at__isnull=False)
    return set(rows.values_list("workflow_id", "version", "resource"))


def compared() -> set[tuple[str, int, str]]:
    rows = drifted_uses(PublishedUse.objects.all())
    return set(rows.values_list("workflow_id", "version", "resource"))


def refreshed(name: str, **fields: Any) -> None:
    """The tool becomes another, as a refresh makes it."""
    with transaction.atomic():
        McpTool.objects.filter(server="crm", name=name).update(**fields)
        tell_of_change(SERVER, ["crm"])


@pytest.mark.parametrize("seed", range(6))
def test_marks_equal_a_comparison_after_any_changes(
    api: APIClient, alice: User, digest: Workflow, make_workflow: MakeWorkflow, seed: int
) -> None:
    chance = random.Random(seed)
    make_workflow(alice, "other", definition={"steps": [WRITES]}, published_version=1)

    def publish() -> None:
        address = f"/api/v1/workflows/{chance.choice(['digest', 'other'])}"
        state = api.post(f"{address}/publish", {"dry_run": True}).json().get("state", "x")
        answer = api.post(f"{address}/publish", {"state": state})
        assert answer.status_code in (200, 409), answer.content

    def accept() -> None:
        state = api.get("/api/v1/workflows/digest/drift").json()["state"]
        api.post("/api/v1/workflows/digest/drift/accept", {"state": state})

    changes: list[Callable[[], Any]] = [
        lambda: refreshed(
            chance.choice(["search", "note"]),
            schema_hash=chance.choice(["search as published", "note as published", "x", "y"]),
            is_available=chance.random() < 0.8,
        ),
        lambda: save_mcp_server(McpServer.objects.get(), by=alice, is_active=chance.random() < 0.7),
        lambda: save_agent(Agent.objects.get(), by=alice, goal=chance.choice(["", "a", "b"])),
        lambda: save_agent(Agent.objects.get(), by=alice, is_active=chance.random() < 0.7),
        publish,
        accept,
        lambda: api.delete(f"/api/v1/workflows/{chance.choice(['digest', 'other'])}/publish"),
    ]
    for _ in range(25):
        chance.choice(changes)()
        assert marked() == compared()
    listed = api.get("/api/v1/workflows", {"drifted": "true"}).json()["results"]
    assert {row["id"] for row in listed} == {workflow for workflow, _, _ in compared()}
    assert not ResourceChange.objects.exists()


def test_what_a_dead_process_left_is_marked_by_the_chore(digest: Workflow) -> None:
    McpTool.objects.filter(name="search").update(schema_hash="x")
    ResourceChange.objects.create(kind=SERVER, resource="crm")
    assert marked() == set()
    tell_of_changes()
    assert marked() == compared() == {("digest", 1, "crm:search")}
    assert not ResourceChange.objects.exists()


def test_a_change_that_is_undone_leaves_nothing_to_tell(digest: Workflow, alice: User) -> None:
    with transaction.atomic():
        save_agent(Agent.objects.get(), by=alice, goal="More.")
        transaction.set_rollback(True)
    assert (marked(), ResourceChange.objects.count()) == (set(), 0)


def test_a_published_agent_that_is_deleted_and_made_again_is_told(
    api: APIClient, alice: User, digest: Workflow
) -> None:
    save_workflow(digest, by=alice, definition={"steps": [STEPS[0] | {"next": "end"}]})
    delete_agent(Agent.objects.get(), by=alice)
    assert ("digest", 1, "writer") in marked()
    body = {"id": "writer", "name": "Writer", "instructions": "Write.", "tools": ["crm:note"]}
    assert api.post("/api/v1/agents", body).status_code == 201
    assert marked() == compared() == set()


def test_a_change_in_the_admin_is_marked_at_once(
    staff: User, client: Client, digest: Workflow
) -> None:
    client.force_login(staff)
    page = reverse("admin:discovery_agent_change", args=["writer"])
    form = client.get(page).context["adminform"].form
    values = {name: field for name, field in form.initial.items() if field is not None}
    sent = {**values, "tools": '["crm:note"]', "goal": "Another."}
    answer = client.post(page, {**sent, "output_schema": "null"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert marked() == compared() == {("digest", 1, "writer")}


def test_the_chore_reads_changes_and_no_uses_where_nothing_changed(digest: Workflow) -> None:
    tell_of_changes()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert tell_of_changes() == {"told": 0}
    assert len(queries) == 1
    assert "publisheduse" not in queries[0]["sql"]
