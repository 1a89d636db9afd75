"""What is written of steps: their rows, and the events of their starts, waits and ends."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import JsonValue

from executions.engine.messages.changes import Batch, StepChange
from executions.engine.messages.outcomes import ErrorInfo
from executions.engine.messages.values import Value
from executions.hints import hint_of
from executions.models import StepRun
from executions.stored_values import load_all

FINAL_STEPS = frozenset(
    {
        StepRun.Status.COMPLETED,
        StepRun.Status.FAILED,
        StepRun.Status.SKIPPED,
        StepRun.Status.CANCELLED,
    }
)
# What is known of each step before the batch: its status, or nothing.
Known = dict[str, str]


def news_of(batch: Batch, known: Known, *, is_late: bool) -> Known:
    """The steps of the batch that are not final yet, with their status so far; of a late one, those that are unknown."""
    passed = frozenset(known.values()) if is_late else FINAL_STEPS
    return {
        change.path: known.get(change.path, "")
        for change in batch.steps
        if change.status in FINAL_STEPS or known.get(change.path, "") not in passed
    }


def step_rows(execution_id: str, changes: Sequence[StepChange]) -> list[dict[str, Any]]:
    """The rows of these steps, whole."""
    values = [value or Value() for change in changes for value in _values_of(change)]
    loaded = iter(load_all(execution_id, values))
    return [_row(execution_id, change, loaded) for change in changes]


def step_events(batch: Batch, news: Known) -> list[dict[str, Any]]:
    """`kind` and `data` of the events of those steps that are news, in the order in which things happened."""
    return [_step_event(change, status) for change, status in _moments(batch, news)]


def error_json(error: ErrorInfo | None) -> dict[str, Any] | None:
    """The error with a hint, as it is stored and told."""
    return asdict(error) | {"hint": hint_of(error)} if error is not None else None


def _moments(batch: Batch, news: Known) -> list[tuple[StepChange, str]]:
    """Starts, waits and ends that were not told yet, by their new status."""
    moments: list[tuple[int, StepChange, str]] = []
    for change in batch.steps:
        if change.path not in news:
            continue
        known = news[change.path]
        if not known:
            moments.append((change.opened, change, StepRun.Status.RUNNING))
        if change.status == StepRun.Status.WAITING != known:
            moments.append((change.opened, change, StepRun.Status.WAITING))
        if change.completed_at is not None and known not in FINAL_STEPS:
            moments.append((change.closed, change, change.status))
    moments.sort(key=lambda moment: moment[0])
    return [(change, status) for _, change, status in moments]


def _step_event(change: StepChange, status: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "path": change.path,
        "step_id": change.step_id,
        "step_type": change.step_type,
        "name": change.name,
        "iteration": change.iteration,
        "status": status,
    }
    if status in FINAL_STEPS and change.completed_at is not None:
        data["duration_ms"] = round(
            (change.completed_at - change.started_at).total_seconds() * 1000
        )
        data["error"] = error_json(change.error)
    return {"kind": "step", "data": data}


def _values_of(change: StepChange) -> list[Value | None]:
    """Every value of the change, in the order in which `_row` takes them."""
    return [change.input, change.output, *(change.writes or {}).values()]


def _row(execution_id: str, change: StepChange, loaded: Iterator[JsonValue]) -> dict[str, Any]:
    return {
        "execution_id": execution_id,
        "path": change.path,
        "step_id": change.step_id,
        "step_type": change.step_type,
        "name": change.name,
        "iteration": change.iteration,
        "position": change.position,
        "status": change.status,
        "input_json": next(loaded),
        "output_json": next(loaded),
        "writes_json": _writes_json(change, loaded),
        "next_step": change.next,
        "error_json": error_json(change.error),
        "attempts": change.attempts,
        "input_tokens": change.usage.input_tokens,
        "output_tokens": change.usage.output_tokens,
        "cost_usd": change.usage.cost_usd,
        "started_at": change.started_at,
        "completed_at": change.completed_at,
        "is_reused": False,
        "is_edited": False,
    }


def _writes_json(change: StepChange, loaded: Iterator[JsonValue]) -> dict[str, JsonValue] | None:
    return {key: next(loaded) for key in change.writes} if change.writes else None
