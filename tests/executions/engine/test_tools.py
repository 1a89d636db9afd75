"""Tool steps against a real MCP server and built-in tools."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from discovery.models import McpServer, McpTool
from tests.executions.conftest import Runner
from tests.executions.engine.building import Step, end
from tests.executions.engine.test_stopping import until
from tests.fakes import model_server as answers
from tests.fakes.mcp_servers.http import McpHttpServer
from tests.fakes.model_server import ModelServer

TOOLS = {"add": True, "shout": False, "fail": False, "meta": False, "sleep": False, "large": False}


@pytest.fixture
def http_server(settings: Settings) -> Iterator[McpHttpServer]:
    """A real MCP server that may be called."""
    settings.OUTBOUND_ALLOWLIST = ["127.0.0.1"]
    with McpHttpServer() as server:
        yield server


@pytest.fixture
def crm(runner: Runner, http_server: McpHttpServer) -> McpServer:
    """The server as one of alice's, with its tools listed."""
    row = McpServer.objects.create(
        id="crm",
        name="CRM",
        transport="streamable_http",
        url=http_server.url,
        status="connected",
        created_by=runner.owner,
    )
    for name, read_only in TOOLS.items():
        McpTool.objects.create(
            server=row,
            name=name,
            input_schema={"type": "object"},
            schema_hash=f"hash of {name}",
            read_only=read_only,
            last_seen_at=timezone.now(),
        )
    return row


def call(tool: str, arguments: dict[str, object], **more: object) -> Step:
    """A tool step."""
    return {"id": "call", "type": "tool", "tool": tool, "arguments": arguments, **more}


def test_structured_content_is_the_output(runner: Runner, crm: McpServer) -> None:
    ran = runner.run({"steps": [call("crm:add", {"a": "${input.a}", "b": 2})]}, input={"a": 40})
    assert ran.output == {"total": 42}
    assert ran.step("call").input_json == {"a": 40, "b": 2}
    (row,) = ran.tool_calls
    assert (row.tool, row.turn, row.call_id, row.schema_hash) == ("crm:add", 0, "", "hash of add")
    assert (row.arguments, row.result) == ({"a": 40, "b": 2}, {"total": 42})
    assert ran.row.tool_calls == 1


def test_without_structured_content_the_text_is_the_output(runner: Runner, crm: McpServer) -> None:
    assert runner.run({"steps": [call("crm:shout", {"text": "hi"})]}).output == "HI"


def test_each_call_carries_its_idempotency_key(runner: Runner, crm: McpServer) -> None:
    ran = runner.run({"steps": [call("crm:meta", {})]})
    assert ran.output == f"{ran.id}/call"


def test_a_tool_that_reports_an_error_fails_the_step(runner: Runner, crm: McpServer) -> None:
    ran = runner.run({"steps": [call("crm:fail", {"reason": "closed on Sundays"})]})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "tool_error")
    (row,) = ran.tool_calls
    assert row.error_json is not None
    assert row.error_json["kind"] == "tool_error"


def test_retries_repeat_a_servers_tool_that_reports_an_error(
    runner: Runner, crm: McpServer
) -> None:
    retry = {"max_attempts": 2, "initial_interval_seconds": 0.05}
    ran = runner.run({"steps": [call("crm:fail", {"reason": "busy"}, retry=retry)]})
    assert ran.step("call").attempts == 2


def test_a_tool_has_its_timeout(runner: Runner, crm: McpServer) -> None:
    steps = [
        call("crm:sleep", {"seconds": 30}, timeout=1, on_error="late"),
        end("late", "${error}"),
    ]
    assert runner.run({"steps": steps}).output["kind"] == "timeout"


def test_the_right_to_a_server_is_asked_at_the_call(runner: Runner, crm: McpServer) -> None:
    crm.created_by = User.objects.create_user("mallory")
    crm.save()
    ran = runner.run({"steps": [call("crm:add", {"a": 1, "b": 1})]})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "tool_missing")


def test_an_agent_uses_a_servers_tool(
    runner: Runner, crm: McpServer, model_server: ModelServer
) -> None:
    runner.agent("helper", tools=["crm:add"])
    model_server.script([answers.tool_call("crm__add", {"a": 1, "b": 2}), answers.text("3")])
    ran = runner.run({"steps": [{"id": "ask", "type": "agent", "agent_id": "helper"}]})
    assert ran.output == "3"
    assert model_server.requests[1]["messages"][-1]["content"] == '{"total": 3}'


def test_a_large_answer_does_not_travel_through_the_history(runner: Runner, crm: McpServer) -> None:
    steps = [call("crm:large", {"size": 200_000}), end("done", "${steps.call.output}")]
    ran = runner.run({"steps": steps})
    assert ran.output == "x" * 200_000
    assert ran.history_bytes() < 20_000


def test_cancelling_a_run_reaches_the_server_that_is_in_the_middle_of_a_call(
    runner: Runner, crm: McpServer, http_server: McpHttpServer
) -> None:
    steps = [call("crm:sleep", {"seconds": 60}, on_error="next"), end("next", 1)]
    ran = runner.start({"steps": steps})
    until(lambda: http_server.told == ["sleep began"])
    ran.cancel()
    ran.wait()
    assert (ran.status, ran.statuses) == ("CANCELLED", {"call": "CANCELLED"})
    until(lambda: http_server.told == ["sleep began", "sleep was cancelled"])
    assert runner.run({"steps": [call("crm:add", {"a": 1, "b": 2})]}).output == {"total": 3}
    assert http_server.told == ["sleep began", "sleep was cancelled"]
