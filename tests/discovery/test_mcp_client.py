"""The MCP client against real servers, over stdio and streamable HTTP."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pytest_django import Settings

from discovery.mcp import client as mcp_client
from discovery.mcp.addresses import Address, HttpAddress, StdioAddress, pairs
from discovery.mcp.failures import ServerUnreachable
from discovery.tool_errors import ToolCallFailed
from tests.fakes.mcp_servers.commands import misbehaving, well_behaved
from tests.fakes.mcp_servers.http import McpHttpServer


async def call(
    address: Address, name: str = "go", seconds: float = 20, **arguments: object
) -> object:
    return await mcp_client.call_tool(
        address,
        name,
        arguments,  # type: ignore[arg-type]
        timeout_seconds=seconds,
        idempotency_key="run-1/step",
    )


async def failure(
    address: Address, name: str = "go", seconds: float = 20, **arguments: object
) -> ToolCallFailed:
    with pytest.raises(ToolCallFailed) as caught:
        await call(address, name, seconds, **arguments)
    return caught.value


async def unreachable(address: Address, seconds: float = 20) -> str:
    with pytest.raises(ServerUnreachable) as caught:
        await mcp_client.list_tools(address, timeout_seconds=seconds)
    return caught.value.reason


@pytest.fixture(autouse=True)
async def _no_process_stays() -> AsyncIterator[None]:
    yield
    await mcp_client.close_connections()


@pytest.fixture(params=["stdio", "http"])
def address(request: pytest.FixtureRequest) -> Address:
    if request.param == "stdio":
        return well_behaved()
    return HttpAddress(request.getfixturevalue("http_server").url)


async def test_lists_tools_with_schemas_and_annotations(address: Address) -> None:
    listing = await mcp_client.list_tools(address)
    assert list(listing.tools) == ["add", "shout", "fail", "sleep", "large", "meta"]
    add = listing.tools["add"]
    assert add.description == "Adds two numbers."
    assert add.input_schema["required"] == ["a", "b"]
    assert add.output_schema is not None
    assert (add.read_only, add.destructive, add.idempotent) == (True, False, True)
    shout = listing.tools["shout"]
    assert (shout.read_only, shout.destructive, shout.idempotent) == (False, True, False)
    assert listing.refused == []


async def test_gives_structured_content_where_there_is_any_else_the_text(address: Address) -> None:
    assert await call(address, "add", a=2, b=3) == {"total": 5}
    assert await call(address, "shout", text="hi") == "HI"


async def test_sends_the_idempotency_key_with_each_call(address: Address) -> None:
    assert await call(address, "meta") == "run-1/step"


async def test_a_failing_tool_is_a_tool_error_in_its_own_words(address: Address) -> None:
    error = await failure(address, "fail", reason="no such customer")
    assert error.kind == "tool_error"
    assert "no such customer" in error.message
    assert not error.is_retryable


async def test_an_unknown_tool_is_a_tool_error(address: Address) -> None:
    error = await failure(address, "nonsense")
    assert error.kind == "tool_error"
    assert "nonsense" in error.message


async def test_a_slow_tool_ends_at_the_deadline(address: Address) -> None:
    await call(address, "add", a=1, b=1)
    started = time.monotonic()
    with pytest.raises(ToolCallFailed) as caught:
        await mcp_client.call_tool(address, "sleep", {"seconds": 30}, timeout_seconds=0.5)
    error = caught.value
    assert error.kind == "timeout"
    assert error.is_retryable
    assert time.monotonic() - started < 2.5


async def test_refuses_a_result_that_is_too_large(address: Address, settings: Settings) -> None:
    settings.OUTBOUND_MAX_BYTES = 10_000
    assert await call(address, "large", size=5_000) == "x" * 5_000
    error = await failure(address, "large", size=50_000)
    assert error.kind == "tool_error"


async def test_the_size_limit_of_a_command_is_named(settings: Settings) -> None:
    settings.OUTBOUND_MAX_BYTES = 10_000
    error = await failure(well_behaved(), "large", size=50_000)
    assert error.code == "result_too_large"
    assert "50002 bytes" in error.message


async def test_one_malformed_tool_does_not_take_the_list_down() -> None:
    listing = await mcp_client.list_tools(misbehaving("bad-tools"))
    assert list(listing.tools) == ["good", "bad-icons", "hidden", "regex", "last"]
    assert listing.tools["good"].description == "A tool."
    assert listing.tools["hidden"].description == "Plain [31mtext"
    assert len(listing.refused) == 11


async def test_regular_expressions_of_strangers_are_not_kept() -> None:
    listing = await mcp_client.list_tools(misbehaving("bad-tools"))
    assert listing.tools["regex"].input_schema["properties"] == {"pattern": {"type": "string"}}


async def test_pages_without_end_are_cut_at_500_tools() -> None:
    listing = await mcp_client.list_tools(misbehaving("endless-pages"))
    assert len(listing.tools) == 500
    assert "first 500" in listing.refused[-1]


async def test_a_listing_that_is_no_list_says_so() -> None:
    assert "does not speak MCP" in await unreachable(misbehaving("no-list"))


async def test_the_hash_changes_with_the_schema(tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    tool = {
        "name": "go",
        "inputSchema": {"type": "object", "properties": {"a": {"type": "string"}}},
    }
    file.write_text(json.dumps([tool]))
    address = misbehaving("from-file", str(file))
    before = (await mcp_client.list_tools(address)).tools["go"].schema_hash
    same = (await mcp_client.list_tools(address)).tools["go"].schema_hash
    tool["inputSchema"] = {"type": "object", "properties": {"a": {"type": "number"}}}
    file.write_text(json.dumps([tool]))
    after = (await mcp_client.list_tools(address)).tools["go"].schema_hash
    assert before == same != after


async def test_a_mute_server_ends_at_the_deadline() -> None:
    started = time.monotonic()
    assert await unreachable(misbehaving("mute"), 0.5) == "No answer within 0.5 seconds."
    # The process is given its grace to end by itself, and is then killed.
    assert time.monotonic() - started < 8


async def test_a_call_to_a_mute_server_does_not_wait_for_its_end() -> None:
    started = time.monotonic()
    assert (await failure(misbehaving("mute"), seconds=0.5)).kind == "timeout"
    assert time.monotonic() - started < 1.5


async def test_a_missing_command_is_named() -> None:
    reason = await unreachable(StdioAddress("/no/such/command", (), "/"))
    assert reason == "The command '/no/such/command' was not found: install it or correct mcp.json."


async def test_a_missing_folder_is_named() -> None:
    address = misbehaving("go")
    moved = StdioAddress(address.command, address.args, "/no/such/folder")
    assert (
        await unreachable(moved)
        == "The folder '/no/such/folder' does not exist: correct cwd in mcp.json."
    )


async def test_a_command_that_ends_at_once_is_explained_without_its_secret() -> None:
    reason = await unreachable(misbehaving("refuse", env={"FAKE_SECRET": "s3cr3t"}))
    assert "The key … is wrong." in reason
    assert "s3cr3t" not in reason


async def test_a_server_that_crashes_in_a_call_is_replaced_for_the_next() -> None:
    crashing = misbehaving("crash")
    error = await failure(crashing)
    assert (error.code, error.is_retryable) == ("connection_lost", True)
    assert (await failure(crashing)).code == "connection_lost"


async def test_calls_to_a_command_share_one_process() -> None:
    address = misbehaving("pid")
    first, second = await call(address), await call(address)
    assert first == second


async def test_a_call_that_timed_out_leaves_nobody_waiting_behind_it() -> None:
    address = misbehaving("slow")
    await call(address)
    with pytest.raises(ToolCallFailed):
        await mcp_client.call_tool(address, "go", {"seconds": 20}, timeout_seconds=0.3)
    started = time.monotonic()
    assert await call(address) == "done"
    assert time.monotonic() - started < 3


async def test_parallel_calls_to_a_command_all_get_their_own_answer() -> None:
    address = well_behaved()
    answers = await asyncio.gather(*(call(address, "add", a=n, b=0) for n in range(20)))
    assert answers == [{"total": n} for n in range(20)]


@pytest.mark.parametrize(("way", "code"), [("nul", "invalid_result"), ("deep", "invalid_result")])
async def test_results_pass_the_strict_gate(way: str, code: str) -> None:
    assert (await failure(misbehaving(way))).code == code


async def test_content_that_is_no_text_is_named() -> None:
    assert await call(misbehaving("image")) == "[image image/png]"


async def test_an_answer_against_the_protocol_is_a_tool_error() -> None:
    assert (await failure(misbehaving("no-content"))).kind == "tool_error"


async def test_a_command_inherits_no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ours")
    shown = json.loads(str(await call(misbehaving("environment", env={"FAKE_SECRET": "theirs"}))))
    assert "OPENAI_API_KEY" not in shown
    assert shown["FAKE_SECRET"] == "theirs"


async def test_an_http_server_that_asks_for_a_header_gets_it(local_servers_allowed: None) -> None:
    with McpHttpServer(required_header=("Authorization", "Bearer s3cr3t")) as server:
        allowed = HttpAddress(server.url, pairs({"Authorization": "Bearer s3cr3t"}))
        assert await call(allowed, "add", a=1, b=1) == {"total": 2}
        reason = await unreachable(HttpAddress(server.url))
    assert reason == "The server refuses access (HTTP 401): give it the right headers."


class HangingUp(BaseHTTPRequestHandler):
    """Shakes hands, refuses the stream as many servers do, and hangs up in the middle of a call."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["method"] == "tools/call":
            time.sleep(0.2)  # the stream was refused meanwhile
            self.close_connection = True
        elif asked["method"] == "initialize":
            about = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                     "serverInfo": {"name": "x", "version": "1"}}  # fmt: skip
            self._answer(200, {"jsonrpc": "2.0", "id": asked["id"], "result": about})
        else:
            self._answer(202 if "id" not in asked else 400)

    def do_GET(self) -> None:
        self._answer(405)

    do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def _answer(self, status: int, body: object = None) -> None:
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Mcp-Session-Id", "1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


async def test_a_connection_that_breaks_off_in_a_call_is_no_refusal(
    local_servers_allowed: None,
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), HangingUp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        error = await failure(HttpAddress(f"http://127.0.0.1:{server.server_port}/mcp"))
        server.shutdown()
    assert error.code == "connection_lost"
    assert error.message.startswith("The connection broke off")


async def test_a_call_that_is_refused_was_not_made(local_servers_allowed: None) -> None:
    error = await failure(HttpAddress("http://127.0.0.1:9/mcp"))
    assert error.code == "server_unreachable"


async def test_a_wrong_path_is_explained(http_server: McpHttpServer) -> None:
    reason = await unreachable(HttpAddress(http_server.url.replace("/mcp", "/nothing")))
    assert "HTTP 404" in reason


async def test_a_closed_port_is_explained(local_servers_allowed: None) -> None:
    reason = await unreachable(HttpAddress("http://127.0.0.1:9/mcp"))
    assert reason.startswith("No connection:")


async def test_private_addresses_are_refused_at_each_call(settings: Settings) -> None:
    with McpHttpServer() as server:
        settings.OUTBOUND_ALLOWLIST = []
        error = await failure(HttpAddress(server.url), "add", a=1, b=1)
        assert server.received == []
    assert "OUTBOUND_ALLOWLIST" in error.message


async def test_secrets_stand_in_no_log_and_no_repr(
    local_servers_allowed: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with McpHttpServer() as server:
        address = HttpAddress(server.url, pairs({"X-Key": "s3cr3t-http"}))
        await call(address, "add", a=1, b=1)
    command = misbehaving("refuse", env={"FAKE_SECRET": "s3cr3t-env"})
    await failure(command)
    assert "s3cr3t" not in caplog.text
    assert "s3cr3t" not in repr(address) + repr(command)
