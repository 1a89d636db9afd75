"""Retries: runs that go on where another failed or was cancelled, and let its children do the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from common.errors import Conflict
from discovery.selectors import agents_for
from executions.engine.children import child_id
from executions.forks.planning import ForkPlan, Recorded, plan_fork, step_id_of
from executions.forks.repeats import repeats_of, require_confirmed
from executions.forks.reruns import Rerun
from executions.forks.reused_steps import recorded_steps
from executions.forks.writing import Reuse, require_no_test, rerun_of, written
from executions.models import ModelCall, StepRun, ToolCall, WorkflowExecution
from executions.selectors import executions_for
from executions.starts.launching import Launch, first_launch
from workflows.definition.steps import Definition, WorkflowStep, walk
from workflows.selectors import catalogue_for, definition_of

RETRIED = (WorkflowExecution.Status.FAILED, WorkflowExecution.Status.CANCELLED)
CUT_OFF = (StepRun.Status.FAILED, StepRun.Status.CANCELLED)
# Asking on in a conversation that ended like this would end the same way.
FRUITLESS = ("max_turns", "schema_mismatch", "invalid_answer")


@dataclass(frozen=True, kw_only=True)
class _Retry:
    """What a retry takes over of `reuse.source`, which left `rows`."""

    reuse: Reuse
    rows: list[Recorded]


def write_retry(
    source: WorkflowExecution,
    launch: Launch,
    then: Callable[[WorkflowExecution], object],
    *,
    is_confirmed: bool = False,
    is_another: bool = False,
) -> WorkflowExecution:
    """The PENDING row of a run that goes on where `source` failed or was cancelled.

    Steps that have finished keep their outputs, an agent that was cut off keeps the turns it was answered, and a child
    that failed is retried itself. Raises `Conflict` (not_retryable, retry_running unless it is meant to be
    `is_another`, confirmation_required) and what `write_execution` raises.
    """
    if (repeated := first_launch(launch)) is not None:
        return repeated
    require_no_test(source)
    if source.status not in RETRIED:
        raise Conflict(
            "Only a run that failed or was cancelled can be retried; fork it instead.",
            code="not_retryable",
        )
    with transaction.atomic():
        # Of two retries at the same time the second waits here, and then sees the first.
        WorkflowExecution.objects.select_for_update(no_key=True).only("pk").get(pk=source.pk)
        if (repeated := first_launch(launch)) is not None:
            return repeated
        if not is_another:
            _require_no_other(source)
        retry = _retry_of(source, launch.by)
        repeats = repeats_of(_reruns(retry, launch.by), catalogue_for(launch.by))
        require_confirmed(repeats, is_confirmed=is_confirmed or launch.simulate)
        return written(retry.reuse, launch, then)


def write_retried_child(child: WorkflowExecution, launch: Launch) -> WorkflowExecution:
    """The row of a run that goes on for `child`, whose parent was retried; whoever starts it is its parent.

    It has the input and the version that `child` had; one that had completed has nothing left to do. What is made a
    second time was confirmed when the parent was retried. Raises what `write_execution` raises.
    """
    if (repeated := first_launch(launch)) is not None:
        return repeated
    same = replace(
        launch,
        user_input=child.user_input,
        input=child.input_json,
        context=child.context_json,
        version=child.workflow_version,
    )
    return written(_retry_of(child, launch.by).reuse, same, _nothing)


def _retry_of(source: WorkflowExecution, by: User) -> _Retry:
    _, definition = definition_of(source.workflow, source.workflow_version)
    rows = recorded_steps(source)
    plan = plan_fork(definition, rows)
    reuse = Reuse(
        source=source,
        plan=plan,
        at=_where_it_broke(source, rows, plan),
        is_retry=True,
        continued=tuple(_continued(source, by, plan)),
        children=_children(source, definition, plan, by),
    )
    return _Retry(reuse=reuse, rows=rows)


def _require_no_other(source: WorkflowExecution) -> None:
    unfinished = source.forks.filter(is_retry=True).exclude(status__in=WorkflowExecution.FINAL)
    other = unfinished.order_by("created_at").values_list("pk", flat=True).first()
    if other is None:
        return
    raise Conflict(
        f"{other} retries this run already and has not ended. Follow it, or send another: true to start one more.",
        code="retry_running",
        extra={"execution_id": other},
    )


def _children(
    source: WorkflowExecution, definition: Definition, plan: ForkPlan, by: User
) -> dict[str, WorkflowExecution]:
    """The ended runs of the workflow steps that run first, by path; those of later steps are of no use."""
    steps = {step.id for _, step in walk(definition.steps) if isinstance(step, WorkflowStep)}
    paths = [path for path in plan.stopped_at if step_id_of(path) in steps]
    # A retry that never came so far passes on what it was to go on with.
    keys = {path: (child_id(source.pk, path), source.retried_children.get(path)) for path in paths}
    wanted = [key for pair in keys.values() for key in pair if key]
    rows = executions_for(by).select_related("workflow").in_bulk(wanted)
    last = {
        path: next((rows[key] for key in pair if key in rows), None) for path, pair in keys.items()
    }
    return {path: row for path, row in last.items() if row is not None and row.is_finished}


def _reruns(retry: _Retry, by: User, within: str = "") -> Iterator[Rerun]:
    """What runs again of the retried run, and of its children that go on as retries themselves."""
    yield rerun_of(retry.reuse, retry.rows, within=within)
    for path, child in retry.reuse.children.items():
        yield from _reruns(_retry_of(child, by), by, within or path)


def _where_it_broke(source: WorkflowExecution, rows: list[Recorded], plan: ForkPlan) -> str:
    """The failed step's path, else that of the innermost step that has to run first."""
    if source.failed_step:
        return source.failed_step
    open_paths = [row.path for row in rows if row.path not in plan.reused]
    open_paths = [path for path in open_paths if not plan.is_inside_reused(path)]
    return next(
        (path for path in open_paths if not any(o.startswith(f"{path}/") for o in open_paths)), ""
    )


def _continued(source: WorkflowExecution, by: User, plan: ForkPlan) -> list[str]:
    """Steps that were cut off in the middle of their calls, and can go on with those that were answered."""
    rows = StepRun.objects.filter(
        execution=source, step_type__in=("agent", "tool"), status__in=CUT_OFF
    )
    open_rows = [
        row
        for row in rows.only("path", "step_type", "error_json")
        if row.path not in plan.reused and not plan.is_inside_reused(row.path)
    ]
    paths = [row.path for row in open_rows]
    answered = ToolCall.objects.filter(execution=source, path__in=paths, error_json__isnull=True)
    called = set(answered.values_list("path", flat=True))
    talked = _conversations(source, paths, by)
    return [row.path for row in open_rows if _can_go_on(row, called, talked)]


def _can_go_on(row: StepRun, called: set[str], talked: set[str]) -> bool:
    """Unless nothing was answered there, or the conversation itself was the failure."""
    if row.step_type == "tool":
        return row.path in called
    return row.path in talked and (row.error_json or {}).get("code") not in FRUITLESS


def _conversations(source: WorkflowExecution, paths: list[str], by: User) -> set[str]:
    """The paths at which an agent was answered that has not been changed since."""
    versions = dict(agents_for(by).values_list("id", "version"))
    turns = ModelCall.objects.filter(execution=source, path__in=paths, failed_try="")
    first = turns.order_by("path", "turn").distinct("path")
    return {
        path
        for path, agent_id, version in first.values_list("path", "agent_id", "agent_version")
        if not agent_id or versions.get(agent_id) == version
    }


def _nothing(execution: WorkflowExecution) -> None:
    """Its parent starts it, with its budgets."""
