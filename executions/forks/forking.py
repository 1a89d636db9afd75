"""Runs that start from what another run has done: retries from where it failed, forks from any of its steps."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from pydantic import JsonValue

from common.errors import Conflict, Invalid
from discovery.selectors import agents_for
from executions.forks.planning import ForkPlan, Recorded, plan_fork
from executions.forks.repeats import repeats_of, require_confirmed
from executions.forks.reused_steps import copy_calls, copy_steps, recorded_steps
from executions.forks.target import fork_target, the_path
from executions.models import ModelCall, StepRun, ToolCall, WorkflowExecution
from executions.recording import note_event
from executions.starts.launching import Launch, first_launch, write_execution
from executions.starts.run_request import MAX_INPUT_BYTES, require_size
from workflows.definition.steps import Definition
from workflows.selectors import catalogue_for, definition_of

logger = logging.getLogger(__name__)

# What these steps give follows from their place; another value would not change where the flow went.
NOT_EDITABLE = frozenset({"conditional", "end", "wait"})
RETRIED = (WorkflowExecution.Status.FAILED, WorkflowExecution.Status.CANCELLED)
CUT_OFF = (StepRun.Status.FAILED, StepRun.Status.CANCELLED)
# Asking on in a conversation that ended like this would end the same way.
FRUITLESS = ("max_turns", "schema_mismatch", "invalid_answer")
TOLD = 50


@dataclass(frozen=True, kw_only=True)
class Fork:
    """From where a fork runs and with what: `outputs` by path or step id replace what the steps gave."""

    source: WorkflowExecution
    from_step: str
    iteration: int | None = None
    outputs: Mapping[str, JsonValue] = field(default_factory=dict)
    is_confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class _Reuse:
    """All that is known before the row of a fork is written."""

    source: WorkflowExecution
    plan: ForkPlan
    at: str
    edited: Mapping[str, JsonValue] = field(default_factory=dict)
    continued: tuple[str, ...] = ()


def write_retry(
    source: WorkflowExecution,
    launch: Launch,
    then: Callable[[WorkflowExecution], object],
    *,
    is_confirmed: bool = False,
) -> WorkflowExecution:
    """The PENDING row of a run that goes on where `source` failed or was cancelled.

    Steps that have finished keep their outputs, an agent that was cut off keeps the turns it was answered. Raises
    `Conflict` (not_retryable, confirmation_required) and what `write_execution` raises.
    """
    if (repeated := first_launch(launch)) is not None:
        return repeated
    _require_no_test(source)
    if source.status not in RETRIED:
        raise Conflict(
            "Only a run that failed or was cancelled can be retried; fork it instead.",
            code="not_retryable",
        )
    _, definition = definition_of(source.workflow, source.workflow_version)
    rows = recorded_steps(source)
    plan = plan_fork(definition, rows)
    continued = tuple(_continued(source, launch, plan))
    reuse = _Reuse(
        source=source, plan=plan, at=_where_it_broke(source, rows, plan), continued=continued
    )
    _require_confirmed(reuse, launch, definition, rows, is_confirmed=is_confirmed)
    return _written(reuse, launch, then)


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
    _require_no_test(source)
    old_number, old = definition_of(source.workflow, source.workflow_version)
    number, definition = definition_of(launch.workflow, launch.version)
    rows = recorded_steps(source)
    target = fork_target(definition, rows, fork.from_step, fork.iteration)
    edited = _edited(fork.outputs, rows)
    other = old if number != old_number else None
    plan = plan_fork(definition, rows, target=target, old=other, edited=edited)
    _require_reached(plan, target)
    _require_reused(plan, edited)
    reuse = _Reuse(source=source, plan=plan, at=target, edited=edited)
    _require_confirmed(reuse, launch, old, rows, is_confirmed=fork.is_confirmed)
    return _written(reuse, launch, then)


def _written(
    reuse: _Reuse, launch: Launch, then: Callable[[WorkflowExecution], object]
) -> WorkflowExecution:
    execution = write_execution(launch_of(launch, reuse), then, along=partial(_take_over, reuse))
    logger.info("execution %s: forked from %s at %s", execution.pk, reuse.source.pk, reuse.at)
    return execution


def launch_of(launch: Launch, reuse: _Reuse) -> Launch:
    """The launch with its lineage."""
    return Launch(**{**vars(launch), "forked_from": reuse.source, "forked_at": reuse.at})


def _take_over(reuse: _Reuse, execution: WorkflowExecution) -> None:
    """Write the rows that the fork starts with, and the event that tells of them."""
    count = copy_steps(reuse.source, execution, reuse.plan, reuse.edited)
    copy_calls(reuse.source, execution, reuse.continued)
    note_event(
        execution.pk,
        "run",
        {
            "status": execution.status,
            "forked_from": reuse.source.pk,
            "forked_at": reuse.at,
            "reused_steps": count,
            "edited": list(reuse.edited)[:TOLD],
            "continued": list(reuse.continued)[:TOLD],
        },
    )


def _require_no_test(source: WorkflowExecution) -> None:
    if source.tested_step:
        raise Conflict("This run tried one step alone; try the step again instead.", code="is_test")


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


def _require_confirmed(
    reuse: _Reuse,
    launch: Launch,
    ran: Definition,
    rows: list[Recorded],
    *,
    is_confirmed: bool,
) -> None:
    plan = reuse.plan
    kept = [
        row.path
        for row in rows
        if row.path in plan.reused or row.path in reuse.continued or plan.is_inside_reused(row.path)
    ]
    repeats = repeats_of(reuse.source, ran, catalogue_for(launch.by), kept)
    require_confirmed(repeats, is_confirmed=is_confirmed or launch.simulate)


def _where_it_broke(source: WorkflowExecution, rows: list[Recorded], plan: ForkPlan) -> str:
    """The failed step's path, else that of the innermost step that has to run first."""
    if source.failed_step:
        return source.failed_step
    open_paths = [row.path for row in rows if row.path not in plan.reused]
    open_paths = [path for path in open_paths if not plan.is_inside_reused(path)]
    return next(
        (path for path in open_paths if not any(o.startswith(f"{path}/") for o in open_paths)), ""
    )


def _continued(source: WorkflowExecution, launch: Launch, plan: ForkPlan) -> list[str]:
    """Steps that were cut off in the middle of their calls, and can go on with those that were answered."""
    rows = StepRun.objects.filter(
        execution=source, step_type__in=("agent", "tool"), status__in=CUT_OFF
    )
    versions = dict(agents_for(launch.by).values_list("id", "version"))
    return [
        row.path
        for row in rows.only("path", "step_type", "error_json", "execution_id")
        if row.path not in plan.reused
        and not plan.is_inside_reused(row.path)
        and _can_go_on(row, versions)
    ]


def _can_go_on(row: StepRun, versions: Mapping[str, int]) -> bool:
    """Unless the conversation itself was the failure, or the agent has been changed since."""
    if row.step_type == "tool":
        calls = ToolCall.objects.filter(execution_id=row.execution_id, path=row.path)
        return calls.filter(error_json__isnull=True).exists()
    if (row.error_json or {}).get("code") in FRUITLESS:
        return False
    turns = ModelCall.objects.filter(execution_id=row.execution_id, path=row.path)
    first = turns.order_by("turn").only("agent_id", "agent_version").first()
    if first is None:
        return False
    return not first.agent_id or versions.get(first.agent_id) == first.agent_version
