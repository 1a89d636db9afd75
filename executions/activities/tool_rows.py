"""Rows of tool calls: what was called for whom, and what came of it."""

from typing import Any

from django.utils import timezone
from pydantic import JsonValue
from temporalio import activity

from common.found_rows import found_row
from common.json_rows import Write, whole_rows
from discovery.calling import ToolOutcome
from discovery.tool_errors import ToolCallFailed
from executions.activities.call_events import (
    MAX_TOOL_CHARACTERS,
    tool_call_completed,
    tool_call_failed,
    tool_call_started,
)
from executions.activities.callers import Caller
from executions.activities.spending import count_call
from executions.engine.messages.calls import CallTool, ToolResult
from executions.engine.messages.limits import MAX_TASK_BYTES
from executions.engine.messages.values import Value
from executions.models import ToolCall
from executions.recording import record
from executions.stored_values import keep


def result_or_start(request: CallTool, caller: Caller) -> ToolResult | None:
    """The result of this very call, if it was made and written down before; else it is told that it starts.

    What came before the call is written down too. Fails as `budget_exceeded`.
    """
    known = _known_result(request) if caller.has_row else None
    if known is None and not caller.has_started:
        # By itself: whoever counts must not wait for a budget while they hold the run's row.
        count_call(request)
        tool_call_started(request)
    elif known is not None and request.news is not None:
        record(request.news)
    return known


def _known_result(request: CallTool) -> ToolResult | None:
    row = found_row(
        ToolCall,
        execution_id=request.execution_id,
        path=request.path,
        turn=request.turn,
        call_id=request.call_id,
    )
    # A failure is tried again, unless it is one that a retried run's agent was already told of.
    if row is None or (row.error_json is not None and not row.is_reused):
        return None
    output = (
        Value()
        if request.turn
        else keep(request.execution_id, row.result, max_inline_bytes=MAX_TASK_BYTES)
    )
    return ToolResult(output=output, attempts=row.attempts)


def note_result(
    request: CallTool, tool: str, arguments: dict[str, JsonValue], outcome: ToolOutcome
) -> ToolResult:
    """Write down what the tool answered; gives it back as it travels."""
    # Before the row: who finds that looks for nothing else.
    output = keep(request.execution_id, outcome.output, max_inline_bytes=MAX_TASK_BYTES)
    row = _row(
        request,
        tool=tool,
        arguments=arguments,
        result=outcome.output,
        error_json=None,
        schema_hash=outcome.schema_hash,
        duration_ms=outcome.duration_ms,
    )
    tool_call_completed(request, tool, row, duration_ms=outcome.duration_ms)
    return ToolResult(output=output, attempts=activity.info().attempt)


def note_failure(
    request: CallTool,
    tool: str,
    arguments: dict[str, JsonValue],
    error: ToolCallFailed,
    *,
    duration_ms: int,
) -> None:
    """Write down why the tool gave nothing."""
    described = {
        "kind": error.kind,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
    }
    tool = tool[:MAX_TOOL_CHARACTERS]
    row = _row(
        request,
        tool=tool,
        arguments=arguments,
        result=None,
        error_json=described,
        duration_ms=duration_ms,
    )
    tool_call_failed(request, tool, error, row, duration_ms=duration_ms)


def _row(request: CallTool, **fields: Any) -> Write | None:
    call = {
        "execution_id": request.execution_id,
        "path": request.path,
        "turn": request.turn,
        "call_id": request.call_id,
    }
    row = {
        "schema_hash": "",
        "attempts": activity.info().attempt,
        "is_reused": False,
        "created_at": timezone.now(),
    }
    new = ("is_reused", "created_at")
    return whole_rows(ToolCall, [call | row | fields], unique=tuple(call), new=new)
