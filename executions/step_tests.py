"""One step tried alone: what it has to be given, and what it would really call."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from common.errors import Conflict, Invalid, NotFound
from executions.engine.messages.outcomes import ErrorInfo, Outcome
from executions.engine.messages.run_input import Alone, GivenLoop
from executions.forks.repeats import is_repeatable
from executions.models import WorkflowExecution
from executions.starts.run_request import MAX_INPUT_BYTES, require_size
from executions.stored_values import keep
from workflows.definition.catalogue import Catalogue
from workflows.definition.graph import step_lists
from workflows.definition.steps import (
    AgentStep,
    Definition,
    ErrorKind,
    ParallelStep,
    Step,
    ToolStep,
    WorkflowStep,
    walk,
)
from workflows.definition.template_grammar import Expression, Reference
from workflows.definition.uses import uses


class LoopAround(BaseModel):
    """What `loop` means to the step."""

    model_config = ConfigDict(extra="forbid", strict=True)
    item: JsonValue = None
    iteration: int = Field(default=1, ge=1, le=100_000)
    last: JsonValue = None
    parent: "LoopAround | None" = None


class ErrorBefore(BaseModel):
    """What `error` means to the step."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: ErrorKind = "tool_error"
    code: str = Field(default="", max_length=200)
    message: str = Field(default="", max_length=2_000)
    step: str = Field(default="", max_length=100)


class Surroundings(BaseModel):
    """Outputs of other steps by id (of a branch: 'parallel/branch'), the loop and the error around the step."""

    model_config = ConfigDict(extra="forbid", strict=True)
    steps: dict[str, JsonValue] = {}
    loop: LoopAround | None = None
    error: ErrorBefore | None = None


def surroundings(given: Mapping[str, Any]) -> Surroundings:
    """The given surroundings, checked. Raises `Invalid` with the place."""
    require_size(dict(given), "/steps", MAX_INPUT_BYTES)
    try:
        return Surroundings.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        pointer = "".join(f"/{part}" for part in first["loc"])
        raise Invalid(first["msg"], code="invalid", pointer=pointer) from None


def require_surroundings(
    definition: Definition, step_id: str, given: Surroundings, context: Mapping[str, JsonValue]
) -> None:
    """Raise `NotFound` for an unknown step, `Invalid` for what is given for none or is missing."""
    known = {step.id: step for _, step in walk(definition.steps)}
    if step_id not in known:
        raise NotFound(f"This workflow has no step {step_id[:100]!r}.")
    for name in given.steps:
        if not _is_known(known, name):
            raise Invalid(
                f"There is no step {name[:100]!r} whose output could be given.",
                code="unknown_step",
                pointer=f"/steps/{name}",
            )
    keys = {*definition.context, *context}
    missing = list(dict.fromkeys(_missing(definition, step_id, given, keys)))
    if missing:
        raise Invalid(
            f"The step looks at what was not given: {', '.join(missing)}.",
            code="missing_surroundings",
            pointer=f"/{missing[0].split('.')[0]}",
        )


def require_meant(
    definition: Definition, step_id: str, catalogue: Catalogue, *, is_confirmed: bool
) -> None:
    """Raise `Conflict` (confirmation_required) where a real try may call tools that should not be called for nothing."""
    found = sorted(set(_risky_tools(definition, step_id, catalogue)))
    if is_confirmed or not found:
        return
    raise Conflict(
        f"This would really call {', '.join(found[:5])}. Send confirm: true if that is meant, or simulate.",
        code="confirmation_required",
        extra={"tools": found},
    )


def alone_of(execution: WorkflowExecution) -> Alone | None:
    """What the engine is told of a run that tries one step."""
    if not execution.tested_step:
        return None
    given = Surroundings.model_validate(execution.test_json or {})
    error = ErrorInfo(**given.error.model_dump()) if given.error else None
    return Alone(
        execution.tested_step,
        _outcomes(execution, given.steps),
        _loop(execution, given.loop),
        error,
    )


def _outcomes(execution: WorkflowExecution, steps: Mapping[str, JsonValue]) -> dict[str, Outcome]:
    branches: dict[str, dict[str, Outcome]] = {}
    for name, value in steps.items():
        container, _, branch = name.partition("/")
        if branch:
            outcome = Outcome("COMPLETED", keep(execution.pk, value))
            branches.setdefault(container, {})[branch] = outcome
    names = {name for name in steps if "/" not in name} | branches.keys()
    return {
        name: Outcome("COMPLETED", keep(execution.pk, steps.get(name)), branches=branches.get(name))
        for name in names
    }


def _loop(execution: WorkflowExecution, loop: LoopAround | None) -> GivenLoop | None:
    if loop is None:
        return None
    return GivenLoop(
        loop.iteration,
        keep(execution.pk, loop.item),
        keep(execution.pk, loop.last),
        _loop(execution, loop.parent),
    )


def _is_known(known: Mapping[str, Step], name: str) -> bool:
    container, _, branch = name.partition("/")
    step = known.get(container)
    if not branch:
        return step is not None
    return isinstance(step, ParallelStep) and branch in {one.id for one in step.branches}


def _missing(
    definition: Definition, step_id: str, given: Surroundings, context: set[str]
) -> Iterator[str]:
    """What the step's expressions look at, that has no fallback, is nothing of its own and was not given."""
    pointer, own = _subtree(definition, step_id)
    for use in uses(step_lists(definition)):
        if not use.pointer.startswith(f"{pointer}/") or use.expression.has_literal:
            continue
        has_own_loop = any(loop.id in own for loop in use.loops)
        lacking = [
            lack
            for reference in use.expression.references
            if (lack := _lack(reference, given, context, own, has_own_loop))
        ]
        if _all_lack(use.expression, lacking):
            yield lacking[0]


def _all_lack(expression: Expression, lacking: list[str]) -> bool:
    return bool(lacking) and len(lacking) == len(expression.references)


def _lack(
    reference: Reference, given: Surroundings, context: set[str], own: set[str], has_own_loop: bool
) -> str:
    """The name of what is missing, or nothing."""
    first = str(reference.path[0]) if reference.path else ""
    match reference.root:
        case "steps" if first not in own and not _is_given(reference, given):
            return f"steps.{first}"
        case "context" if first not in context:
            return f"context.{first}"
        case "loop" if given.loop is None and not has_own_loop:
            return "loop"
        case "error" if given.error is None:
            return "error"
        case _:
            return ""


def _is_given(reference: Reference, given: Surroundings) -> bool:
    first, *rest = (str(part) for part in reference.path)
    if rest[:1] == ["branches"]:
        return f"{first}/{rest[1]}" in given.steps
    return first in given.steps


def _subtree(definition: Definition, step_id: str) -> tuple[str, set[str]]:
    """The step's pointer, and the ids inside it; a step does not give itself anything."""
    pointers = {step.id: pointer for pointer, step in walk(definition.steps)}
    here = pointers[step_id]
    return here, {key for key, place in pointers.items() if place.startswith(f"{here}/")}


def _risky_tools(definition: Definition, step_id: str, catalogue: Catalogue) -> Iterator[str]:
    _, own = _subtree(definition, step_id)
    for _, step in walk(definition.steps):
        if step.id in own | {step_id}:
            yield from (
                tool for tool in _tools_of(step, catalogue) if not is_repeatable(catalogue, tool)
            )


def _tools_of(step: Step, catalogue: Catalogue) -> Iterator[str]:
    match step:
        case ToolStep() if step.tool:
            yield step.tool
        case WorkflowStep() if step.workflow_id:
            yield f"workflow:{step.workflow_id}"
        case AgentStep():
            agent = catalogue.agents.get(step.agent_id or "")
            own = step.agent.tools if step.agent else list(agent.tools) if agent else []
            yield from (tool for tool in own if step.tools is None or tool in step.tools)
        case _:
            return
