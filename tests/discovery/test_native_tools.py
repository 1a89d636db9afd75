"""What holds for every native tool: its schemas, its checks, its names."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from discovery.native_tools import NATIVE_TOOLS, NativeTool, call_native_tool
from discovery.native_tools.checking import check_result
from discovery.native_tools.tool import closed_object
from discovery.tool_errors import ToolCallFailed

TOOLS = list(NATIVE_TOOLS.values())


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tools_schemas_are_closed_objects_of_draft_2020_12(tool: NativeTool) -> None:
    for schema in (tool.input_schema, tool.output_schema):
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_is_known_by_its_id_and_says_what_it_is_for(tool: NativeTool) -> None:
    assert tool.id == f"native:{tool.name}"
    assert NATIVE_TOOLS[tool.name] is tool
    assert "Use it to" in tool.description


def test_only_http_request_leaves_the_process() -> None:
    assert [tool.name for tool in TOOLS if not tool.is_local] == ["http_request"]
    assert all(tool.idempotent and tool.read_only for tool in TOOLS if tool.is_local)


async def test_a_tool_that_does_not_exist_is_missing() -> None:
    with pytest.raises(ToolCallFailed, match="'rm_rf'") as failure:
        await call_native_tool("rm_rf", {})
    assert failure.value.kind == "tool_missing"
    assert "text_stats" in failure.value.hint


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({}, "at /: 'text' is a required property"),
        ({"text": 5}, "at /text: 5 is not of type 'string'"),
        ({"text": "a", "top": "3"}, "at /top: '3' is not of type 'integer'"),
        ({"text": "a", "top": 101}, "at /top: 101 is greater than the maximum of 100"),
        ({"text": "a", "x/y": 1}, "at /: Additional properties are not allowed"),
        ({"text": "a\x00"}, "at /text: Text must not contain NUL"),
        ({"text": "\ud800"}, "at /text: Text contains a lone surrogate"),
        ({"text": "a" * 200_001}, "at /text: 'aaa"),
    ],
)
async def test_arguments_that_do_not_fit_are_named_with_their_place(
    arguments: dict[str, Any], place: str
) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await call_native_tool("text_stats", arguments)
    assert (failure.value.kind, failure.value.code) == ("schema_mismatch", "invalid_arguments")
    assert place in failure.value.message
    assert len(failure.value.message) < 500
    assert not failure.value.is_retryable


@pytest.mark.parametrize(
    "result", [{"n": "many"}, {}, {"n": 1, "more": 2}, {"n": float("nan")}, None]
)
def test_a_result_that_breaks_the_tools_promise_is_refused(result: JsonValue) -> None:
    tool = NativeTool(
        name="liar",
        description="",
        input_schema=closed_object({}),
        output_schema=closed_object({"n": {"type": "number"}}, required=("n",)),
        compute=lambda arguments: {},
    )
    with pytest.raises(ToolCallFailed) as failure:
        check_result(tool, result)
    assert (failure.value.kind, failure.value.code) == ("schema_mismatch", "invalid_result")


async def test_arguments_are_left_as_they_were() -> None:
    arguments = {"template": "{a}", "values": {"a": [1, {"b": 2}]}}
    before = json.dumps(arguments)
    await call_native_tool("render_text", arguments)
    assert json.dumps(arguments) == before
