"""The ways out of a step, labelled for a drawing."""

from dataclasses import dataclass
from typing import Literal, assert_never

from workflows.definition.steps import (
    AgentStep,
    ApprovalStep,
    ConditionalStep,
    EndStep,
    ErrorArm,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
    ToolStep,
    WaitStep,
    WorkflowStep,
)

Kind = Literal["next", "arm", "default", "error"]


@dataclass(frozen=True)
class Exit:
    """A way from a step to `target` (a step id or 'end'); two ways to one target are one, with both labels."""

    target: str
    label: str
    kind: Kind


def exits(step: Step) -> list[Exit]:
    """All ways out in declared order: arms, the default, `next`, then error paths."""
    return _merged([*_ways(step), *_error_ways(step)])


def _ways(step: Step) -> list[Exit]:
    match step:
        case ConditionalStep():
            arms = (step.conditional_branches or {}).items()
            result = [Exit(target, text, "arm") for text, target in arms]
            result += [Exit(arm.next, arm.when, "arm") for arm in step.conditions or []]
            if step.default:
                result.append(Exit(step.default, "otherwise", "default"))
            return result
        case ApprovalStep():
            approved = Exit(step.next, "", "next")
            if step.on_reject == "fail":
                return [approved]
            return [approved, Exit(step.on_reject, "rejected", "arm")]
        case AgentStep() | ToolStep() | ParallelStep() | LoopStep():
            return [Exit(step.next, "", "next")]
        case WaitStep() | SetStep() | WorkflowStep():
            return [Exit(step.next, "", "next")]
        case EndStep():
            return []
        case _ as unreachable:
            assert_never(unreachable)


def _error_ways(step: Step) -> list[Exit]:
    if isinstance(step, EndStep):
        return []
    if isinstance(step.on_error, str):
        if step.on_error in ("fail", "skip"):
            return []
        return [Exit(step.on_error, "on error", "error")]
    return [_error_way(arm) for arm in step.on_error]


def _error_way(arm: ErrorArm) -> Exit:
    label = f"on {', '.join(arm.match)}" if arm.match else "on error"
    return Exit(arm.next, label, "error")


def _merged(ways: list[Exit]) -> list[Exit]:
    merged: dict[str, Exit] = {}
    for way in ways:
        first = merged.get(way.target)
        if first is None:
            merged[way.target] = way
        elif way.label:
            label = f"{first.label}, {way.label}" if first.label else way.label
            merged[way.target] = Exit(way.target, label, first.kind)
    return list(merged.values())
