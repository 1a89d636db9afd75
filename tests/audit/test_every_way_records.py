"""Each change, by REST, admin or command, adds one entry in its transaction; a refused one adds none."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

import manage
from audit.models import AuditEntry
from discovery.models import Agent, McpServer
from discovery.refreshing import sync_stdio_servers
from discovery.services import create_agent, create_mcp_server
from executions.models import WorkflowExecution
from executions.services import request_cancellation
from executions.triggers.firing import LaunchRefused, fire
from executions.triggers.models import Schedule
from generation.models import Generation
from tests.audit.conftest import Trail
from tests.conftest import ClientFor
from tests.discovery.conftest import WriteConfig, operators_file
from tests.discovery.test_admin import agent_form, server_form
from tests.executions.api.test_approvals import waiting_run
from tests.executions.flows import finished_run, workflow_of
from tests.fakes.mcp_servers.commands import entry
from tests.workflows.conftest import definition, stats_step
from workflows.models import Workflow
from workflows.services import archive_workflow, create_workflow, save_workflow

__all__ = ["operators_file"]

API = "/api/v1"
FLOW = f"{API}/workflows/flow"
SECRET = "Bearer s3cr3t-value"
TWO_STEPS = definition(stats_step(), stats_step("more"))


@pytest.fixture
def flow(alice: User) -> Workflow:
    return create_workflow(by=alice, definition={**definition(), "id": "flow", "name": "Flow"})


@pytest.fixture
def agent(alice: User) -> Agent:
    return create_agent(by=alice, id="writer", name="Writer")


@pytest.fixture
def server(alice: User) -> McpServer:
    return create_mcp_server(
        by=alice,
        id="crm",
        name="CRM",
        url="https://mcp.example.org/mcp/key-s3cr3t",
        headers={"Authorization": SECRET},
    )


def told(row: AuditEntry) -> tuple[str, str, str, str]:
    return row.action, row.actor_name, row.object_kind, row.object_id


def sent(api: APIClient, method: str, address: str, body: Any = None) -> Any:
    answer = (
        getattr(api, method)(address, body) if body is not None else getattr(api, method)(address)
    )
    assert answer.status_code < 300, answer.content
    return answer


OF_A_WORKFLOW = [
    ("put", "", {"name": "Other", "definition": definition()}, "updated"),
    ("patch", "", {"tags": ["a"]}, "updated"),
    ("patch", "", {"definition": TWO_STEPS}, "updated"),
    ("patch", "", {"shared_with": ["team"]}, "shared"),
    ("delete", "", None, "archived"),
    ("post", "/steps", {"step": stats_step("more")}, "updated"),
    ("put", "/canvas", {"definition": TWO_STEPS}, "updated"),
    ("post", "/publish", {}, "published"),
]


@pytest.mark.parametrize(("method", "path", "body", "action"), OF_A_WORKFLOW)
def test_a_change_of_a_workflow_over_rest(
    api: APIClient, flow: Workflow, team: Group, trail: Trail, method: str, path: str, body: Any,
    action: str,
) -> None:  # fmt: skip
    sent(api, method, FLOW + path, body)
    row = trail.one()
    assert told(row) == (action, "alice", "workflow", "flow")
    assert (row.channel, row.client_address) == ("rest", "127.0.0.1")
    assert len(row.via) == 15
    assert row.request_id


def test_a_new_version_is_named_with_its_line_and_not_kept(
    api: APIClient, flow: Workflow, trail: Trail
) -> None:
    sent(api, "patch", FLOW, {"definition": TWO_STEPS})
    row = trail.one()
    assert row.changes == {"version": {"before": 1, "after": 2}}
    assert row.summary == flow.versions.get(number=2).summary != ""


def test_made_copied_restored_and_unpublished(api: APIClient, flow: Workflow, trail: Trail) -> None:
    body = {"id": "second", "name": "Second", "definition": definition()}
    sent(api, "post", f"{API}/workflows", body)
    assert told(trail.one()) == ("created", "alice", "workflow", "second")
    sent(api, "post", f"{FLOW}/copy", {"new_id": "third"})
    row = trail.one()
    assert told(row) == ("copied", "alice", "workflow", "third")
    assert row.details == {"from": "flow", "version": 1}
    sent(api, "patch", FLOW, {"definition": TWO_STEPS})
    sent(api, "post", f"{FLOW}/publish", {"version": 1})
    trail.added()
    sent(api, "delete", f"{FLOW}/publish")
    row = trail.one()
    assert told(row) == ("unpublished", "alice", "workflow", "flow")
    assert row.changes == {"published_version": {"before": 1, "after": None}}
    sent(api, "post", f"{FLOW}/versions/1/restore")
    row = trail.one()
    assert (row.action, row.details) == ("restored", {"version": 1})
    assert row.changes == {"version": {"before": 2, "after": 3}}
    sent(api, "delete", FLOW)
    sent(api, "post", f"{FLOW}/restore")
    assert [one.action for one in trail.added()] == ["archived", "restored"]


def test_many_at_once_are_one_each(
    api: APIClient, flow: Workflow, alice: User, trail: Trail
) -> None:
    create_workflow(by=alice, definition={**definition(), "id": "other", "name": "O"})
    trail.added()
    sent(
        api,
        "post",
        f"{API}/workflows/bulk",
        {"action": "tag", "ids": ["flow", "other"], "tags": ["a"]},
    )
    assert {told(row) for row in trail.added()} == {
        ("updated", "alice", "workflow", "flow"),
        ("updated", "alice", "workflow", "other"),
    }  # fmt: skip


def test_import_and_export(api: APIClient, flow: Workflow, agent: Agent, trail: Trail) -> None:
    steps = [{"id": "ask", "type": "agent", "agent_id": "writer"}]
    sent(api, "patch", FLOW, {"definition": {"steps": steps}})
    document = api.get(f"{FLOW}/export").json()
    document["agents"][0]["id"] = "brought"
    document["workflow"]["definition"]["steps"][0]["agent_id"] = "brought"
    trail.added()
    sent(api, "post", f"{API}/workflows/import", {"document": document, "dry_run": True})
    assert trail.added() == []
    sent(api, "post", f"{API}/workflows/import", {"document": document, "id": "again"})
    assert {told(row) for row in trail.added()} == {
        ("imported", "alice", "agent", "brought"),
        ("imported", "alice", "workflow", "again"),
    }


def test_applying_a_generation(api: APIClient, alice: User, trail: Trail) -> None:
    steps = [{"id": "ask", "type": "agent", "agent_id": "helper"}]
    generation = Generation.objects.create(
        id="generation-1",
        prompt="Help me with this.",
        created_by=alice,
        status="COMPLETED",
        result={
            "workflow": {"name": "Made", "id": "made", "steps": steps},
            "agents_to_create": [{"id": "helper", "name": "Helper", "instructions": "Help."}],
        },
    )
    sent(api, "post", f"{API}/workflows/generate/apply", {"generation_id": generation.pk})
    rows = trail.added()
    assert {told(row) for row in rows} == {
        ("applied", "alice", "agent", "helper"),
        ("applied", "alice", "workflow", "made"),
    }
    assert {row.details["generation"] for row in rows} == {"generation-1"}


def test_agents_over_rest(api: APIClient, team: Group, trail: Trail) -> None:
    sent(api, "post", f"{API}/agents", {"id": "writer", "name": "Writer"})
    assert told(trail.one()) == ("created", "alice", "agent", "writer")
    sent(api, "patch", f"{API}/agents/writer", {"role": "Author", "instructions": "Write."})
    row = trail.one()
    assert told(row) == ("updated", "alice", "agent", "writer")
    assert row.changes == {
        "role": {"before": "", "after": "Author"},
        "instructions": {"changed": True},
        "version": {"before": 1, "after": 2},
    }
    sent(api, "patch", f"{API}/agents/writer", {"shared_with": ["team"], "goal": "Books"})
    row = trail.one()
    assert row.action == "shared"
    assert row.changes["shared_with"] == {"before": [], "after": ["team"]}
    sent(api, "patch", f"{API}/agents/writer", {"is_active": False})
    assert trail.one().action == "deactivated"
    sent(api, "delete", f"{API}/agents/writer")
    assert told(trail.one()) == ("deleted", "alice", "agent", "writer")


def test_servers_over_rest(api: APIClient, trail: Trail) -> None:
    body = {"id": "crm", "name": "CRM", "url": "https://a.example.org/mcp/k3y"}
    sent(api, "post", f"{API}/mcp-servers", {**body, "headers": {"Authorization": SECRET}})
    row = trail.one()
    assert told(row) == ("created", "alice", "mcp_server", "crm")
    assert row.changes == {"headers": {"changed": True}}
    sent(api, "patch", f"{API}/mcp-servers/crm", {"headers": {"X-Key": SECRET}, "name": "Other"})
    row = trail.one()
    assert row.action == "secret_changed"
    assert row.changes == {
        "name": {"before": "CRM", "after": "Other"},
        "headers": {"changed": True},
    }
    sent(
        api, "patch", f"{API}/mcp-servers/crm", {"headers": None, "url": "https://b.example.org/x"}
    )
    assert trail.one().changes["url"] == {
        "before": "https://a.example.org",
        "after": "https://b.example.org",
    }
    sent(api, "patch", f"{API}/mcp-servers/crm", {"url": "https://b.example.org/y"})
    assert trail.one().changes == {"url": {"changed": True}}
    sent(api, "patch", f"{API}/mcp-servers/crm", {"is_active": False})
    assert trail.one().action == "deactivated"
    sent(api, "delete", f"{API}/mcp-servers/crm")
    assert told(trail.one()) == ("deleted", "alice", "mcp_server", "crm")


def test_triggers_over_rest(api: APIClient, flow: Workflow, trail: Trail) -> None:
    hook = sent(api, "post", f"{FLOW}/webhooks", {"name": "Orders"}).json()
    one = f"{FLOW}/webhooks/{hook['id']}"
    sent(api, "patch", one, {"name": "Bills"})
    sent(api, "patch", one, {"is_active": False})
    sent(api, "post", f"{one}/rotate-secret")
    sent(api, "delete", one)
    rows = trail.added()
    actions = ["created", "updated", "deactivated", "secret_changed", "deleted"]
    assert [row.action for row in rows] == actions
    assert {(row.object_kind, row.object_id) for row in rows} == {("webhook", hook["id"])}
    assert {row.details["workflow"] for row in rows} == {"flow"}
    clock = {"name": "Daily", "cron": "0 9 * * *", "user_input": "Hello"}
    made = sent(api, "post", f"{FLOW}/schedules", clock).json()
    one = f"{FLOW}/schedules/{made['id']}"
    sent(api, "patch", one, {"user_input": "Bye"})
    sent(api, "post", f"{one}/pause", {})
    sent(api, "post", f"{one}/pause", {})
    sent(api, "post", f"{one}/resume", {})
    sent(api, "delete", one)
    rows = trail.added()
    actions = ["created", "updated", "deactivated", "activated", "deleted"]
    assert [row.action for row in rows] == actions
    assert rows[1].changes == {"user_input": {"changed": True}}


def test_a_decision(alice: User, bob: User, client_for: ClientFor, trail: Trail) -> None:
    approval = waiting_run(alice, bob, content={"text": "Dear Ada"})
    trail.added()
    body = {"step": approval.path, "approved": True, "comment": "s3cr3t", "edited": {"text": "no"}}
    decision = f"{API}/workflows/executions/{approval.execution_id}/decision"
    sent(client_for(bob), "post", decision, body)
    row = trail.one()
    assert told(row) == ("decided", "bob", "approval", str(approval.pk))
    assert row.details == {
        "approved": True,
        "edited": True,
        "status": "APPROVED",
        "execution": approval.execution_id,
    }
    with trail.unchanged():
        assert client_for(bob).post(decision, body).status_code == 409


@pytest.mark.parametrize(
    ("way", "body", "action", "at"),
    [("retry", {}, "retried", "first"), ("fork", {"from_step": "greet"}, "forked", "greet")],
)
def test_a_run_that_goes_on_in_another(
    api: APIClient, alice: User, trail: Trail, way: str, body: Any, action: str, at: str
) -> None:
    run = finished_run(workflow_of(alice), by=alice, status="FAILED")
    trail.added()
    made = sent(api, "post", f"{API}/workflows/executions/{run.pk}/{way}", body).json()
    row = trail.one()
    assert told(row) == (action, "alice", "execution", run.pk)
    assert row.details == {"workflow": run.workflow_id, "at": at, "new": made["id"]}


def test_a_schedule_that_pauses_itself(
    api: APIClient, alice: User, flow: Workflow, trail: Trail, settings: Settings
) -> None:
    settings.SCHEDULE_MAX_FAILURES = 1
    made = sent(api, "post", f"{FLOW}/schedules", {"name": "Daily", "cron": "0 9 * * *"}).json()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    trail.added()
    with pytest.raises(LaunchRefused):
        fire(Schedule.objects.get(pk=made["id"]), datetime(2027, 1, 1, tzinfo=UTC))
    row = trail.one()
    assert told(row) == ("deactivated", "", "schedule", made["id"])
    assert (row.actor_kind, row.details) == ("system", {"workflow": "flow"})
    assert row.changes == {"is_active": {"before": True, "after": False}}


def test_a_cancellation_is_recorded_once(alice: User, flow: Workflow, trail: Trail) -> None:
    run = WorkflowExecution.objects.create(
        id="execution-1", workflow=flow, workflow_version=1, status="RUNNING", created_by=alice
    )
    request_cancellation(run, by=alice)
    assert told(trail.one()) == ("cancelled", "alice", "execution", "execution-1")


class TestAdmin:
    def test_agents(self, desk: Client, trail: Trail) -> None:
        desk.post("/admin/discovery/agent/add/", agent_form())
        row = trail.one()
        assert told(row) == ("created", "staff", "agent", "writer")
        assert row.channel == "admin"
        desk.post("/admin/discovery/agent/writer/change/", agent_form(role="Author"))
        row = trail.one()
        assert row.action == "updated"
        assert row.changes["role"] == {"before": "", "after": "Author"}
        group = Group.objects.create(name="press")
        desk.post(
            "/admin/discovery/agent/writer/change/",
            agent_form(role="Author", shared_with=[group.pk]),
        )
        row = trail.one()
        assert (row.action, row.changes["shared_with"]["after"]) == ("shared", ["press"])
        desk.post("/admin/discovery/agent/writer/delete/", {"post": "yes"})
        assert told(trail.one()) == ("deleted", "staff", "agent", "writer")

    def test_chosen_rows_are_deleted_with_one_entry_each(
        self, desk: Client, alice: User, trail: Trail
    ) -> None:
        for name in ("one", "two"):
            create_agent(by=alice, id=name, name=name)
        trail.added()
        body = {"action": "delete_selected", "_selected_action": ["one", "two"], "post": "yes"}
        desk.post("/admin/discovery/agent/", body)
        assert not Agent.objects.exists()
        assert [row.action for row in trail.added()] == ["deleted", "deleted"]

    def test_servers(self, desk: Client, trail: Trail) -> None:
        secret = f'{{"Authorization": "{SECRET}"}}'
        desk.post("/admin/discovery/mcpserver/add/", server_form(new_headers=secret))
        assert told(trail.one()) == ("created", "staff", "mcp_server", "crm")
        desk.post("/admin/discovery/mcpserver/crm/change/", server_form(new_headers="{}"))
        assert trail.one().action == "secret_changed"
        desk.post("/admin/discovery/mcpserver/crm/change/", server_form())
        assert trail.added() == []
        desk.post("/admin/discovery/mcpserver/crm/delete/", {"post": "yes", **server_form()})
        assert trail.one().action == "deleted"

    def test_a_refused_form_records_nothing(self, desk: Client, trail: Trail) -> None:
        with trail.unchanged():
            desk.post("/admin/discovery/agent/add/", agent_form(tools='["native:none"]'))

    def test_workflows(self, desk: Client, alice: User, flow: Workflow, trail: Trail) -> None:
        body = {"action": "archive", "_selected_action": ["flow"]}
        desk.post("/admin/workflows/workflow/", body)
        row = trail.one()
        assert told(row) == ("archived", "staff", "workflow", "flow")
        assert row.channel == "admin"

    def test_triggers(self, desk: Client, api: APIClient, flow: Workflow, trail: Trail) -> None:
        clock = {"name": "Daily", "cron": "0 9 * * *"}
        schedule = sent(api, "post", f"{FLOW}/schedules", clock).json()["id"]
        hook = sent(api, "post", f"{FLOW}/webhooks", {"name": "Orders"}).json()["id"]
        trail.added()
        for page, key, action, recorded in (
            ("schedule", schedule, "pause", "deactivated"),
            ("schedule", schedule, "resume", "activated"),
            ("webhook", hook, "switch_off", "deactivated"),
            ("webhook", hook, "switch_on", "activated"),
            ("webhook", hook, "rotate_secret", "secret_changed"),
        ):
            body = {"action": action, "_selected_action": [key]}
            desk.post(f"/admin/executions/{page}/", body)
            row = trail.one()
            assert told(row) == (recorded, "staff", page, key)
            assert (row.channel, row.details) == ("admin", {"workflow": "flow"})

    def test_groups(self, desk: Client, bob: User, trail: Trail) -> None:
        may_view = Permission.objects.get(codename="view_agent")
        desk.post("/admin/auth/group/add/", {"name": "press", "permissions": [may_view.pk]})
        group = Group.objects.get(name="press")
        row = trail.one()
        assert told(row) == ("created", "staff", "group", str(group.pk))
        assert row.changes == {"permissions": {"before": [], "after": ["view_agent"]}}
        page = f"/admin/auth/group/{group.pk}"
        desk.post(f"{page}/change/", {"name": "news"})
        row = trail.one()
        assert (row.action, row.object_name) == ("updated", "news")
        assert row.changes == {
            "name": {"before": "press", "after": "news"},
            "permissions": {"before": ["view_agent"], "after": []},
        }
        desk.post(f"{page}/change/", {"name": "news"})
        assert trail.added() == []
        bob.groups.add(group)
        desk.post(f"{page}/delete/", {"post": "yes"})
        row = trail.one()
        assert (row.action, row.details) == ("deleted", {"members": ["bob"]})

    def test_users_and_tokens(self, desk: Client, alice: User, trail: Trail) -> None:
        page = f"/admin/auth/user/{alice.pk}/change/"
        form = desk.get(page).context["adminform"].form
        given = {name: value for name, value in form.initial.items() if value not in (None, False)}
        given = {
            name: value.strftime("%Y-%m-%d") if hasattr(value, "strftime") else value
            for name, value in given.items()
        }
        given |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "is_staff": "on"}
        assert desk.post(page, given).status_code == 302
        row = trail.one()
        assert told(row) == ("updated", "staff", "user", str(alice.pk))
        assert row.changes == {"is_staff": {"before": False, "after": True}}
        desk.post("/admin/knox/authtoken/add/", {"user": alice.pk})
        row = trail.one()
        assert told(row) == ("token_created", "staff", "user", str(alice.pk))
        assert len(row.details["token"]) == 15


class TestCommands:
    def test_templates_belong_to_nobody(self, trail: Trail) -> None:
        call_command("import_templates", verbosity=0)
        rows = trail.added()
        assert {(row.action, row.actor_kind, row.object_kind) for row in rows} == {
            ("imported", "system", "workflow")
        }
        assert len(rows) == Workflow.objects.count()
        call_command("import_templates", verbosity=0)
        assert trail.added() == []

    def test_the_operators_servers(self, operators_file: WriteConfig, trail: Trail) -> None:
        operators_file(clock=entry("time"))
        sync_stdio_servers()
        assert told(trail.one()) == ("created", "", "mcp_server", "clock")
        sync_stdio_servers()
        assert trail.added() == []
        operators_file()
        sync_stdio_servers()
        row = trail.one()
        assert (row.action, row.actor_kind) == ("deactivated", "system")

    @pytest.mark.django_db(transaction=True)
    def test_manage_py_says_which_command_it_is(
        self, monkeypatch: pytest.MonkeyPatch, trail: Trail
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["manage.py", "import_templates", "--verbosity", "0"])
        manage.main()
        assert {(row.channel, row.via) for row in trail.added()} == {
            ("command", "import_templates")
        }


REFUSED = [
    ("put", FLOW, {"name": "x"}, 'W/"nonsense"', 412),
    ("patch", FLOW, {"definition": {"steps": "none"}}, None, 400),
    ("patch", FLOW, {"shared_with": ["strangers"]}, None, 400),
    ("delete", f"{FLOW}/steps/none", None, None, 404),
    ("post", f"{FLOW}/versions/9/restore", None, None, 404),
    ("patch", f"{API}/agents/writer", {"tools": ["native:none"]}, None, 400),
    ("patch", f"{API}/mcp-servers/crm", {"url": "http://127.0.0.1/"}, None, 400),
    ("post", f"{API}/agents", {"id": "writer", "name": "W"}, None, 409),
]  # fmt: skip


@pytest.mark.parametrize(("method", "address", "body", "if_match", "status"), REFUSED)
@pytest.mark.usefixtures("flow", "agent", "server")
def test_a_refused_write_adds_nothing(
    api: APIClient, trail: Trail, method: str, address: str, body: Any, if_match: str | None,
    status: int,
) -> None:  # fmt: skip
    headers = {"HTTP_IF_MATCH": if_match} if if_match else {}
    with trail.unchanged():
        answer = getattr(api, method)(address, body, **headers)
        assert answer.status_code == status, answer.content


@pytest.mark.usefixtures("flow", "agent", "server")
def test_who_may_not_change_it_adds_nothing(bob: User, client_for: ClientFor, trail: Trail) -> None:
    client = client_for(bob)
    with trail.unchanged():
        for address in (FLOW, f"{API}/agents/writer", f"{API}/mcp-servers/crm"):
            assert client.patch(address, {"name": "Mine"}).status_code == 404
            assert client.delete(address).status_code == 404


def test_what_is_rolled_back_leaves_nothing(alice: User, flow: Workflow, trail: Trail) -> None:
    with transaction.atomic():
        save_workflow(flow, by=alice, name="Other")
        archive_workflow(flow, by=alice)
        transaction.set_rollback(True)
    assert trail.added() == []


def test_a_change_that_changes_nothing_adds_nothing(
    api: APIClient, flow: Workflow, agent: Agent, server: McpServer, trail: Trail
) -> None:
    with trail.unchanged():
        sent(api, "patch", FLOW, {"tags": [], "definition": definition()})
        sent(api, "patch", f"{API}/agents/writer", {"name": "Writer"})
        sent(api, "patch", f"{API}/mcp-servers/crm", {"headers": {"Authorization": SECRET}})
        sent(api, "put", f"{FLOW}/nodes/stats/position", {"x": 1, "y": 2})


def test_publishing_the_published_version_again_is_told(
    api: APIClient, flow: Workflow, trail: Trail
) -> None:
    sent(api, "post", f"{FLOW}/publish", {})
    assert trail.one().changes == {"published_version": {"before": None, "after": 1}}
    sent(api, "post", f"{FLOW}/publish", {})
    row = trail.one()
    assert (row.action, row.changes) == ("published", {})
    assert row.details == {"version": 1, "again": True}


def test_accepting_what_an_agent_became(
    api: APIClient, flow: Workflow, agent: Agent, trail: Trail
) -> None:
    steps = [{"id": "ask", "type": "agent", "agent_id": "writer"}]
    sent(api, "patch", FLOW, {"definition": {"steps": steps}})
    sent(api, "post", f"{FLOW}/publish", {})
    sent(api, "patch", f"{API}/agents/writer", {"role": "Author"})
    state = api.get(f"{FLOW}/drift").json()["state"]
    trail.added()
    sent(api, "post", f"{FLOW}/drift/accept", {"state": state})
    row = trail.one()
    assert told(row) == ("accepted", "alice", "workflow", "flow")
    assert row.details == {"version": 2, "resources": ["writer"]}
