"""Agents, servers and tools in the admin."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from discovery.models import Agent, McpServer
from discovery.refreshing import sync_stdio_servers
from tests.discovery.conftest import MakeAgent, MakeServer, MakeTool, WriteConfig
from tests.fakes.mcp_servers.commands import entry
from workflows.models import AgentUse, Workflow

pytestmark = pytest.mark.django_db

ADMIN = "/admin/discovery"
SECRET = "Bearer s3cr3t-value"


@pytest.fixture
def desk(staff: User) -> Client:
    """A browser in which a member of staff is logged in."""
    client = Client()
    client.force_login(staff)
    return client


def agent_form(**fields: Any) -> dict[str, Any]:
    return {
        "id": "writer",
        "name": "Writer",
        "agent_type": "chat",
        "tools": "[]",
        "output_schema": "null",
        "max_turns": 10,
        "is_active": "on",
        **fields,
    }


def server_form(**fields: Any) -> dict[str, Any]:
    tools = {f"tools-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return {
        "id": "crm",
        "name": "CRM",
        "url": "https://mcp.example.org/mcp",
        "new_headers": "",
        "is_active": "on",
        **tools,
        **fields,
    }


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


@pytest.mark.parametrize(
    "path", ["agent/", "agent/add/", "mcpserver/", "mcpserver/add/", "mcptool/", "mcptool/?q=find"]
)
def test_pages_open(desk: Client, path: str, make_server: MakeServer, make_tool: MakeTool) -> None:
    make_tool(make_server("crm"), "find")
    assert desk.get(f"{ADMIN}/{path}").status_code == 200


def test_ordinary_users_see_nothing(alice: User, make_agent: MakeAgent) -> None:
    client = Client()
    client.force_login(alice)
    make_agent("writer", alice)
    for path in ("agent/", "agent/writer/change/", "mcpserver/", "mcptool/"):
        assert client.get(f"{ADMIN}/{path}").status_code == 302


class TestAgents:
    def test_an_agent_without_an_owner_belongs_to_the_installation(self, desk: Client) -> None:
        answer = desk.post(f"{ADMIN}/agent/add/", agent_form(tools='["native:text_stats"]'))
        assert answer.status_code == 302
        row = Agent.objects.get()
        assert (row.pk, row.created_by, row.version) == ("writer", None, 1)
        assert row.tools == ["native:text_stats"]

    def test_a_change_makes_the_next_version(self, desk: Client, make_agent: MakeAgent) -> None:
        make_agent("writer")
        desk.post(f"{ADMIN}/agent/writer/change/", agent_form(role="Author"))
        row = Agent.objects.get()
        assert (row.role, row.version) == ("Author", 2)

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"tools": '["native:none"]'}, "tools"),
            ({"tools": '{"a": 1}'}, "tools"),
            ({"output_schema": '{"type": "thing"}'}, "output_schema"),
            ({"id": "1st"}, "id"),
        ],
    )
    def test_the_rules_are_those_of_the_api(
        self, desk: Client, fields: dict[str, str], field: str
    ) -> None:
        answer = desk.post(f"{ADMIN}/agent/add/", agent_form(**fields))
        assert list(errors(answer)) == [field]
        assert Agent.objects.count() == 0

    def test_shows_which_workflows_use_it(
        self, desk: Client, alice: User, make_agent: MakeAgent
    ) -> None:
        workflow = Workflow.objects.create(
            pk="flow", name="F", created_by=alice, definition_json={}
        )
        AgentUse.objects.create(workflow=workflow, agent=make_agent("writer"))
        page = desk.get(f"{ADMIN}/agent/writer/change/").content.decode()
        assert "/admin/workflows/workflow/flow/change/" in page


class TestServers:
    def test_registers_an_http_server_and_asks_it(
        self, desk: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks() as published:
            answer = desk.post(f"{ADMIN}/mcpserver/add/", server_form())
        assert answer.status_code == 302
        row = McpServer.objects.get()
        assert (row.transport, row.status) == ("streamable_http", "unchecked")
        assert row.refresh_requested_at is not None
        # The refresh, and the news for those who publish.
        assert len(published) == 2

    def test_nobody_registers_a_command(self, desk: Client) -> None:
        form = server_form(transport="stdio", command="sh", url="")
        assert "url" in errors(desk.post(f"{ADMIN}/mcpserver/add/", form))
        desk.post(f"{ADMIN}/mcpserver/add/", server_form(transport="stdio"))
        assert McpServer.objects.get().transport == "streamable_http"

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"url": "http://127.0.0.1/mcp"}, "url"),
            ({"id": "native"}, "id"),
            ({"new_headers": '{"Host": "x"}'}, "new_headers"),
            ({"new_headers": '["X"]'}, "new_headers"),
            ({"new_headers": '{"X": 1}'}, "new_headers"),
        ],
    )
    def test_the_rules_are_those_of_the_api(
        self, desk: Client, fields: dict[str, str], field: str
    ) -> None:
        assert list(errors(desk.post(f"{ADMIN}/mcpserver/add/", server_form(**fields)))) == [field]
        assert McpServer.objects.count() == 0

    def test_secrets_go_in_and_never_come_out(self, desk: Client) -> None:
        form = server_form(new_headers=f'{{"Authorization": "{SECRET}"}}')
        desk.post(f"{ADMIN}/mcpserver/add/", form)
        assert McpServer.objects.get().headers == {"Authorization": SECRET}
        pages = [
            desk.get(f"{ADMIN}/mcpserver/crm/change/").content.decode(),
            desk.get(f"{ADMIN}/mcpserver/").content.decode(),
            desk.get(f"{ADMIN}/mcpserver/crm/history/").content.decode(),
        ]
        assert "Authorization" in pages[0]
        assert not any("s3cr3t" in page for page in pages)

    def test_empty_keeps_the_headers_and_braces_remove_them(
        self, desk: Client, make_server: MakeServer
    ) -> None:
        make_server("crm", headers={"Authorization": SECRET})
        desk.post(f"{ADMIN}/mcpserver/crm/change/", server_form(name="Other"))
        row = McpServer.objects.get()
        assert (row.name, row.headers) == ("Other", {"Authorization": SECRET})
        desk.post(f"{ADMIN}/mcpserver/crm/change/", server_form(new_headers="{}"))
        assert McpServer.objects.get().headers is None

    def test_stored_headers_do_not_follow_the_address(
        self, desk: Client, make_server: MakeServer
    ) -> None:
        make_server("crm", headers={"Authorization": SECRET})
        form = server_form(url="https://evil.example.org/mcp")
        answer = desk.post(f"{ADMIN}/mcpserver/crm/change/", form)
        assert "leads to another server" in str(errors(answer))
        assert McpServer.objects.get().url == "https://mcp.example.org/mcp"

    def test_a_failed_validation_does_not_harm_later_reads(self, make_server: MakeServer) -> None:
        make_server("crm", headers={"Authorization": SECRET})
        with pytest.raises(ValidationError):
            McpServer(pk="x", name="x", headers={"X": object()}).clean_fields()
        assert McpServer.objects.get().headers == {"Authorization": SECRET}

    def test_switching_off_disables(self, desk: Client, make_server: MakeServer) -> None:
        make_server("crm", status="connected")
        form = server_form()
        del form["is_active"]
        desk.post(f"{ADMIN}/mcpserver/crm/change/", form)
        assert McpServer.objects.get().status == "disabled"

    def test_the_operators_servers_are_only_shown(
        self, desk: Client, operators_file: WriteConfig
    ) -> None:
        operators_file(crm=entry("go", env={"KEY": SECRET}))
        sync_stdio_servers()
        page = desk.get(f"{ADMIN}/mcpserver/crm/change/")
        assert page.status_code == 200
        assert "s3cr3t" not in page.content.decode()
        assert desk.post(f"{ADMIN}/mcpserver/crm/change/", server_form()).status_code == 403
        assert desk.post(f"{ADMIN}/mcpserver/crm/delete/", {"post": "yes"}).status_code == 403
        assert McpServer.objects.values_list("name", "transport").get() == ("crm", "stdio")

    def test_the_action_asks_the_selected_servers(
        self,
        desk: Client,
        make_server: MakeServer,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        make_server("crm")
        make_server("off", status="disabled")
        form = {"action": "refresh_tools", "_selected_action": ["crm", "off"]}
        with django_capture_on_commit_callbacks() as published:
            page = desk.post(f"{ADMIN}/mcpserver/", form, follow=True).content.decode()
        assert "Crm is being asked for its tools." in page
        assert "Off: The server is disabled" in page
        assert len(published) == 1

    def test_tools_stand_with_their_server_and_cannot_be_changed(
        self, desk: Client, make_server: MakeServer, make_tool: MakeTool
    ) -> None:
        tool = make_tool(make_server("crm"), "find", description="<script>alert(1)</script>")
        page = desk.get(f"{ADMIN}/mcpserver/crm/change/").content.decode()
        assert f"/admin/discovery/mcptool/{tool.pk}/change/" in page
        assert "<script>alert(1)" not in page
        assert desk.post(f"{ADMIN}/mcptool/{tool.pk}/change/", {"name": "x"}).status_code == 403


def test_a_tools_schema_is_readable_and_escaped(
    desk: Client, make_server: MakeServer, make_tool: MakeTool
) -> None:
    schema = {"type": "object", "description": "</pre><script>alert(1)</script>"}
    tool = make_tool(make_server("crm"), "find", input_schema=schema)
    page = desk.get(f"{ADMIN}/mcptool/{tool.pk}/change/").content.decode()
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize("path", ["agent/", "mcpserver/", "mcptool/"])
def test_lists_cost_the_same_however_long(
    path: str,
    desk: Client,
    alice: User,
    make_agent: MakeAgent,
    make_server: MakeServer,
    make_tool: MakeTool,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(15):
        make_agent(f"agent-{number}", alice)
        make_tool(make_server(f"server-{number}", alice), "find")
    desk.get(f"{ADMIN}/{path}")
    with django_assert_max_num_queries(8):
        assert desk.get(f"{ADMIN}/{path}").status_code == 200
