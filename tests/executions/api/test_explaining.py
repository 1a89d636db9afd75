"""What explains a step: its tries, the schemas its tools were called under, and values of any size."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from discovery.models import McpServer, McpTool
from discovery.past_tools import keep_definitions
from discovery.services import delete_mcp_server
from executions.models import ExecutionEvent, ModelCall, StepRun, ToolCall, WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.conftest import Runner
from tests.executions.flows import finished_run, workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer

LIST = "/api/v1/workflows/executions"
QUICKLY = {"max_attempts": 3, "initial_interval_seconds": 0.1}
BIG = {"text": "ä" * 40_000}


@pytest.fixture
def run(alice: User) -> WorkflowExecution:
    """A finished run of alice."""
    return finished_run(workflow_of(alice), alice)


def downloaded(api: APIClient, link: str) -> Any:
    """The JSON behind a link."""
    return json.loads(b"".join(api.get(link).streaming_content))  # type: ignore[attr-defined]


def test_every_try_is_shown_with_its_error(runner: Runner, tap: Tap, client_for: ClientFor) -> None:
    ran = runner.run({"steps": [tap.step("call", "flaky/2/x", retry=QUICKLY)]})
    step = client_for(runner.owner).get(f"{LIST}/{ran.id}/steps/call").json()
    tries = step["tries"]
    assert [(one["number"], one["status"]) for one in tries] == [
        (1, "failed"),
        (2, "failed"),
        (3, "completed"),
    ]
    assert {(one["kind"], one["turn"], one["call_id"]) for one in tries} == {("tool", 0, "")}
    assert [one["error"] and one["error"]["kind"] for one in tries] == ["tool_error"] * 2 + [None]
    assert all(one["duration_ms"] is not None and one["started_at"] for one in tries)
    assert step["input"]["url"] == tap.url("flaky/2/x")
    assert step["output"]["status"] == 200


def test_an_agents_turn_calls_and_versions_are_shown(
    runner: Runner, model_server: ModelServer, client_for: ClientFor
) -> None:
    runner.agent("helper", tools=["native:text_stats"], version=4)
    model_server.script(
        [
            answers.server_error(),
            answers.tool_call("native__text_stats", {"text": "one two"}, call_id="c1"),
            answers.text("Two."),
        ]
    )
    asking = {"id": "ask", "type": "agent", "agent_id": "helper", "retry": QUICKLY}
    ran = runner.run({"steps": [asking]})
    step = client_for(runner.owner).get(f"{LIST}/{ran.id}/steps/ask").json()
    assert [(one["kind"], one["turn"], one["number"], one["status"]) for one in step["tries"]] == [
        ("model", 1, 1, "failed"),
        ("model", 1, 2, "completed"),
        ("tool", 1, 1, "completed"),
        ("model", 2, 1, "completed"),
    ]
    assert [message["role"] for message in step["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert {call["agent_version"] for call in step["model_calls"]} == {4}
    (call,) = step["tool_calls"]
    assert (call["arguments"], call["result"]["words"]) == ({"text": "one two"}, 2)
    assert call["has_schema_changed"] is False
    assert "text" in call["tool_schema"]["input_schema"]["properties"]


def test_a_try_that_never_ended_says_so(run: WorkflowExecution, api: APIClient) -> None:
    data = {"path": "greet", "turn": 0, "call_id": "", "status": "started", "tool": "a:b"}
    for number in (4, 5):
        ExecutionEvent.objects.create(execution=run, number=number, kind="tool_call", data=data)
    tries = api.get(f"{LIST}/{run.pk}/steps/greet").json()["tries"]
    assert [(one["number"], one["status"]) for one in tries] == [
        (1, "unfinished"),
        (2, "unfinished"),
    ]
    StepRun.objects.filter(path="greet").update(status="RUNNING")
    tries = api.get(f"{LIST}/{run.pk}/steps/greet").json()["tries"]
    assert [one["status"] for one in tries] == ["unfinished", "running"]


def test_the_schema_of_a_call_is_shown_also_when_the_tool_is_another_or_gone(
    run: WorkflowExecution, alice: User, api: APIClient
) -> None:
    server = McpServer.objects.create(
        id="crm", name="CRM", transport="streamable_http", url="https://x.example", created_by=alice
    )
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    tool = McpTool.objects.create(
        server=server,
        name="add",
        input_schema=schema,
        schema_hash="old",
        last_seen_at=timezone.now(),
    )
    ToolCall.objects.create(
        execution=run, path="greet", tool="crm:add", schema_hash="old", result=3
    )

    def call() -> Any:
        return api.get(f"{LIST}/{run.pk}/steps/greet").json()["tool_calls"][0]

    assert (call()["has_schema_changed"], call()["schema_hash"]) == (False, "old")
    assert call()["tool_schema"]["input_schema"] == schema
    keep_definitions([tool])
    McpTool.objects.filter(pk=tool.pk).update(schema_hash="new", input_schema={})
    assert (call()["has_schema_changed"], call()["tool_schema"]["input_schema"]) == (True, schema)
    delete_mcp_server(server, by=alice)
    assert (call()["has_schema_changed"], call()["tool_schema"]["input_schema"]) == (None, schema)
    ToolCall.objects.update(schema_hash="never seen")
    assert call()["tool_schema"] is None


def test_large_values_of_calls_are_previews_with_downloads(
    run: WorkflowExecution, api: APIClient
) -> None:
    StepRun.objects.filter(path="greet").update(input_json=BIG)
    said = [{"role": "user", "content": "x" * 50_000}]
    answer = {"role": "assistant", "content": "y"}
    row = {"execution": run, "path": "greet", "model": "m"}
    ModelCall.objects.create(**row, turn=1, new_messages=said, answer=answer)
    ModelCall.objects.create(**row, turn=2, new_messages=[], answer=answer)
    call = ToolCall.objects.create(
        execution=run, path="greet", tool="a:b", arguments=BIG, result=BIG
    )
    step = api.get(f"{LIST}/{run.pk}/steps/greet").json()
    shown = step["input"]
    assert (shown["truncated"], shown["size_bytes"]) == (True, 80_012)
    assert downloaded(api, shown["link"]) == BIG
    (tool_call,) = step["tool_calls"]
    for name in ("arguments", "result"):
        assert tool_call[name]["truncated"] is True
        assert downloaded(api, tool_call[name]["link"]) == BIG
        assert f"/tool-calls/{call.pk}/{name}" in tool_call[name]["link"]
    first, *rest = step["messages"]
    assert (first["turn"], first["truncated"]) == (1, True)
    assert rest == [answer, answer]
    assert downloaded(api, first["link"]) == [*said, answer, answer]


@pytest.mark.parametrize("value", [None, False, 0, "", [], "Grüße", {"a": [1.5, None]}])
def test_a_download_is_the_value(run: WorkflowExecution, api: APIClient, value: Any) -> None:
    StepRun.objects.filter(path="greet").update(output_json=value)
    assert downloaded(api, f"{LIST}/{run.pk}/steps/greet/output") == value


def test_a_runs_own_large_values_are_previews(run: WorkflowExecution, api: APIClient) -> None:
    large = ["ä" * 200_000]
    WorkflowExecution.objects.filter(pk=run.pk).update(output_json=large, input_json=BIG)
    shown = api.get(f"{LIST}/{run.pk}").json()
    assert shown["input"] == BIG
    assert (shown["output"]["truncated"], shown["output"]["size_bytes"]) == (True, 400_004)
    assert downloaded(api, shown["output"]["link"]) == large
    assert downloaded(api, f"{LIST}/{run.pk}/input") == BIG


def test_strangers_download_nothing(
    run: WorkflowExecution, bob: User, client_for: ClientFor
) -> None:
    call = ToolCall.objects.create(execution=run, path="greet", tool="a:b", result=1)
    places = ["output", "input", "steps/greet/output", f"tool-calls/{call.pk}/result"]
    for place in places:
        assert client_for(bob).get(f"{LIST}/{run.pk}/{place}").status_code == 404
    other = finished_run(workflow_of(bob), bob)
    # Another run's call is none of this one.
    assert client_for(bob).get(f"{LIST}/{other.pk}/tool-calls/{call.pk}/result").status_code == 404
