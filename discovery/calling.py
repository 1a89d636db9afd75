"""The one door to every tool, native or of an MCP server: rights, schema and the strict gate at each call."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from pydantic import JsonValue

from common import strict_json
from discovery.fingerprints import native_hashes
from discovery.mcp.addresses import Address
from discovery.mcp.failures import ServerUnreachable
from discovery.mcp.targets import Target, target_of
from discovery.models import McpTool
from discovery.native_tools import NATIVE_TOOLS, call_native_tool, compute_native_tool
from discovery.schema_checks import mismatch
from discovery.selectors import callable_tool_for, callable_tools_for
from discovery.tool_errors import ToolCallFailed

NATIVE = "native"


@dataclass(frozen=True)
class ToolOutcome:
    """What a tool answered: JSON that passed the strict gate, and the hash of the definition it was called under."""

    output: JsonValue
    schema_hash: str
    duration_ms: int


@dataclass(frozen=True)
class UsableTool:
    """A tool as a model or a caller needs to know it; `id` is 'server-id:tool' or 'native:tool'."""

    id: str
    name: str
    description: str
    input_schema: Mapping[str, JsonValue]
    output_schema: Mapping[str, JsonValue] | None
    read_only: bool
    destructive: bool
    idempotent: bool
    schema_hash: str
    server_id: str | None = None


# Whether a tool may be called as it is now; asked with the row that is called by.
Accepts = Callable[[UsableTool], bool]


def describe_tools(ids: Iterable[str], caller: User | None) -> list[UsableTool]:
    """Those of `ids` that the caller may use now, in the order given and each once; the others are left out.

    Asks the database unless all are native.
    """
    wanted = [tool_id for tool_id in dict.fromkeys(ids) if "\x00" not in tool_id]
    found = {row.id: row for row in _native_tools(wanted)}
    if len(found) < len(wanted):
        found |= {row.id: row for row in _mcp_tools(wanted, caller)}
    return [found[tool_id] for tool_id in wanted if tool_id in found]


def may_repeat(tool: UsableTool, arguments: Mapping[str, JsonValue]) -> bool:
    """Whether making this call twice is as good as making it once."""
    if tool.read_only or tool.idempotent:
        return True
    native = NATIVE_TOOLS.get(tool.name) if tool.server_id is None else None
    asks = native.may_repeat if native is not None else None
    return asks is not None and asks(dict(arguments))


async def call_tool(
    tool_id: str,
    arguments: Mapping[str, JsonValue],
    *,
    caller: User | None,
    timeout_seconds: float,
    idempotency_key: str,
    accepts: Accepts | None = None,
) -> ToolOutcome:
    """Call a tool on behalf of `caller` (None may use native tools only); `timeout_seconds` is for everything.

    Raises `ToolCallFailed`: `tool_missing` where the caller has no such tool at this moment or `accepts` refuses it, `schema_mismatch` for
    arguments or a structured result that break the tool's schemas, `timeout`, else `tool_error`.
    """
    is_native = tool_id.startswith(f"{NATIVE}:")
    prepare = ready_call if is_native else sync_to_async(ready_call)
    ready = prepare(tool_id, arguments, caller, accepts)
    call = ready if isinstance(ready, ReadyCall) else await ready
    return await call.make(timeout_seconds=timeout_seconds, idempotency_key=idempotency_key)


@dataclass(frozen=True)
class ReadyCall:
    """A call that may be made at this moment; `address` is that of the tool's server, null for a native one."""

    tool: UsableTool
    arguments: Mapping[str, JsonValue]
    address: Address | None

    async def make(self, *, timeout_seconds: float, idempotency_key: str) -> ToolOutcome:
        """Make it. Raises `ToolCallFailed`, as `call_tool` does."""
        started = time.monotonic()
        if self.address is None:
            output = await _call_native(
                self.tool.name, self.arguments, timeout_seconds, idempotency_key
            )
        else:
            # It loads the SDK: more than all of Django, and most processes never call a server.
            from discovery.mcp import client as mcp_client  # noqa: PLC0415

            output = await mcp_client.call_tool(
                self.address,
                self.tool.name,
                self.arguments,
                timeout_seconds=timeout_seconds,
                idempotency_key=idempotency_key,
            )
            _require_promised(output, self.tool)
        duration_ms = round((time.monotonic() - started) * 1000)
        return ToolOutcome(output, self.tool.schema_hash, duration_ms)


def ready_call(
    tool_id: str,
    arguments: Mapping[str, JsonValue],
    caller: User | None,
    accepts: Accepts | None = None,
) -> ReadyCall:
    """The first half of `call_tool`, with the same errors: asks the database, so it is for a thread of its own."""
    _refuse_bad_json({"tool": tool_id, "arguments": dict(arguments)})
    server_id, _, name = tool_id.partition(":")
    if server_id == NATIVE:
        tool = _native_tool(name)
        _require_accepted(tool, accepts)
        return ReadyCall(tool, arguments, None)
    tool, target = _mcp_tool(tool_id, caller)
    _require_accepted(tool, accepts)
    _require_fit(arguments, tool)
    return ReadyCall(tool, arguments, target.address)


def compute(
    tool_id: str, arguments: Mapping[str, JsonValue], *, timeout_seconds: float
) -> JsonValue:
    """Call a native tool that only computes, in this thread. Raises `ToolCallFailed`, as `call_tool` does.

    What such tools do is bounded: one that took longer than `timeout_seconds` has failed when it is back.
    """
    started = time.monotonic()
    _refuse_bad_json({"tool": tool_id, "arguments": dict(arguments)})
    output = compute_native_tool(tool_id.partition(":")[2], dict(arguments))
    if time.monotonic() - started > timeout_seconds:
        raise _out_of_time(timeout_seconds)
    return output


async def _call_native(
    name: str, arguments: Mapping[str, JsonValue], timeout_seconds: float, idempotency_key: str
) -> JsonValue:
    try:
        async with asyncio.timeout(timeout_seconds):
            return await call_native_tool(name, dict(arguments), idempotency_key=idempotency_key)
    except TimeoutError:
        raise _out_of_time(timeout_seconds) from None


def _out_of_time(timeout_seconds: float) -> ToolCallFailed:
    return ToolCallFailed(
        f"The tool did not end within {timeout_seconds:g} seconds.",
        kind="timeout",
        hint="Give the step a longer timeout, or ask the tool for less.",
        is_retryable=True,
    )


def _mcp_tool(tool_id: str, caller: User | None) -> tuple[UsableTool, Target]:
    """The tool and where it is; raises `ToolCallFailed`. Another's server looks like one that does not exist."""
    server_id, _, name = tool_id.partition(":")
    row = callable_tool_for(caller or AnonymousUser(), server_id, name)
    if row is None:
        raise _missing(tool_id)
    try:
        target = target_of(row.server)
    except ServerUnreachable as error:
        raise ToolCallFailed(error.reason, code="server_unreachable", is_retryable=True) from error
    if not target.allows(name):
        raise _missing(tool_id)
    return _usable(row), target


def _mcp_tools(ids: list[str], caller: User | None) -> list[UsableTool]:
    names = Q(pk=None)
    for tool_id in ids:
        server_id, _, name = tool_id.partition(":")
        names |= Q(server_id=server_id, name=name)
    return [_usable(row) for row in callable_tools_for(caller or AnonymousUser()).filter(names)]


def _native_tools(ids: list[str]) -> list[UsableTool]:
    names = [
        tool_id.removeprefix(f"{NATIVE}:") for tool_id in ids if tool_id.startswith(f"{NATIVE}:")
    ]
    return [_native(name) for name in names if name in NATIVE_TOOLS]


def _native_tool(name: str) -> UsableTool:
    if name not in NATIVE_TOOLS:
        raise _missing(f"{NATIVE}:{name}")
    return _native(name)


def _require_accepted(tool: UsableTool, accepts: Accepts | None) -> None:
    if accepts is not None and not accepts(tool):
        raise ToolCallFailed(
            f"The tool {tool.id[:250]!r} is not as it was when this was published, and nobody has accepted it since.",
            kind="tool_missing",
            code="tool_not_accepted",
            hint="Look at the workflow's drift: accept what changed there, or publish again.",
        )


def _missing(tool_id: str) -> ToolCallFailed:
    return ToolCallFailed(
        f"There is no tool {tool_id[:250]!r} that may be called now.",
        kind="tool_missing",
        hint="Its server may be disabled, or no longer offer it; refresh the server and look at its tools.",
    )


def _usable(row: McpTool) -> UsableTool:
    return UsableTool(
        id=f"{row.server_id}:{row.name}",
        name=row.name,
        description=row.description,
        input_schema=row.input_schema,
        output_schema=row.output_schema,
        read_only=row.read_only,
        destructive=row.destructive,
        idempotent=row.idempotent,
        schema_hash=row.schema_hash,
        server_id=row.server_id,
    )


@cache
def _native(name: str) -> UsableTool:
    """As `_usable`, once per process: the hash costs more than many a call."""
    tool = NATIVE_TOOLS[name]
    return UsableTool(
        id=tool.id,
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        read_only=tool.read_only,
        destructive=tool.destructive,
        idempotent=tool.idempotent,
        schema_hash=native_hashes()[tool.id],
    )


def _refuse_bad_json(call: Mapping[str, JsonValue]) -> None:
    try:
        strict_json.check(call)
    except strict_json.RefusedJson as error:
        raise ToolCallFailed(
            f"In the tool call, at {error.pointer or '/'}: {error.detail}",
            kind="schema_mismatch",
            code="invalid_arguments",
        ) from error


def _require_fit(arguments: Mapping[str, JsonValue], tool: UsableTool) -> None:
    problem = mismatch(dict(arguments), tool.input_schema)
    if problem is not None:
        raise ToolCallFailed(
            f"In the tool's arguments, {problem}", kind="schema_mismatch", code="invalid_arguments"
        )


def _require_promised(output: JsonValue, tool: UsableTool) -> None:
    """A tool with an output schema must keep it (MCP 2025-11-25, "Output Schema"): steps after it rely on it."""
    problem = None if tool.output_schema is None else mismatch(output, tool.output_schema)
    if problem is not None:
        raise ToolCallFailed(
            f"In the tool's result, {problem}",
            kind="schema_mismatch",
            code="invalid_result",
            hint="Its server may have changed; refresh it.",
        )
