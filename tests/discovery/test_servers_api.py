"""MCP servers over REST: registering, secrets, refreshing, trying a tool."""

from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Group, User
from django.db import connection
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from discovery.models import McpServer, McpTool
from discovery.refreshing import refresh_servers, sync_stdio_servers
from tests.conftest import ClientFor
from tests.discovery.conftest import MakeServer, MakeTool, WriteConfig
from tests.fakes.mcp_servers.commands import entry
from tests.fakes.mcp_servers.http import McpHttpServer
from workflows.models import ToolUse, Workflow

pytestmark = pytest.mark.django_db

SERVERS = "/api/v1/mcp-servers"
SECRET = "Bearer s3cr3t-value"
BODY = {"id": "crm", "name": "CRM", "url": "https://mcp.example.org/mcp"}


@pytest.fixture(autouse=True)
def _own_file(operators_file: WriteConfig) -> None:
    """No test starts the default servers."""


@pytest.fixture
def worker() -> Any:
    """Celery tasks run where they are published, as soon as the transaction is committed."""
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


def stored_headers() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select headers::text from discovery_mcpserver")
        return str(cursor.fetchone()[0])


class TestRegistering:
    def test_makes_an_unchecked_http_server_of_the_caller(
        self, api: APIClient, alice: User
    ) -> None:
        answer = api.post(SERVERS, BODY)
        shown = answer.json()
        assert answer.status_code == 201
        assert {key: shown[key] for key in BODY} == BODY
        assert (shown["transport"], shown["status"]) == ("streamable_http", "unchecked")
        assert (shown["created_by"], shown["tools"], shown["is_active"]) == ("alice", [], True)
        assert McpServer.objects.get().created_by == alice

    def test_a_new_server_is_asked_for_its_tools(
        self,
        api: APIClient,
        http_server: McpHttpServer,
        worker: None,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            api.post(SERVERS, {**BODY, "url": http_server.url})
        shown = api.get(f"{SERVERS}/crm").json()
        assert (shown["status"], len(shown["tools"])) == ("connected", 6)
        assert shown["tools"][0]["id"] == "crm:add"

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"transport": "stdio"}, "/transport"),
            ({"command": "sh"}, "/command"),
            ({"status": "connected"}, "/status"),
            ({"tools": []}, "/tools"),
            ({"id": "native"}, "/id"),
            ({"id": "a:b"}, "/id"),
            ({"name": ""}, "/name"),
            ({"url": ""}, "/url"),
            ({"headers": {"Host": "x"}}, "/headers"),
            ({"headers": {"a b": "x"}}, "/headers"),
            ({"headers": {"X-Key": "line\nbreak"}}, "/headers"),
            ({"headers": {"X-Key": "a", "x-key": "b"}}, "/headers"),
            ({"headers": {"X-Key": ""}}, "/headers/X-Key"),
            ({"headers": {f"X-{n}": "x" for n in range(21)}}, "/headers"),
            ({"headers": ["X-Key"]}, "/headers"),
        ],
    )
    def test_refuses_with_the_place(
        self, api: APIClient, fields: dict[str, Any], pointer: str
    ) -> None:
        answer = api.post(SERVERS, {**BODY, **fields})
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert McpServer.objects.count() == 0

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8000/mcp",
            "http://169.254.169.254/latest",
            "http://[::1]/mcp",
            "http://localhost/mcp",
            "file:///etc/passwd",
            "python -m evil",
            "https://user:pass@mcp.example.org/",
        ],
    )
    def test_addresses_that_calls_may_not_reach_are_refused(self, api: APIClient, url: str) -> None:
        answer = api.post(SERVERS, {**BODY, "url": url})
        assert (answer.status_code, answer.json()["code"]) == (400, "url_refused")
        assert McpServer.objects.count() == 0

    def test_a_taken_id_is_refused(
        self, api: APIClient, bob: User, make_server: MakeServer
    ) -> None:
        make_server("crm", bob)
        answer = api.post(SERVERS, BODY)
        assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
        assert McpServer.objects.get().created_by == bob


class TestSecrets:
    def test_headers_are_stored_encrypted_and_never_shown(
        self, api: APIClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        answers = [
            api.post(SERVERS, {**BODY, "headers": {"Authorization": SECRET}}),
            api.get(SERVERS),
            api.get(f"{SERVERS}/crm"),
            api.patch(f"{SERVERS}/crm", {"name": "Other"}),
            api.get("/api/v1/workflows/resources/mcps"),
        ]
        assert all(answer.status_code < 300 for answer in answers)
        assert answers[1].json()["results"][0]["header_names"] == ["Authorization"]
        assert not any("s3cr3t" in answer.content.decode() for answer in answers)
        assert "s3cr3t" not in stored_headers() + caplog.text
        row = McpServer.objects.get()
        assert row.headers == {"Authorization": SECRET}
        assert "s3cr3t" not in repr(row) + str(row)

    def test_headers_stay_until_they_are_replaced_or_removed(self, api: APIClient) -> None:
        api.post(SERVERS, {**BODY, "headers": {"X-One": "1", "X-Two": "2"}})
        read = api.get(f"{SERVERS}/crm").json()
        assert api.put(f"{SERVERS}/crm", read).json()["header_names"] == ["X-One", "X-Two"]
        body = {"headers": {"X-Three": "3"}}
        assert api.patch(f"{SERVERS}/crm", body).json()["header_names"] == ["X-Three"]
        assert api.patch(f"{SERVERS}/crm", {"headers": None}).json()["header_names"] == []
        assert McpServer.objects.get().headers is None

    def test_stored_headers_do_not_follow_an_address_to_another_server(
        self, api: APIClient, client_for: ClientFor, carol: User, team: Group
    ) -> None:
        api.post(SERVERS, {**BODY, "headers": {"Authorization": SECRET}, "shared_with": ["team"]})
        member = client_for(carol)
        answer = member.patch(f"{SERVERS}/crm", {"url": "https://evil.example.org/mcp"})
        assert (answer.status_code, answer.json()["code"]) == (400, "headers_required")
        assert McpServer.objects.get().url == BODY["url"]
        same = member.patch(f"{SERVERS}/crm", {"url": "https://mcp.example.org/v2"})
        assert same.status_code == 200
        body = {"url": "https://new.example.org/mcp", "headers": None}
        assert member.patch(f"{SERVERS}/crm", body).json()["header_names"] == []


class TestChanging:
    def test_a_new_address_makes_the_status_unchecked(
        self, api: APIClient, alice: User, make_server: MakeServer
    ) -> None:
        make_server("crm", alice, status="connected")
        assert api.patch(f"{SERVERS}/crm", {"name": "Other"}).json()["status"] == "connected"
        body = {"url": "https://other.example.org"}
        assert api.patch(f"{SERVERS}/crm", body).json()["status"] == "unchecked"

    def test_a_disabled_server_is_not_refreshed_until_it_is_active_again(
        self, api: APIClient, alice: User, make_server: MakeServer
    ) -> None:
        make_server("crm", alice, status="connected")
        off = api.patch(f"{SERVERS}/crm", {"is_active": False}).json()
        assert (off["status"], off["is_active"]) == ("disabled", False)
        assert api.post(f"{SERVERS}/crm/refresh").status_code == 409
        assert api.patch(f"{SERVERS}/crm", {"is_active": True}).json()["status"] == "unchecked"
        assert api.post(f"{SERVERS}/crm/refresh").status_code == 202

    def test_a_server_whose_tools_are_used_is_protected(
        self, api: APIClient, alice: User, bob: User, make_server: MakeServer
    ) -> None:
        server = make_server("crm", alice)
        for pk, owner in [("mine", alice), ("secret", bob)]:
            workflow = Workflow.objects.create(pk=pk, name=pk, created_by=owner, definition_json={})
            ToolUse.objects.create(workflow=workflow, server=server, tool="crm:a")
            ToolUse.objects.create(workflow=workflow, server=server, tool="crm:b")
        problem = api.delete(f"{SERVERS}/crm").json()
        assert (problem["code"], problem["other_workflows"]) == ("in_use", 1)
        assert problem["workflows"] == [{"id": "mine", "name": "mine"}]
        assert McpServer.objects.count() == 1

    def test_deletes_what_nobody_uses(
        self, api: APIClient, alice: User, make_server: MakeServer, make_tool: MakeTool
    ) -> None:
        make_tool(make_server("crm", alice), "find")
        assert api.delete(f"{SERVERS}/crm").status_code == 204
        assert McpServer.objects.count() == McpTool.objects.count() == 0


class TestOperatorsServers:
    @pytest.fixture(autouse=True)
    def _crm(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("go", env={"KEY": SECRET}))
        sync_stdio_servers()

    def test_everyone_sees_them_and_nobody_their_commands(self, api: APIClient) -> None:
        answer = api.get(f"{SERVERS}/crm")
        shown = answer.json()
        assert (shown["transport"], shown["url"], shown["created_by"]) == ("stdio", "", None)
        assert "misbehaving" not in answer.content.decode()
        assert "s3cr3t" not in answer.content.decode()

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_not_even_staff_change_them(
        self, api: APIClient, client_for: ClientFor, staff: User, method: str
    ) -> None:
        for client in (api, client_for(staff)):
            body = {"name": "Other", "url": "https://x.example.org"}
            assert getattr(client, method)(f"{SERVERS}/crm", body).status_code == 403
        assert McpServer.objects.values_list("name", "transport").get() == ("crm", "stdio")

    def test_staff_delete_one_that_left_the_file(
        self, client_for: ClientFor, staff: User, operators_file: WriteConfig
    ) -> None:
        operators_file()
        sync_stdio_servers()
        assert client_for(staff).delete(f"{SERVERS}/crm").status_code == 204
        assert McpServer.objects.count() == 0


class TestRefreshing:
    def test_answers_at_once_and_asks_on_commit(
        self,
        api: APIClient,
        alice: User,
        make_server: MakeServer,
        http_server: McpHttpServer,
        worker: None,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        make_server("sums", alice, url=http_server.url)
        with django_capture_on_commit_callbacks(execute=True):
            answer = api.post(f"{SERVERS}/sums/refresh")
            assert (answer.status_code, answer.json()["status"]) == (202, "unchecked")
            assert http_server.received == []
        shown = api.get(f"{SERVERS}/sums").json()
        assert (shown["status"], shown["error"]) == ("connected", "")
        assert shown["last_checked_at"] is not None

    def test_a_request_that_waits_is_not_made_twice(
        self,
        api: APIClient,
        alice: User,
        make_server: MakeServer,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        make_server("sums", alice)
        with django_capture_on_commit_callbacks() as published:
            api.post(f"{SERVERS}/sums/refresh")
            api.post(f"{SERVERS}/sums/refresh")
        assert len(published) == 1


class TestTrying:
    @pytest.fixture(autouse=True)
    def _sums(self, alice: User, make_server: MakeServer, http_server: McpHttpServer) -> None:
        make_server("sums", alice, url=http_server.url)
        refresh_servers(["sums"])
        http_server.received.clear()

    def test_calls_the_tool_for_real(self, api: APIClient) -> None:
        answer = api.post(f"{SERVERS}/sums/tools/add/try", {"arguments": {"a": 1, "b": 2}})
        assert answer.status_code == 200
        assert answer.json()["output"] == {"total": 3}

    @pytest.mark.parametrize(
        ("tool", "arguments", "status", "code"),
        [
            ("none", {}, 404, "tool_missing"),
            ("add", {"a": "x", "b": 1}, 400, "invalid_arguments"),
            ("fail", {"reason": "because"}, 502, "tool_error"),
        ],
    )
    def test_failures_are_answers(
        self, api: APIClient, tool: str, arguments: dict[str, Any], status: int, code: str
    ) -> None:
        api.raise_request_exception = False  # a 502 is an answer, too
        answer = api.post(f"{SERVERS}/sums/tools/{tool}/try", {"arguments": arguments})
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_an_outsider_calls_nothing(
        self, client_for: ClientFor, bob: User, http_server: McpHttpServer
    ) -> None:
        body = {"arguments": {"a": 1, "b": 2}}
        assert client_for(bob).post(f"{SERVERS}/sums/tools/add/try", body).status_code == 404
        assert http_server.received == []


class TestOwnership:
    CALLS = (
        ("get", ""),
        ("put", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "/refresh"),
        ("post", "/tools/find/try"),
    )

    def test_the_anonymous_see_nothing(self, anonymous: APIClient, make_server: MakeServer) -> None:
        make_server("crm")
        assert anonymous.get(SERVERS).status_code == 401
        assert anonymous.post(SERVERS, BODY).status_code == 401
        for method, path in self.CALLS:
            assert getattr(anonymous, method)(f"{SERVERS}/crm{path}").status_code == 401
        assert McpServer.objects.get().refresh_requested_at is None

    def test_an_outsiders_server_looks_like_none(
        self,
        client_for: ClientFor,
        alice: User,
        bob: User,
        make_server: MakeServer,
        make_tool: MakeTool,
    ) -> None:
        make_tool(make_server("crm", alice), "find")
        outsider = client_for(bob)
        for path in (SERVERS, "/api/v1/workflows/resources/mcps"):
            assert outsider.get(path).json()["results"] == []
        for method, path in self.CALLS:
            denied = getattr(outsider, method)(f"{SERVERS}/crm{path}", {})
            absent = getattr(outsider, method)(f"{SERVERS}/none{path}", {})
            assert denied.status_code == absent.status_code == 404
            assert denied.json()["detail"] == absent.json()["detail"]
        assert McpServer.objects.get().refresh_requested_at is None

    def test_a_user_may_use_but_not_change_the_installations(
        self, api: APIClient, make_server: MakeServer
    ) -> None:
        make_server("crm")
        assert api.get(f"{SERVERS}/crm").status_code == 200
        assert api.post(f"{SERVERS}/crm/refresh").status_code == 202
        assert api.patch(f"{SERVERS}/crm", {"name": "x"}).status_code == 403
        assert api.delete(f"{SERVERS}/crm").status_code == 403


class TestLists:
    @pytest.mark.parametrize("path", [SERVERS, "/api/v1/workflows/resources/mcps"])
    def test_a_list_costs_the_same_however_long(
        self,
        path: str,
        api: APIClient,
        alice: User,
        team: Group,
        make_server: MakeServer,
        make_tool: MakeTool,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(10):
            server = make_server(f"server-{number}", alice, headers={"X-Key": "x"})
            server.shared_with.add(team)
            make_tool(server, "one")
            make_tool(server, "two")
        with django_assert_num_queries(4):  # the token, the page, its groups, its tools
            assert len(api.get(path).json()["results"]) == 10

    def test_filters_by_status_and_words(
        self, api: APIClient, alice: User, make_server: MakeServer
    ) -> None:
        make_server("crm", alice, status="connected")
        make_server("wiki", alice)
        for query, found in [("status=connected", "crm"), ("search=WIK", "wiki")]:
            rows = api.get(f"{SERVERS}?{query}").json()["results"]
            assert [row["id"] for row in rows] == [found]
