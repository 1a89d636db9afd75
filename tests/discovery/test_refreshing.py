"""Refreshing: real servers are asked, and the rows say what they said."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from discovery import past_tools, refreshing, tasks
from discovery.mcp.config import BrokenConfig
from discovery.models import McpServer, McpTool
from discovery.refreshing import refresh_servers, sync_stdio_servers
from tests.discovery.conftest import MakeServer, MakeTool, WriteConfig
from tests.fakes.mcp_servers.commands import entry
from tests.fakes.mcp_servers.http import McpHttpServer

pytestmark = pytest.mark.django_db


def state(pk: str) -> tuple[str, str]:
    row = McpServer.objects.get(pk=pk)
    return row.status, row.error


def tools(pk: str) -> dict[str, bool]:
    return dict(McpTool.objects.filter(server_id=pk).values_list("name", "is_available"))


class TestStdioRows:
    def test_the_file_makes_rows_of_the_installation(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("go", name="The CRM", description="Customers."))
        assert sync_stdio_servers() == {}
        row = McpServer.objects.get()
        assert (row.pk, row.name, row.description) == ("crm", "The CRM", "Customers.")
        assert (row.transport, row.url, row.status, row.created_by) == (
            "stdio",
            "",
            "unchecked",
            None,
        )

    def test_doing_it_twice_changes_nothing(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("go"))
        sync_stdio_servers()
        before = McpServer.objects.values().get()
        sync_stdio_servers()
        assert McpServer.objects.values().get() == before

    def test_an_entry_that_left_the_file_is_disabled_and_keeps_its_tools(
        self, operators_file: WriteConfig
    ) -> None:
        operators_file(crm=entry("go"))
        sync_stdio_servers()
        refresh_servers(["crm"])
        operators_file()
        sync_stdio_servers()
        assert state("crm") == ("disabled", refreshing.REMOVED)
        assert tools("crm") == {"go": True}

    def test_an_entry_that_came_back_is_unchecked(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("go", disabled=True))
        sync_stdio_servers()
        assert state("crm") == ("disabled", refreshing.SWITCHED_OFF)
        operators_file(crm=entry("go"))
        sync_stdio_servers()
        assert state("crm") == ("unchecked", "")

    def test_an_entry_cannot_take_the_id_of_a_registered_server(
        self, operators_file: WriteConfig, make_server: MakeServer
    ) -> None:
        make_server("crm")
        operators_file(crm=entry("go"))
        assert "rename this entry" in sync_stdio_servers()["crm"]
        assert McpServer.objects.get().transport == "streamable_http"

    def test_a_broken_file_changes_nothing(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("go"))
        sync_stdio_servers()
        operators_file().write_text("{")
        with pytest.raises(BrokenConfig):
            sync_stdio_servers()
        assert state("crm") == ("unchecked", "")

    def test_secrets_of_the_file_do_not_reach_the_database(
        self, operators_file: WriteConfig
    ) -> None:
        operators_file(crm=entry("refuse", env={"FAKE_SECRET": "s3cr3t"}))
        sync_stdio_servers()
        refresh_servers(["crm"])
        assert "s3cr3t" not in repr(list(McpServer.objects.values()))
        assert state("crm")[0] == "unreachable"


class TestRefreshing:
    def test_a_command_is_connected_and_its_tools_are_stored(
        self, operators_file: WriteConfig
    ) -> None:
        operators_file(crm=entry("go"))
        sync_stdio_servers()
        [found] = refresh_servers(["crm"])
        assert (found.status, found.tools, found.error) == ("connected", ["go"], "")
        row = McpTool.objects.get()
        assert (row.name, row.description, row.input_schema) == (
            "go",
            "A tool.",
            {"type": "object", "properties": {}},
        )
        assert (row.read_only, row.destructive, row.idempotent) == (False, True, False)
        assert len(row.schema_hash) == 64
        assert McpServer.objects.get().last_checked_at is not None

    def test_an_http_server_is_connected(
        self, make_server: MakeServer, http_server: McpHttpServer
    ) -> None:
        make_server("sums", url=http_server.url)
        [found] = refresh_servers(["sums"])
        assert found.status == "connected"
        assert McpTool.objects.get(name="add").read_only

    def test_stored_headers_are_sent(
        self, make_server: MakeServer, local_servers_allowed: None
    ) -> None:
        with McpHttpServer(required_header=("X-Key", "s3cr3t")) as server:
            make_server("sums", url=server.url, headers={"X-Key": "s3cr3t"})
            make_server("shut", url=server.url)
            refresh_servers(["sums", "shut"])
        assert state("sums") == ("connected", "")
        assert state("shut") == (
            "unreachable",
            "The server refuses access (HTTP 401): give it the right headers.",
        )

    def test_an_unreachable_server_keeps_its_tools_and_says_why(
        self, make_server: MakeServer, make_tool: MakeTool, local_servers_allowed: None
    ) -> None:
        make_tool(make_server("gone", url="http://127.0.0.1:9/mcp"), "find")
        [found] = refresh_servers(["gone"])
        assert found.status == "unreachable"
        assert found.error.startswith("No connection:")
        assert tools("gone") == {"find": True}

    def test_a_tool_that_disappeared_is_marked_and_comes_back(
        self, operators_file: WriteConfig, tmp_path: Path
    ) -> None:
        file = tmp_path / "tools.json"
        both = [{"name": name, "inputSchema": {"type": "object"}} for name in ("one", "two")]
        operators_file(crm=entry("from-file", str(file)))
        sync_stdio_servers()
        for listed, expected in [
            (both, {"one": True, "two": True}),
            (both[:1], {"one": True, "two": False}),
            (both, {"one": True, "two": True}),
        ]:
            file.write_text(json.dumps(listed))
            refresh_servers(["crm"])
            assert tools("crm") == expected

    def test_a_changed_schema_changes_the_hash_and_keeps_the_row(
        self, operators_file: WriteConfig, tmp_path: Path
    ) -> None:
        file = tmp_path / "tools.json"
        operators_file(crm=entry("from-file", str(file)))
        sync_stdio_servers()
        file.write_text('[{"name": "one", "inputSchema": {"type": "object"}}]')
        refresh_servers(["crm"])
        before = McpTool.objects.get()
        file.write_text('[{"name": "one", "inputSchema": {"type": "object", "required": ["a"]}}]')
        refresh_servers(["crm"])
        after = McpTool.objects.get()
        assert after.schema_hash != before.schema_hash
        assert (after.pk, after.first_seen_at) == (before.pk, before.first_seen_at)
        assert after.last_seen_at > before.last_seen_at

    def test_of_each_tool_the_last_definitions_are_kept_for_calls_of_then(
        self, operators_file: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(past_tools, "MOST_KEPT", 2)
        file = tmp_path / "tools.json"
        operators_file(crm=entry("from-file", str(file)))
        sync_stdio_servers()
        hashes = []
        for field in "abcd":
            schema = {"type": "object", "required": [field]}
            file.write_text(json.dumps([{"name": "one", "inputSchema": schema}]))
            refresh_servers(["crm"])
            hashes.append(McpTool.objects.get().schema_hash)
            # A tool that is gone for a while may come back as another.
            file.write_text("[]")
            refresh_servers(["crm"])
        found = past_tools.schemas_of([("crm:one", schema_hash) for schema_hash in hashes])
        required = [found[key]["input_schema"]["required"] for key in sorted(found)]
        assert sorted(required) == [["b"], ["c"], ["d"]]

    def test_only_allowed_tools_are_stored(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("bad-tools", allowedTools=["last", "unheard-of"]))
        sync_stdio_servers()
        refresh_servers(["crm"])
        assert tools("crm") == {"last": True}

    def test_what_was_left_out_is_said(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("bad-tools"))
        sync_stdio_servers()
        [found] = refresh_servers(["crm"])
        assert found.status == "connected"
        assert "Two tools are named 'good'; only the first is used." in found.error

    def test_a_disabled_server_is_not_asked(
        self, make_server: MakeServer, http_server: McpHttpServer
    ) -> None:
        make_server("sums", url=http_server.url, status="disabled")
        assert refresh_servers(["sums"]) == []
        assert http_server.received == []
        assert state("sums") == ("disabled", "")

    def test_a_later_answer_is_not_overwritten_by_an_earlier_one(
        self, make_server: MakeServer, http_server: McpHttpServer
    ) -> None:
        later = timezone.now() + timedelta(minutes=1)
        make_server(
            "sums", url=http_server.url, status="unreachable", error="Later.", last_checked_at=later
        )
        refresh_servers(["sums"])
        assert state("sums") == ("unreachable", "Later.")
        assert tools("sums") == {}

    def test_headers_that_cannot_be_decrypted_are_explained(
        self, make_server: MakeServer, http_server: McpHttpServer
    ) -> None:
        make_server("sums", url=http_server.url)
        with connection.cursor() as cursor:
            cursor.execute(
                "update discovery_mcpserver set headers = %s::jsonb",
                ['"{\\"X-Key\\": \\"gAAAA-other-key\\"}"'],
            )
        refresh_servers(["sums"])
        assert "can't be decrypted" in state("sums")[1]
        assert http_server.received == []


class TestTask:
    def test_a_request_is_carried_out_once(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("go"))
        sync_stdio_servers()
        McpServer.objects.update(refresh_requested_at=timezone.now())
        tasks.refresh_server("crm")
        first = McpServer.objects.get()
        assert (first.status, first.refresh_requested_at) == ("connected", None)
        tasks.refresh_server("crm")
        assert McpServer.objects.get().last_checked_at == first.last_checked_at

    def test_a_deleted_server_is_no_error(self) -> None:
        tasks.refresh_server("gone")
        assert McpServer.objects.count() == 0


class TestCommand:
    def test_asks_all_servers_and_prints_their_tools(
        self, operators_file: WriteConfig, capsys: pytest.CaptureFixture[str]
    ) -> None:
        operators_file(crm=entry("go"))
        call_command("discover_mcp")
        assert "crm:go" in capsys.readouterr().out

    def test_json_is_one_document(
        self, operators_file: WriteConfig, capsys: pytest.CaptureFixture[str]
    ) -> None:
        operators_file(crm=entry("go"))
        call_command("discover_mcp", "crm", "--json")
        assert json.loads(capsys.readouterr().out) == {
            "servers": [{"server_id": "crm", "status": "connected", "error": "", "tools": ["go"]}],
            "problems": [],
        }

    def test_an_unreachable_server_gives_exit_code_1(self, operators_file: WriteConfig) -> None:
        operators_file(bad={"command": "/no/such/command"}, crm=entry("go"))
        with pytest.raises(SystemExit) as caught:
            call_command("discover_mcp")
        assert caught.value.code == 1
        assert state("crm")[0] == "connected"

    def test_an_unknown_server_gives_exit_code_2(self, operators_file: WriteConfig) -> None:
        operators_file(crm=entry("go"))
        with pytest.raises(
            CommandError, match="There is no server 'nope'; there are: crm"
        ) as caught:
            call_command("discover_mcp", "nope")
        assert caught.value.returncode == 2

    def test_a_broken_file_gives_exit_code_2(self, operators_file: WriteConfig) -> None:
        operators_file().write_text("{")
        with pytest.raises(CommandError, match=r"mcp\.json: Not JSON") as caught:
            call_command("discover_mcp")
        assert caught.value.returncode == 2

    def test_the_servers_of_the_default_file_answer(self, settings: Settings) -> None:
        settings.MCP_CONFIG = Path(__file__).parents[2] / "mcp.json"
        call_command("discover_mcp")
        assert set(tools("time")) == {"get_current_time", "convert_time"}
        assert "git_log" in tools("git")
        assert "git_commit" not in tools("git")
        assert McpTool.objects.filter(read_only=False).count() == 0
