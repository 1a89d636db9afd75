"""Forks: runs from any step of another run, which take over what led there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from common.errors import Conflict, Invalid
from executions.forks.planning import ForkPlan, Recorded, plan_fork
from executions.forks.repeats import repeats_of, require_confirmed
from executions.forks.reused_steps import recorded_steps
from executions.forks.target import fork_target, the_path
from executions.forks.writing import TOLD, Reuse, require_no_test, rerun_of, written
from executions.models import WorkflowExecution
from executions.starts.launching import Launch, first_launch
from executions.starts.run_request import MAX_INPUT_BYTES, require_size
from workflows.selectors import catalogue_for, definition_of

# What these steps give follows from their place; another value would not change where the flow went.
NOT_EDITABLE = frozenset({"conditional", "end", "wait"})


@dataclass(frozen=True, kw_only=True)
class Fork:
    """From where a fork runs and with what: `outputs` by path or step id replace what the steps gave."""

    source: WorkflowExecution
    from_step: str
    iteration: int | None = None
    outputs: Mapping[str, JsonValue] = field(default_factory=dict)
    is_confirmed: bool = False


def write_fork(
    fork: Fork, launch: Launch, then: Callable[[WorkflowExecution], object]
) -> WorkflowExecution:
    """The PENDING row of a run that takes over the finished steps before `fork.from_step` and runs from there.

    Raises `Invalid` (a step or output that can't be meant), `Conflict` (version_differs, confirmation_required) and
    what `write_execution` raises.
    """
    if (repeated := first_launch(launch)) is not None:
        return repeated
    source = fork.source
    require_no_test(source)
    old_number, old = definition_of(source.workflow, source.workflow_version)
    number, definition = definition_of(launch.workflow, launch.version)
    rows = recorded_steps(source)
    target = fork_target(definition, rows, fork.from_step, fork.iteration)
    edited = _edited(fork.outputs, rows)
    other = old if number != old_number else None
    plan = plan_fork(definition, rows, target=target, old=other, edited=edited)
    _require_reached(plan, target)
    _require_reused(plan, edited)
    reuse = Reuse(source=source, plan=plan, at=target, edited=edited)
    repeats = repeats_of([rerun_of(reuse, rows)], catalogue_for(launch.by))
    require_confirmed(repeats, is_confirmed=fork.is_confirmed or launch.simulate)
    return written(reuse, launch, then)


def _edited(outputs: Mapping[str, JsonValue], rows: list[Recorded]) -> dict[str, JsonValue]:
    """The given outputs by path. Raises `Invalid`."""
    kinds = {row.path: row.step_type for row in rows}
    edited: dict[str, JsonValue] = {}
    for name, value in outputs.items():
        pointer = f"/outputs/{name}"
        path = the_path(rows, name, pointer=pointer)
        require_size(value, pointer, MAX_INPUT_BYTES)
        if kinds[path] in NOT_EDITABLE:
            raise Invalid(
                f"The output of {path!r} can't be replaced: a {kinds[path]} step gives nothing of its own. "
                "Fork from it instead, and replace what it looks at.",
                code="not_editable",
                pointer=pointer,
            )
        if kinds[path] == "set" and not isinstance(value, dict):
            raise Invalid("A set step writes an object.", code="not_editable", pointer=pointer)
        edited[path] = value
    return edited


def _require_reached(plan: ForkPlan, target: str) -> None:
    if plan.reaches_target:
        return
    if plan.differing:
        differing = plan.differing[:TOLD]
        raise Conflict(
            f"That version has changed these steps before {target!r}: {', '.join(differing)}. "
            "Fork from the first of them, or give their outputs.",
            code="version_differs",
            extra={"differing": differing},
        )
    raise Invalid(
        f"The finished steps do not lead to {target!r}. Fork from an earlier step.",
        code="not_reached",
        pointer="/from_step",
    )


def _require_reused(plan: ForkPlan, edited: Mapping[str, JsonValue]) -> None:
    for path in edited:
        if path in plan.reused:
            continue
        container = plan.is_inside_reused(path)
        reason = (
            "it lies in a container that has finished; replace the container's output, or fork from inside it"
            if container
            else "it does not lie before the step from which the fork runs"
        )
        raise Invalid(
            f"The output of {path!r} can't be replaced: {reason}.",
            code="not_reused",
            pointer=f"/outputs/{path}",
        )
