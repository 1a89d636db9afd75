"""The tools that come with the product and need neither a model nor a server: name, schemas and function."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import JsonValue

from discovery.native_tools import (
    classify_text,
    current_time,
    extract_patterns,
    http_request,
    json_query,
    render_text,
    summarize_text,
    text_stats,
)
from discovery.native_tools.checking import check_arguments, check_result
from discovery.native_tools.tool import Arguments, NativeTool
from discovery.tool_errors import ToolCallFailed

__all__ = ["NATIVE_TOOLS", "NativeTool", "call_native_tool", "compute_native_tool"]

NATIVE_TOOLS: Mapping[str, NativeTool] = MappingProxyType(
    {
        module.TOOL.name: module.TOOL
        for module in (
            classify_text,
            current_time,
            extract_patterns,
            http_request,
            json_query,
            render_text,
            summarize_text,
            text_stats,
        )
    }
)


async def call_native_tool(
    name: str, arguments: Arguments, *, idempotency_key: str = ""
) -> JsonValue:
    """Check the arguments, run the tool, check the result; raises `ToolCallFailed` and nothing else expected.

    `name` is without `native:`. `idempotency_key` goes out with requests that change something elsewhere.
    """
    tool = _tool(name)
    if tool.function is None:
        # In a thread, so that the event loop stays responsive.
        return await asyncio.to_thread(compute_native_tool, name, arguments)
    check_arguments(tool, arguments)
    result = await tool.function(arguments, idempotency_key)
    check_result(tool, result)
    return result


def compute_native_tool(name: str, arguments: Arguments) -> JsonValue:
    """As `call_native_tool`, in the caller's thread, for a tool that only computes."""
    tool = _tool(name)
    assert tool.compute is not None, "only tools that compute are called so"
    check_arguments(tool, arguments)
    result = tool.compute(arguments)
    check_result(tool, result)
    return result


def _tool(name: str) -> NativeTool:
    tool = NATIVE_TOOLS.get(name)
    if tool is None:
        known = ", ".join(NATIVE_TOOLS)
        raise ToolCallFailed(
            f"There is no native tool {name!r}.", kind="tool_missing", hint=f"There are: {known}."
        )
    return tool
