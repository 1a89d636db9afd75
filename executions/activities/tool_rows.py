"""Rows of tool calls: what was called for whom, and what came of it."""

from typing import Any

from django.contrib.auth.models import User
from pydantic import JsonValue
from temporalio import activity

from discovery.calling import ToolOutcome
from discovery.tool_errors import ToolCallFailed
from executions.engine.messages import CallTool, ToolResult, Value
from executions.models import ToolCall, WorkflowExecution
from executions.stored_values import keep

MAX_TOOL_CHARACTERS = 230


def caller_of(execution_id: str) -> User:
    """Whose rights a call has: those of the run's owner."""
    rows = WorkflowExecution.objects.select_related("created_by")
    return rows.get(pk=execution_id).created_by


def known_result(request: CallTool) -> ToolResult | None:
    """The result of this very call, if it was made and written down before."""
    row = ToolCall.objects.filter(
        execution_id=request.execution_id,
        path=request.path,
        turn=request.turn,
        call_id=request.call_id,
        # Not `error_json=None`, which would look for a JSON null.
        error_json__isnull=True,
    ).first()
    if row is None:
        return None
    output = Value() if request.turn else keep(request.execution_id, row.result)
    return ToolResult(output=output, attempts=row.attempts)


def note_result(
    request: CallTool, tool: str, arguments: dict[str, JsonValue], outcome: ToolOutcome
) -> ToolResult:
    """Write down what the tool answered; gives it back as it travels."""
    _note(
        request,
        tool=tool,
        arguments=arguments,
        result=outcome.output,
        error_json=None,
        schema_hash=outcome.schema_hash,
        duration_ms=outcome.duration_ms,
    )
    output = keep(request.execution_id, outcome.output)
    return ToolResult(output=output, attempts=activity.info().attempt)


def note_failure(
    request: CallTool, tool: str, arguments: dict[str, JsonValue], error: ToolCallFailed
) -> None:
    """Write down why the tool gave nothing."""
    described = {
        "kind": error.kind,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
    }
    _note(request, tool=tool, arguments=arguments, result=None, error_json=described)


def _note(request: CallTool, **fields: Any) -> None:
    # A model may name anything.
    fields["tool"] = fields["tool"][:MAX_TOOL_CHARACTERS]
    ToolCall.objects.update_or_create(
        execution_id=request.execution_id,
        path=request.path,
        turn=request.turn,
        call_id=request.call_id,
        defaults={"attempts": activity.info().attempt, **fields},
    )
