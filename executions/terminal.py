"""Runs as lines for a terminal and as JSON for scripts."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from executions.events import follow
from executions.models import ExecutionEvent, StepRun, WorkflowExecution, duration_ms
from executions.selectors import steps_of, with_previews
from workflows.definition.caption import one_line

OUTPUT_CHARACTERS = 160
OPEN_STEPS = frozenset({StepRun.Status.PENDING, StepRun.Status.RUNNING, StepRun.Status.WAITING})


def step_changes(execution: WorkflowExecution) -> Iterator[dict[str, Any]]:
    """Each step run whenever its status changed, until the run ends; rows of `selectors.with_previews`."""
    told: dict[str, str] = {}
    for event in follow(execution):
        for row in _rows_of(execution, event):
            if told.get(row["path"]) != row["status"]:
                told[row["path"]] = row["status"]
                yield row


def step_line(row: Mapping[str, Any]) -> str:
    """'COMPLETED   1,204 ms  fan/news/search  [tool]  {"text": …}' with nothing that could steer a terminal."""
    duration = row.get("duration_ms")
    if duration is None:
        duration = duration_ms(row["started_at"], row["completed_at"])
    spent = "" if duration is None else f"{duration:,} ms"
    line = f"{row['status']:<10} {spent:>10}  {row['path']}  [{row['step_type']}]"
    if row["status"] in OPEN_STEPS:
        return one_line(line, OUTPUT_CHARACTERS)
    return f"{one_line(line, OUTPUT_CHARACTERS)}  {one_line(_result(row), OUTPUT_CHARACTERS)}"


def end_line(status: str, *, simulated: bool, error: str = "") -> str:
    """'FAILED (simulated): the reason'."""
    marked = f"{status} (simulated: no model and no tool was called)" if simulated else status
    return f"{marked}: {one_line(error, 1_000)}" if error else marked


def as_json(execution: WorkflowExecution) -> dict[str, Any]:
    """The run for scripts: how it ended, its output and what each step did."""
    steps = steps_of(execution, lambda path: path)
    return {
        "id": execution.pk,
        "workflow_id": execution.workflow_id,
        "workflow_version": execution.workflow_version,
        "status": execution.status,
        "simulated": execution.simulated,
        "duration_ms": execution.duration_ms,
        "output": execution.output_json,
        "error": execution.error,
        "error_kind": execution.error_kind,
        "failed_step": execution.failed_step,
        "steps_executed": steps.steps_executed,
        "step_results": steps.step_results,
    }


def _rows_of(execution: WorkflowExecution, event: ExecutionEvent) -> Iterable[dict[str, Any]]:
    path = event.data.get("path")
    return with_previews(StepRun.objects.filter(execution=execution, path=path)) if path else ()


def _result(row: Mapping[str, Any]) -> str:
    if row["error"]:
        return str(row["error"].get("message") or row["error"].get("kind"))
    if row.get("preview"):
        return str(row["preview"])
    return json.dumps(row["output"], ensure_ascii=False)
