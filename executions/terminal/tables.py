"""Runs and steps as tables for a terminal; the rows are the JSON for scripts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from executions.models import StepRun, WorkflowExecution
from workflows.definition.caption import one_line

RUN_COLUMNS = ("id", "workflow", "version", "status", "triggered_by", "created_at", "duration_ms")
STEP_COLUMNS = ("path", "type", "status", "reused", "attempts", "duration_ms", "error")
CELL_CHARACTERS = 80


def run_row(execution: WorkflowExecution) -> dict[str, Any]:
    """What a list tells of a run."""
    return {
        "id": execution.pk,
        "workflow": execution.workflow_id,
        "version": execution.workflow_version,
        "status": execution.status,
        "triggered_by": execution.triggered_by,
        "user": execution.created_by.get_username(),
        "simulated": execution.simulated,
        "created_at": execution.created_at.isoformat(timespec="seconds"),
        "duration_ms": execution.duration_ms,
        "error": execution.error,
        "forked_from": execution.forked_from_id,
    }


def step_row(step: StepRun) -> dict[str, Any]:
    """What a list tells of a step run."""
    return {
        "path": step.path,
        "type": step.step_type,
        "status": step.status,
        "reused": step.is_reused,
        "attempts": step.attempts,
        "duration_ms": step.duration_ms,
        "error": (step.error_json or {}).get("message", ""),
    }


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line of titles, then the rows; nothing in a cell can steer a terminal."""
    cells = [[_cell(row[name]) for name in columns] for row in rows]
    titles = [name.upper() for name in columns]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    for line in (titles, *cells):
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _cell(value: Any) -> str:
    match value:
        case None | False:
            return "-"
        case True:
            return "yes"
        case _:
            return one_line(str(value), CELL_CHARACTERS) or "-"
