"""Workflows in the admin."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.workflows.conftest import MakeWorkflow, definition, stats_step
from workflows.models import Workflow, WorkflowVersion

LIST = "/admin/workflows/workflow/"


@pytest.fixture
def admin(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def form(**fields: Any) -> dict[str, Any]:
    content = fields.pop("definition", definition())
    return {
        "id": "digest",
        "name": "Digest",
        "tags": "a,b",
        "definition": json.dumps(content),
        **fields,
    }


def test_a_workflow_is_shown_with_its_drawing_and_links(
    admin: Client, alice: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "digest")
    page = admin.get(f"{LIST}digest/change/").content.decode()
    assert "<svg" in page
    for link in (
        "/admin/executions/workflowexecution/add/?workflow=digest",
        "/admin/executions/workflowexecution/?workflow__id__exact=digest",
        "/admin/workflows/workflowversion/?workflow__id__exact=digest",
        "/admin/generation/generation/?applied_workflow__id__exact=digest",
    ):
        assert link in page
        assert admin.get(link).status_code == 200


def test_text_of_users_is_escaped(admin: Client, alice: User, make_workflow: MakeWorkflow) -> None:
    evil = "<script>alert(1)</script>"
    make_workflow(alice, "digest", definition=definition(stats_step(name=evil, description=evil)))
    assert evil not in admin.get(f"{LIST}digest/change/").content.decode()


def test_a_workflow_is_made_and_changed_through_the_services(admin: Client) -> None:
    assert admin.post(f"{LIST}add/", form()).status_code == 302
    assert (
        admin.post(
            f"{LIST}digest/change/",
            form(definition=definition(stats_step("other")), name="Renamed"),
        ).status_code
        == 302
    )
    row = Workflow.objects.get()
    assert (row.name, row.tags, row.version, row.revision) == ("Renamed", ["a", "b"], 2, 2)
    assert WorkflowVersion.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"definition": {"steps": [{"id": "a", "type": "tol"}]}},
        {"id": "new"},
        {"is_published": "on"},
    ],
)
def test_what_rest_refuses_the_form_refuses(admin: Client, fields: dict[str, Any]) -> None:
    assert admin.post(f"{LIST}add/", form(**fields)).status_code == 200
    assert Workflow.objects.count() == 0


def test_an_imported_template_is_only_read(
    admin: Client, make_workflow: MakeWorkflow, alice: User
) -> None:
    make_workflow(alice, "digest", is_template=True)
    Workflow.objects.update(created_by=None)
    assert admin.get(f"{LIST}digest/change/").status_code == 200
    assert admin.post(f"{LIST}digest/change/", form(name="Mine")).status_code == 403
    assert Workflow.objects.get().name == "digest"


def test_the_actions_validate_archive_and_bring_back(
    admin: Client, alice: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "digest")
    make_workflow(
        alice, "broken", definition=definition({"id": "a", "type": "agent", "agent_id": "nobody"})
    )

    def act(action: str) -> str:
        body = {"action": action, "_selected_action": ["digest", "broken"]}
        return admin.post(LIST, body, follow=True).content.decode()

    told = act("validate")
    assert "digest: nothing to say against it." in told
    assert "broken /steps/0/agent_id" in told
    act("archive")
    assert set(Workflow.objects.values_list("is_active", flat=True)) == {False}
    act("restore")
    assert set(Workflow.objects.values_list("is_active", flat=True)) == {True}


@pytest.mark.parametrize("address", [LIST, "/admin/workflows/workflowversion/"])
def test_a_list_takes_the_same_queries_however_long(
    admin: Client, alice: User, make_workflow: MakeWorkflow, address: str
) -> None:
    counts = []
    for number in range(3):
        make_workflow(alice, f"w{number}")
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(address).status_code == 200
        counts.append(len(queries))
    assert counts == counts[:1] * 3
    assert "definition_json" not in str(queries.captured_queries)


def test_a_version_shows_what_was_saved(
    admin: Client, alice: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "digest")
    version = WorkflowVersion.objects.get()
    page = admin.get(f"/admin/workflows/workflowversion/{version.pk}/change/").content.decode()
    assert "<svg" in page
    assert version.content_hash in page
