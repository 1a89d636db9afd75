"""Runs and steps as rows of tables for a terminal, which are the JSON for scripts too."""

from typing import Any

from executions.models import StepRun, WorkflowExecution

RUN_COLUMNS = ("id", "workflow", "version", "status", "triggered_by", "created_at", "duration_ms")
STEP_COLUMNS = ("path", "type", "status", "reused", "attempts", "duration_ms", "error")


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
