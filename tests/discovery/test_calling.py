"""Calling tools: the one door, with rights and schemas checked at each call."""

from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.db import connections
from pytest_django import Settings

from discovery.calling import ToolOutcome, call_tool, describe_tools
from discovery.mcp import client as mcp_client
from discovery.models import McpServer, McpTool
from discovery.refreshing import refresh_servers, sync_stdio_servers
from discovery.tool_errors import ToolCallFailed
from tests.discovery.conftest import MakeServer, WriteConfig
from tests.fakes.mcp_servers.commands import entry
from tests.fakes.mcp_servers.http import McpHttpServer
from tests.fakes.web_server import WebServer

# Rows are read in another thread, which does not see what a test's transaction has not committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_file(operators_file: WriteConfig) -> None:
    """No test starts the default servers."""


@pytest.fixture
def sums(alice: User, make_server: MakeServer, http_server: McpHttpServer) -> McpServer:
    """Alice's server with real tools."""
    server = make_server("sums", alice, url=http_server.url)
    refresh_servers(["sums"])
    http_server.received.clear()
    return server


@pytest.fixture(autouse=True)
async def _nothing_stays_open() -> AsyncIterator[None]:
    """Neither a server's process nor the database connection of the thread that reads rows."""
    yield
    await mcp_client.close_connections()
    await sync_to_async(connections.close_all)()


async def call(
    tool: str, caller: User | None, seconds: float = 20, **arguments: object
) -> ToolOutcome:
    return await call_tool(
        tool,
        arguments,  # type: ignore[arg-type]
        caller=caller,
        timeout_seconds=seconds,
        idempotency_key="key",
    )


async def failure(
    tool: str, caller: User | None, seconds: float = 20, **arguments: object
) -> ToolCallFailed:
    with pytest.raises(ToolCallFailed) as caught:
        await call(tool, caller, seconds, **arguments)
    return caught.value


async def test_calls_a_native_tool_without_any_caller() -> None:
    outcome = await call("native:text_stats", None, text="one two")
    assert isinstance(outcome.output, dict)
    assert outcome.output["words"] == 2
    assert len(outcome.schema_hash) == 64


async def test_calls_a_tool_of_an_http_server(sums: McpServer, alice: User) -> None:
    outcome = await call("sums:add", alice, a=2, b=3)
    stored = await McpTool.objects.aget(name="add")
    assert outcome.output == {"total": 5}
    assert outcome.schema_hash == stored.schema_hash
    assert outcome.duration_ms > 0


async def test_calls_a_tool_of_the_operators_command(
    operators_file: WriteConfig, bob: User
) -> None:
    operators_file(crm=entry("go"))
    await sync_to_async(sync_stdio_servers)()
    await sync_to_async(refresh_servers)(["crm"])
    assert (await call("crm:go", bob)).output == "done"


async def test_another_users_tool_looks_like_one_that_does_not_exist(
    sums: McpServer, bob: User, http_server: McpHttpServer
) -> None:
    denied = await failure("sums:add", bob, a=1, b=1)
    absent = await failure("none:add", bob, a=1, b=1)
    assert denied.kind == absent.kind == "tool_missing"
    assert denied.message.replace("sums", "none") == absent.message
    assert http_server.received == []


async def test_nobody_calls_no_mcp_tool(sums: McpServer, http_server: McpHttpServer) -> None:
    assert (await failure("sums:add", None, a=1, b=1)).kind == "tool_missing"
    assert http_server.received == []


async def test_a_group_that_a_server_is_shared_with_may_call(sums: McpServer, bob: User) -> None:
    group = await Group.objects.acreate(name="team")
    await bob.groups.aadd(group)
    await sums.shared_with.aadd(group)
    assert (await call("sums:add", bob, a=1, b=1)).output == {"total": 2}


@pytest.mark.parametrize(
    "change", [{"tool": {"is_available": False}}, {"server": {"status": "disabled"}}]
)
async def test_a_tool_that_is_gone_at_the_call_is_missing(
    sums: McpServer, alice: User, http_server: McpHttpServer, change: dict[str, dict[str, object]]
) -> None:
    await McpTool.objects.aupdate(**change.get("tool", {"description": ""}))
    await McpServer.objects.aupdate(**change.get("server", {"description": ""}))
    assert (await failure("sums:add", alice, a=1, b=1)).kind == "tool_missing"
    assert http_server.received == []


async def test_a_tool_that_the_operator_no_longer_allows_is_missing(
    operators_file: WriteConfig, bob: User
) -> None:
    operators_file(crm=entry("go"))
    await sync_to_async(sync_stdio_servers)()
    await sync_to_async(refresh_servers)(["crm"])
    operators_file(crm=entry("go", allowedTools=[]))
    assert (await failure("crm:go", bob)).kind == "tool_missing"


async def test_wrong_arguments_are_refused_before_the_call(
    sums: McpServer, alice: User, http_server: McpHttpServer
) -> None:
    error = await failure("sums:add", alice, a="two", b=3)
    assert (error.kind, error.code) == ("schema_mismatch", "invalid_arguments")
    assert "at /a: 'two' is not of type 'integer'" in error.message
    assert http_server.received == []


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_arguments_that_no_json_can_hold_are_refused(text: str) -> None:
    assert (await failure("native:text_stats", None, text=text)).kind == "schema_mismatch"


@pytest.mark.parametrize(
    "tool", ["", "x", "native:", "native:none", ":", "sums:", "a\x00:b", "x" * 9999]
)
async def test_nonsense_is_a_missing_tool(tool: str, alice: User) -> None:
    assert (await failure(tool, alice)).kind in {"tool_missing", "schema_mismatch"}


async def test_a_result_that_breaks_its_own_schema_is_refused(
    alice: User, operators_file: WriteConfig
) -> None:
    file = operators_file().with_name("tools.json")
    file.write_text(
        '[{"name": "sum", "inputSchema": {"type": "object"},'
        ' "outputSchema": {"type": "object", "properties": {"total": {"type": "integer"}}}}]'
    )
    operators_file(crm=entry("from-file", str(file)))
    await sync_to_async(sync_stdio_servers)()
    await sync_to_async(refresh_servers)(["crm"])
    error = await failure("crm:sum", alice)
    assert (error.kind, error.code) == ("schema_mismatch", "invalid_result")
    assert "at /total: 'many' is not of type 'integer'" in error.message


async def test_a_native_tool_ends_at_the_deadline(
    settings: Settings, local_servers_allowed: None
) -> None:
    with WebServer() as web:
        error = await failure("native:http_request", None, 0.3, url=f"{web.url}/hang", method="GET")
    assert error.kind == "timeout"


def test_describes_what_the_caller_may_use_in_the_order_asked(
    sums: McpServer, alice: User, bob: User
) -> None:
    ids = ["sums:shout", "native:text_stats", "sums:add", "sums:none", "native:none", "sums:add"]
    described = describe_tools(ids, alice)
    assert [tool.id for tool in described] == ["sums:shout", "native:text_stats", "sums:add"]
    add = described[2]
    assert (add.name, add.server_id, add.read_only, add.idempotent) == ("add", "sums", True, True)
    assert add.input_schema["required"] == ["a", "b"]
    assert [tool.id for tool in describe_tools(ids, bob)] == ["native:text_stats"]
    assert [tool.id for tool in describe_tools(ids, None)] == ["native:text_stats"]
