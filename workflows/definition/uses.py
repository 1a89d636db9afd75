"""Every expression of a definition, with the moment of a run at which it is looked up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from workflows.definition.conditions import ConditionSyntaxError, check_condition
from workflows.definition.graph import StepList
from workflows.definition.plain_json import join
from workflows.definition.references import Expression, TemplateSyntaxError, expressions_in
from workflows.definition.steps import (
    AgentStep,
    ApprovalStep,
    Branch,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    SetStep,
    Step,
    ToolStep,
    WaitStep,
    WorkflowStep,
)

# before: when the list's step at `place` starts; end: when the list has ended; declared: the same, but only where no
# `end` step gave an output of its own; start: before the first step of the run.
Moment = Literal["before", "end", "declared", "start"]


@dataclass(frozen=True)
class Use:
    """An expression at `pointer`. It sees the steps of `scope` and of the lists around it, and the `loops` around it.

    `is_exit` marks an exit condition, for which `loop.last` is there.
    """

    pointer: str
    expression: Expression
    scope: StepList
    moment: Moment
    place: int
    loops: tuple[LoopStep, ...]
    is_exit: bool = False


def uses(lists: list[StepList]) -> Iterator[Use]:
    """All uses; texts that do not parse are passed over, since normalising has reported them."""
    loops: list[tuple[LoopStep, ...]] = []
    for steps in lists:
        around = loops[steps.parent] if steps.parent is not None else ()
        if isinstance(steps.owner, LoopStep):
            around = (*around, steps.owner)
        loops.append(around)
        yield from _owner_uses(steps, around, lists)
        for place, step in enumerate(steps.steps):
            pointer = steps.step_pointer(place)
            for where, expression in step_expressions(step, pointer):
                yield Use(where, expression, steps, "before", place, around)


def step_expressions(step: Step, pointer: str) -> Iterator[tuple[str, Expression]]:
    """The expressions that are looked up when `step` starts."""
    match step:
        case AgentStep():
            yield from _templates(step.input, join(pointer, "input"))
        case ToolStep():
            yield from _templates(step.arguments, join(pointer, "arguments"))
        case ConditionalStep():
            yield from _templates(step.condition_source, join(pointer, "condition_source"))
            for number, arm in enumerate(step.conditions or []):
                yield from _condition(arm.when, join(pointer, "conditions", number, "when"))
        case LoopStep():
            yield from _templates(step.over, join(pointer, "over"))
        case EndStep():
            yield from _templates(step.output, join(pointer, "output"))
            yield from _templates(step.error, join(pointer, "error"))
        case _:
            yield from _native_expressions(step, pointer)


def _native_expressions(step: Step, pointer: str) -> Iterator[tuple[str, Expression]]:
    match step:
        case ApprovalStep():
            yield from _templates(step.approval_message, join(pointer, "approval_message"))
            yield from _templates(step.content, join(pointer, "content"))
        case WaitStep():
            yield from _templates(step.until, join(pointer, "until"))
        case SetStep():
            yield from _templates(step.values, join(pointer, "values"))
            for key, text in step.compute.items():
                yield from _condition(text, join(pointer, "compute", key))
        case WorkflowStep():
            yield from _templates(step.input, join(pointer, "input"))
            yield from _templates(step.context, join(pointer, "context"))
        case _:
            return


def _owner_uses(
    steps: StepList, loops: tuple[LoopStep, ...], lists: list[StepList]
) -> Iterator[Use]:
    owner, pointer = steps.owner, steps.pointer
    for where, expression in _templates(owner.output, join(pointer, "output")):
        yield Use(where, expression, steps, "declared", 0, loops)
    if isinstance(owner, Definition):
        for where, expression in _templates(owner.context, "/context"):
            yield Use(where, expression, steps, "start", 0, loops)
    elif not isinstance(owner, Branch):
        for where, expression in _condition(owner.exit_condition, join(pointer, "exit_condition")):
            yield Use(where, expression, steps, "end", 0, loops, is_exit=True)
        outer = lists[steps.parent or 0]
        for where, expression in _condition(
            owner.break_condition, join(pointer, "break_condition")
        ):
            yield Use(where, expression, outer, "before", steps.place, loops)


def _templates(value: JsonValue, pointer: str) -> Iterator[tuple[str, Expression]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _templates(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _templates(item, join(pointer, key))
    elif isinstance(value, str) and "${" in value:
        try:
            yield from list(expressions_in(value, pointer))
        except TemplateSyntaxError:
            return


def _condition(text: str | None, pointer: str) -> Iterator[tuple[str, Expression]]:
    if text is None:
        return
    try:
        parsed = check_condition(text)
    except ConditionSyntaxError:
        return
    for _, expression in parsed.variables:
        yield pointer, expression
