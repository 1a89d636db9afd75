"""`call_tool`: one call of a tool, for a tool step or for an agent; what was called once is not called again."""

import time
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue
from temporalio import activity

from common import strict_json
from discovery.calling import Accepts, ReadyCall, ToolOutcome, describe_tools, ready_call
from discovery.calling import call_tool as call_any_tool
from discovery.calling import may_repeat as may_be_repeated
from discovery.tool_errors import ToolCallFailed
from executions.activities.agent_setup import AgentSetup, agent_setup, tool_id_of
from executions.activities.call_events import start_of_call, tool_call_failed
from executions.activities.callers import (
    before_a_call,
    caller_at_start,
    caller_of,
    require_active,
)
from executions.activities.conversation import requested_call
from executions.activities.database import in_database, kept_trying
from executions.activities.failures import after_the_call, before_the_call, failure
from executions.activities.heartbeats import heartbeats
from executions.activities.spending import count_call
from executions.activities.tool_rows import note_failure, note_result, result_or_start
from executions.approved_tools import ApprovedTools, is_approved
from executions.engine.messages import names
from executions.engine.messages.calls import CallTool, ToolResult
from executions.engine.messages.limits import MAX_TASK_BYTES
from executions.engine.messages.values import Value
from executions.engine.sizes import size_of
from executions.stored_values import keep, load

# Refused before anything was sent, so trying again can't help.
PERMANENT = frozenset({"tool_missing", "schema_mismatch"})


@activity.defn(name=names.CALL_TOOL)
async def call_tool(request: CallTool) -> ToolResult:
    """Call a tool. For an agent's turn the result (or failure) is kept for the model and the output is null."""
    if activity.info().is_local:
        return await _call_locally(request)
    with heartbeats():
        if request.turn:
            return await _call_for_agent(request)
        return await _call_for_step(request)


@activity.defn(name=names.MAY_REPEAT)
async def may_repeat(request: CallTool) -> bool:
    """Whether the call may be made again although nobody knows if it was: tools that read or are idempotent."""
    return await before_a_call(_may_repeat, request)


def _may_repeat(request: CallTool) -> bool:
    caller = caller_of(request, kind="tool_missing")
    arguments = _known_arguments(request)
    found = describe_tools([request.tool], caller.user)
    return any(may_be_repeated(tool, arguments) for tool in found)


async def _call_locally(request: CallTool) -> ToolResult:
    """A quick native tool, which may run again: its step tells all there is to tell, so it has no row of its own."""
    with before_the_call():
        await require_active(request.owner_id)
        if request.budgets:
            await in_database(count_call, request)
        arguments = await in_database(_arguments, request) if request.arguments.is_stored else None
    given = arguments if arguments is not None else _as_object(request.arguments.json)
    started = time.monotonic()
    try:
        outcome = await call_any_tool(
            request.tool,
            given,
            # Native tools belong to everybody.
            caller=None,
            timeout_seconds=request.timeout_seconds,
            idempotency_key=_idempotency_key(request),
        )
    except ToolCallFailed as error:
        duration_ms = round((time.monotonic() - started) * 1000)
        with before_the_call():
            await in_database(
                tool_call_failed, request, request.tool, error, duration_ms=duration_ms
            )
        raise _step_failure(request, error) from None
    return await _kept(request, outcome.output, MAX_TASK_BYTES)


async def _kept(request: CallTool, output: JsonValue, max_inline_bytes: int) -> ToolResult:
    """The result as it goes back to the workflow; only a large one needs the database."""
    value = Value(output)
    if size_of(output) > max_inline_bytes:
        with before_the_call():
            value = await in_database(
                keep, request.execution_id, output, max_inline_bytes=max_inline_bytes
            )
    return ToolResult(output=value, attempts=activity.info().attempt)


@dataclass(frozen=True)
class _Begun:
    """A call that was told to start, or why it can't be made."""

    tool: str
    arguments: dict[str, Any]
    call: ReadyCall | ToolCallFailed

    async def make(self, request: CallTool) -> ToolOutcome:
        """The call itself. Raises `ToolCallFailed`."""
        if isinstance(self.call, ToolCallFailed):
            raise self.call
        return await self.call.make(
            timeout_seconds=request.timeout_seconds, idempotency_key=_idempotency_key(request)
        )


async def _call_for_step(request: CallTool) -> ToolResult:
    begun = await before_a_call(_begin_for_step, request)
    if isinstance(begun, ToolResult):
        return begun
    started = time.monotonic()
    try:
        outcome = await begun.make(request)
    except ToolCallFailed as error:
        await _note_failure(request, begun, error, started)
        raise _step_failure(request, error) from None
    with after_the_call():
        return await kept_trying(note_result, request, begun.tool, begun.arguments, outcome)


def _begin_for_step(request: CallTool) -> ToolResult | _Begun:
    caller = caller_at_start(request, start_of_call(request), kind="tool_missing")
    known = result_or_start(request, caller)
    if known is not None:
        return known
    arguments = _arguments(request)
    try:
        call: ReadyCall | ToolCallFailed = ready_call(
            request.tool, arguments, caller.user, _accepts(caller.approved_tools)
        )
    except ToolCallFailed as error:
        call = error
    return _Begun(request.tool, arguments, call)


async def _call_for_agent(request: CallTool) -> ToolResult:
    """What goes wrong goes back to the model, after the tries that the step allows."""
    begun = await before_a_call(_begin_for_agent, request)
    if isinstance(begun, ToolResult):
        return begun
    started = time.monotonic()
    try:
        outcome = await begun.make(request)
    except ToolCallFailed as error:
        is_last = activity.info().attempt >= request.max_attempts
        await _note_failure(request, begun, error, started)
        if _is_worth_a_retry(error, request.tool) and not is_last:
            raise _step_failure(request, error) from None
        return ToolResult(attempts=activity.info().attempt)
    with after_the_call():
        result = await kept_trying(note_result, request, begun.tool, begun.arguments, outcome)
    return replace(result, output=Value())


def _begin_for_agent(request: CallTool) -> ToolResult | _Begun:
    caller = caller_at_start(request, start_of_call(request), kind="agent_error")
    known = result_or_start(request, caller)
    if known is not None:
        return known
    setup = agent_setup(caller, request.agent)
    wanted = requested_call(request.execution_id, request.path, request.turn, request.call_id)
    arguments: dict[str, Any] = {}
    try:
        tool = _allowed(setup, wanted.name)
        arguments = _parsed(wanted.arguments_text)
        call = ready_call(tool, arguments, setup.caller, setup.may_call)
        return _Begun(tool, arguments, call)
    except ToolCallFailed as error:
        return _Begun(wanted.name, arguments, error)


async def _note_failure(
    request: CallTool, begun: _Begun, error: ToolCallFailed, started: float
) -> None:
    duration_ms = round((time.monotonic() - started) * 1000)
    with after_the_call():
        await kept_trying(
            note_failure, request, begun.tool, begun.arguments, error, duration_ms=duration_ms
        )


def _accepts(approved: ApprovedTools | None) -> Accepts:
    """A tool step's question about a tool as it is when it is called."""
    return lambda tool: is_approved(tool.id, tool, tool.schema_hash, approved, by_model=False)


def _idempotency_key(request: CallTool) -> str:
    """The same for every try of one call, and for no other call."""
    key = f"{request.execution_id}/{request.path}"
    return f"{key}/{request.turn}/{request.call_id}" if request.turn else key


def _allowed(setup: AgentSetup, name: str) -> str:
    """The id of the tool that the model named. Its allow-list is asked here, at the call, and nowhere else."""
    tool = tool_id_of(setup.tools, name)
    if tool is None:
        raise ToolCallFailed(
            f"There is no tool {name!r} for you.",
            kind="tool_missing",
            code="not_allowed",
            hint="Use only the tools that you were given.",
        )
    return tool


def _parsed(text: str) -> dict[str, Any]:
    try:
        arguments = strict_json.loads(text or "{}")
    except strict_json.RefusedJson as error:
        raise _bad_arguments(error.detail) from None
    if not isinstance(arguments, dict):
        raise _bad_arguments("The arguments must be a JSON object.")
    return arguments


def _bad_arguments(message: str) -> ToolCallFailed:
    return ToolCallFailed(message, kind="schema_mismatch", code="invalid_arguments")


def _is_worth_a_retry(error: ToolCallFailed, tool: str) -> bool:
    # A server's tool that reports an error of its own may work the next time; built-in tools know better.
    own_error = error.kind == "tool_error" and not tool.startswith("native:")
    return error.kind not in PERMANENT and (error.is_retryable or own_error)


def _step_failure(request: CallTool, error: ToolCallFailed) -> Exception:
    return failure(
        error.kind,
        error.message,
        code=error.code,
        hint=error.hint,
        is_retryable=_is_worth_a_retry(error, request.tool),
    )


def _arguments(request: CallTool) -> dict[str, Any]:
    return _as_object(load(request.execution_id, request.arguments))


def _known_arguments(request: CallTool) -> dict[str, Any]:
    """Those of the step, or those that the model gave; none if they are no arguments."""
    if not request.turn:
        return _arguments(request)
    wanted = requested_call(request.execution_id, request.path, request.turn, request.call_id)
    try:
        return _parsed(wanted.arguments_text)
    except ToolCallFailed:
        return {}


def _as_object(arguments: JsonValue) -> dict[str, Any]:
    assert isinstance(arguments, dict), "a tool step's arguments are an object"
    return arguments
