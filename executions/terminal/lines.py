"""Runs as lines for a terminal and as JSON for scripts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from common.live.waiting import follow
from executions.events import source_of
from executions.models import StepRun, WorkflowExecution
from executions.selectors import steps_of, with_previews
from workflows.definition.caption import one_line

OUTPUT_CHARACTERS = 160
LINE_CHARACTERS = 400
CONTAINERS = frozenset({"parallel", "loop"})


def step_changes(execution: WorkflowExecution) -> Iterator[dict[str, Any]]:
    """What happens to the steps until the run ends: the data of their events, final ones with `output` or `preview`."""
    for events in follow(source_of(execution.pk)):
        for change in worth_telling([event.data for event in events if event.kind == "step"]):
            yield {**change, **_result_of(execution, change)}


def worth_telling(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the start of a step whose end is in the same group; containers keep it, for what is in them follows."""
    ended = {change["path"] for change in changes if is_end(change)}
    return [
        change
        for change in changes
        if is_end(change) or change["path"] not in ended or change["step_type"] in CONTAINERS
    ]


def is_end(change: Mapping[str, Any]) -> bool:
    """Whether the step has ended with this change."""
    return "duration_ms" in change


def step_line(change: Mapping[str, Any]) -> str:
    """'COMPLETED   1,204 ms  fan/news/search  [tool]  {"text": …}' with nothing that could steer a terminal."""
    spent = f"{change['duration_ms']:,} ms" if is_end(change) else ""
    line = f"{change['status']:<10} {spent:>10}  {change['path']}  [{change['step_type']}]"
    if is_end(change):
        line = f"{line}  {one_line(_result(change), OUTPUT_CHARACTERS)}"
    return one_line(line, LINE_CHARACTERS)


def end_line(status: str, *, simulated: bool, error: str = "") -> str:
    """'FAILED (simulated): the reason'."""
    marked = f"{status} (simulated: no model and no tool was called)" if simulated else status
    return f"{marked}: {one_line(error, 1_000)}" if error else marked


def end_text(execution: WorkflowExecution) -> str:
    """How the run ended or stands now; of one that failed also where, of what kind the error is, and what to do."""
    end = end_line(execution.status, simulated=execution.simulated, error=execution.error)
    failed = execution.status == WorkflowExecution.Status.FAILED
    return "\n".join([end, *failure_lines(execution)]) if failed else end


def failure_lines(execution: WorkflowExecution) -> list[str]:
    """Where a failed run failed, of what kind the error is, and what to do."""
    where = f"at {execution.failed_step}" if execution.failed_step else "in the run itself"
    code = execution.error_code
    kind = (
        execution.error_kind
        if code in ("", execution.error_kind)
        else f"{execution.error_kind}, {code}"
    )
    told = [f"  {where} ({kind})"]
    if execution.error_hint:
        told.append(f"  {one_line(execution.error_hint, LINE_CHARACTERS)}")
    return [one_line(line, LINE_CHARACTERS) for line in told[:1]] + told[1:]


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
        "error_code": execution.error_code,
        "hint": execution.error_hint,
        "failed_step": execution.failed_step,
        "usage": {
            "input_tokens": execution.input_tokens,
            "output_tokens": execution.output_tokens,
            "cost_usd": None if execution.cost_usd is None else float(execution.cost_usd),
            "model_calls": execution.model_calls,
            "tool_calls": execution.tool_calls,
        },
        "steps_executed": steps.steps_executed,
        "step_results": steps.step_results,
    }


def _result_of(execution: WorkflowExecution, change: Mapping[str, Any]) -> dict[str, Any]:
    if not is_end(change):
        return {}
    rows = StepRun.objects.filter(execution=execution, path=change["path"])
    return {key: row[key] for row in with_previews(rows) for key in ("output", "preview")}


def _result(change: Mapping[str, Any]) -> str:
    if change.get("error"):
        return str(change["error"].get("message") or change["error"].get("kind"))
    if change.get("preview"):
        return str(change["preview"])
    return json.dumps(change.get("output"), ensure_ascii=False)
