"""What those who follow a run are told of model and tool calls: each try's start and end. Attempts are read from it."""

from typing import Any

from temporalio import activity

from common.json_rows import Write
from discovery.language_model.client import ModelError
from discovery.tool_errors import ToolCallFailed
from executions.engine.messages.calls import AskModel, CallTool
from executions.models import MODEL_CALL, TOOL_CALL, ModelCall
from executions.recorded_run import Event
from executions.recording import note_event, tell

# A tool may say anything at any length; its row has all of it.
MAX_MESSAGE_CHARACTERS = 500
# A model may name anything.
MAX_TOOL_CHARACTERS = 230


def start_of_turn(question: AskModel, model: str) -> Event:
    """A turn is asked for."""
    return _of_turn(question, "started", model=model)


def start_of_call(request: CallTool) -> Event:
    """A tool is called."""
    return _of_call(request, "started", tool=request.tool[:MAX_TOOL_CHARACTERS])


def model_call_started(question: AskModel, model: str) -> None:
    """A turn is asked for; what came before it is written down with that."""
    tell(question.execution_id, start_of_turn(question, model), after=question.news)


def model_call_completed(question: AskModel, row: ModelCall, answer: Write) -> bool:
    """The turn was answered: writes the answer, if there is none yet, and tells it; false if nothing was told."""
    event = _of_turn(
        question,
        "completed",
        model=row.model,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        duration_ms=row.duration_ms,
    )
    return note_event(question.execution_id, **event, beside=answer, only_if_new=True)


def model_call_failed(
    question: AskModel, model: str, error: ModelError, row: Write | None, *, duration_ms: int
) -> bool:
    """The model gave nothing, this time: writes the try's row, if it was paid for, and tells it; false if nothing was told."""
    more: dict[str, Any] = {"duration_ms": duration_ms, "error": told_error(error)}
    if row is not None and error.spent is not None:
        more["input_tokens"] = error.spent.input_tokens
        more["output_tokens"] = error.spent.output_tokens
    event = _of_turn(question, "failed", model=model, **more)
    return note_event(question.execution_id, **event, beside=row, only_if_new=row is not None)


def tool_call_started(request: CallTool) -> None:
    """A tool is called; what came before it is written down with that."""
    tell(request.execution_id, start_of_call(request), after=request.news)


def tool_call_completed(
    request: CallTool, tool: str, row: Write | None, *, duration_ms: int
) -> None:
    """The tool answered: writes the call's row, and tells it."""
    event = _of_call(request, "completed", tool=tool, duration_ms=duration_ms)
    note_event(request.execution_id, **event, beside=row)


def tool_call_failed(
    request: CallTool,
    tool: str,
    error: ToolCallFailed,
    row: Write | None = None,
    *,
    duration_ms: int,
) -> None:
    """The tool gave nothing, this time: writes the call's row, if it has one, and tells it."""
    event = _of_call(request, "failed", tool=tool, duration_ms=duration_ms, error=told_error(error))
    note_event(request.execution_id, **event, beside=row)


def _of_turn(question: AskModel, status: str, **more: Any) -> Event:
    known = {"path": question.path, "turn": question.turn, "status": status}
    return {"kind": MODEL_CALL, "data": known | _attempt() | more}


def _of_call(request: CallTool, status: str, **more: Any) -> Event:
    known = {
        "path": request.path,
        "turn": request.turn,
        "call_id": request.call_id,
        "status": status,
    }
    return {"kind": TOOL_CALL, "data": known | _attempt() | more}


def _attempt() -> dict[str, int]:
    return {"attempt": activity.info().attempt}


def told_error(error: ModelError | ToolCallFailed) -> dict[str, str]:
    """`kind`, `code` and `message`, which is cut off where it is long."""
    message = error.message[:MAX_MESSAGE_CHARACTERS]
    return {"kind": error.kind, "code": error.code, "message": message}
