"""What a step is, in one line: for cards, trees and lists."""

import json
from typing import assert_never

from pydantic import JsonValue

from workflows.definition.steps import (
    AgentStep,
    ApprovalStep,
    ConditionalStep,
    EndStep,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
    ToolStep,
    WaitStep,
    WorkflowStep,
)


def caption(step: Step) -> str:
    """The one line of configuration that tells the step from others of its type."""
    match step:
        case AgentStep():
            inline = step.agent.name or "inline agent" if step.agent else "no agent chosen"
            return step.agent_id or inline
        case ToolStep():
            return step.tool or "no tool chosen"
        case ParallelStep():
            return f"{_count(len(step.branches), 'branch', 'branches')}, {step.aggregation}"
        case ConditionalStep():
            return step.condition_source or _count(len(step.conditions or []), "condition")
        case LoopStep():
            return _loop(step)
        case EndStep():
            scope = "the run" if step.scope == "run" else "the list"
            return f"ends {scope} as {step.status}"
        case ApprovalStep() | WaitStep() | SetStep() | WorkflowStep():
            return _steering(step)
        case _ as unreachable:
            assert_never(unreachable)


def one_line(text: str, limit: int) -> str:
    """Without control characters and line breaks, at most `limit` characters, the last of them an ellipsis if cut."""
    plain = "".join(char if char.isprintable() else " " for char in text[: limit + 1])
    return plain if len(text) <= limit else plain[: limit - 1] + "…"


def _loop(step: LoopStep) -> str:
    match step.loop_mode:
        case "count":
            return _count(step.max_iterations, "time")
        case "foreach":
            return f"for each of {_text(step.over)}"
        case "until":
            return f"until {step.exit_condition}, at most {_count(step.max_iterations, 'time')}"


def _steering(step: ApprovalStep | WaitStep | SetStep | WorkflowStep) -> str:
    match step:
        case ApprovalStep():
            return _approval(step)
        case WaitStep():
            return _wait(step)
        case SetStep():
            keys = [*step.values, *step.compute]
            return f"context: {', '.join(keys)}" if keys else "sets nothing"
        case WorkflowStep():
            version = f", version {step.version}" if step.version else ""
            return f"{step.workflow_id}{version}" if step.workflow_id else "no workflow chosen"


def _approval(step: ApprovalStep) -> str:
    people = ", ".join(step.approvers) or "the owner"
    return (
        f"by {people}" if step.required_approvals == 1 else f"{step.required_approvals} of {people}"
    )


def _wait(step: WaitStep) -> str:
    if step.until is not None:
        return f"until {step.until}"
    return "no time chosen" if step.duration_seconds is None else _duration(step.duration_seconds)


def _duration(seconds: int) -> str:
    """The largest unit that says it exactly."""
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % length == 0:
            return _count(seconds // length, unit)
    return _count(seconds, "second")


def _count(number: int | None, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
