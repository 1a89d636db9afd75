"""What a step did, read so that no large value has to leave the database: its calls, its conversation, its tries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from executions.models import MODEL_CALL, TOOL_CALL, ExecutionEvent, ModelCall, StepRun, ToolCall
from executions.reading.previews import with_shown

CALL_KINDS = {MODEL_CALL: "model", TOOL_CALL: "tool"}
OPEN_STEPS = (StepRun.Status.PENDING, StepRun.Status.RUNNING, StepRun.Status.WAITING)


@dataclass
class Try:
    """One try of a model or tool call; `unfinished` means that its worker was lost or its step ended meanwhile."""

    kind: str
    turn: int
    call_id: str
    number: int
    status: str
    started_at: datetime | None
    duration_ms: int | None = None
    error: dict[str, Any] | None = None


def model_calls_of(step_run: StepRun) -> QuerySet[ModelCall]:
    """The turns of an agent's step, in order: its conversation, as previews; before an answer the tries paid in vain."""
    rows = ModelCall.objects.filter(execution_id=step_run.origin_id, path=step_run.path)
    return with_shown(rows.order_by("turn", "id"), "new_messages", "answer")


def tool_calls_of(step_run: StepRun) -> QuerySet[ToolCall]:
    """The tool calls of a step, in order, with arguments and results as previews."""
    rows = ToolCall.objects.filter(execution_id=step_run.origin_id, path=step_run.path)
    return with_shown(rows.order_by("turn", "id"), "arguments", "result")


def tries_of(step_run: StepRun) -> list[Try]:
    """Every try of every call of the step, in order of their starts, as their events told it."""
    events = ExecutionEvent.objects.filter(
        execution_id=step_run.origin_id, kind__in=CALL_KINDS, data__path=step_run.path
    ).order_by("number")
    tries: list[Try] = []
    last: dict[tuple[str, int, str], Try] = {}
    for event in events:
        key = (CALL_KINDS[event.kind], event.data["turn"], event.data.get("call_id", ""))
        before = last.get(key)
        if event.data["status"] == "started" or before is None or before.status != "running":
            last[key] = _next(key, before, event)
            tries.append(last[key])
        if event.data["status"] != "started":
            _end(last[key], event)
    if step_run.status not in OPEN_STEPS:
        _give_up(tries)
    return tries


def _next(key: tuple[str, int, str], before: Try | None, event: ExecutionEvent) -> Try:
    """A try begins; one before it that never ended is over."""
    if before is not None:
        _give_up([before])
    number = before.number + 1 if before is not None else 1
    is_start = event.data["status"] == "started"
    return Try(*key, number, "running", event.created_at if is_start else None)


def _end(one: Try, event: ExecutionEvent) -> None:
    one.status = event.data["status"]
    one.duration_ms = event.data.get("duration_ms")
    one.error = event.data.get("error")


def _give_up(tries: list[Try]) -> None:
    for one in tries:
        if one.status == "running":
            one.status = "unfinished"
