"""The rows of a fork: step runs taken over from another run, and what the engine is told of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from django.db.models import Case, F, QuerySet, TextField, When
from django.db.models import Value as Constant
from django.db.models.fields.json import KT
from django.utils import timezone
from pydantic import JsonValue

from executions.engine.messages.outcomes import ErrorInfo, Outcome
from executions.engine.messages.state import RunState
from executions.engine.messages.values import Value
from executions.forks.planning import ForkPlan, Recorded, outer_paths, step_id_of
from executions.models import ModelCall, StepRun, ToolCall, WorkflowExecution
from executions.stored_values import keep
from workflows.definition.steps import Definition, ParallelStep, to_json, walk

T = TypeVar("T")

ROWS_AT_ONCE = 100
# Of one output; thousands of them may travel together.
MAX_INLINE_BYTES = 512
SPENT = {"input_tokens": 0, "output_tokens": 0, "cost_usd": None}


def recorded_steps(execution: WorkflowExecution) -> list[Recorded]:
    """Every step run as far as the flow is concerned, in the order of starting."""
    rows = StepRun.objects.filter(execution=execution).order_by("position")
    chosen = Case(
        When(step_type="conditional", then=KT("output_json__next")),
        default=Constant(""),
        output_field=TextField(),
    )
    columns = rows.annotate(chosen=chosen, kind=KT("error_json__kind")).values(
        "path", "step_id", "step_type", "position", "status", "iteration", "next_step", "chosen",
        error_kind=F("kind"),
    )  # fmt: skip
    return [
        Recorded(**{**row, "chosen": row["chosen"] or "", "error_kind": row["error_kind"] or ""})
        for row in map(dict[str, Any], columns)
    ]


def copy_steps(
    source: WorkflowExecution,
    fork: WorkflowExecution,
    plan: ForkPlan,
    edited: Mapping[str, JsonValue],
) -> int:
    """Write the step runs that `fork` takes over, which cost it nothing; returns how many."""
    wanted = [
        key
        for key, path in source.step_runs.order_by("position").values_list("pk", "path")
        if path in plan.reused or plan.is_inside_reused(path)
    ]
    position = 0
    for keys in _groups(wanted):
        copies = []
        for row in StepRun.objects.filter(pk__in=keys).order_by("position"):
            position += 1
            copies.append(_copy(row, fork, plan, edited, position))
        StepRun.objects.bulk_create(copies)
    return position


def copy_calls(source: WorkflowExecution, fork: WorkflowExecution, paths: Iterable[str]) -> None:
    """Let the steps at `paths`, which were cut off, go on where they stood: answered turns and calls are not repeated."""
    wanted = list(paths)
    turns = ModelCall.objects.filter(execution=source, path__in=wanted, failed_try="")
    _copy_all(turns, fork)
    calls = ToolCall.objects.filter(execution=source, path__in=wanted)
    # A failure is an answer to an agent; a tool step that failed shall try again.
    _copy_all(calls.exclude(turn=0, error_json__isnull=False), fork)


def known_state(execution: WorkflowExecution, definition: Definition) -> RunState:
    """What the engine starts a fork with: the outcomes of the steps that it takes over."""
    rows = StepRun.objects.filter(execution=execution, is_reused=True)
    steps = list(rows.order_by("position").values_list("path", "step_type"))
    looks_inside = ".branches." in str(to_json(definition))
    opened = {path for path, kind in steps if kind == "parallel" and looks_inside}
    whole = {path for path, _ in steps} - opened
    wanted = [path for path, _ in steps if not any(outer in whole for outer in outer_paths(path))]
    outcomes = {row.path: _outcome(row) for row in _rows_at(rows, wanted) if _has_outcome(row)}
    by_id = {step.id: step for _, step in walk(definition.steps)}
    for path in opened & outcomes.keys():
        container = by_id[step_id_of(path)]
        assert isinstance(container, ParallelStep), "its row says so"
        outcomes[path] = replace(outcomes[path], branches=_lost_branches(rows, path, container))
    return RunState(started_at=timezone.now(), outcomes=outcomes, steps_started=len(steps))


def _copy(
    row: StepRun,
    fork: WorkflowExecution,
    plan: ForkPlan,
    edited: Mapping[str, JsonValue],
    position: int,
) -> StepRun:
    fields: dict[str, Any] = {
        **{field.attname: getattr(row, field.attname) for field in StepRun._meta.fields},
        **SPENT,
        "id": None,
        "execution_id": fork.pk,
        "position": position,
        "is_reused": True,
        "reused_from_id": row.reused_from_id or row.execution_id,
        "next_step": plan.reused.get(row.path, row.next_step),
    }
    if row.path in edited:
        value = edited[row.path]
        fields |= {"status": StepRun.Status.COMPLETED, "output_json": value, "error_json": None}
        fields["is_edited"] = True
        if row.step_type == "set":
            fields["writes_json"] = value
    return StepRun(**fields)


def _copy_all(rows: QuerySet[Any], fork: WorkflowExecution) -> None:
    model = rows.model
    copies = []
    for row in rows.order_by("pk"):
        row.pk = None
        row.execution = fork
        row.is_reused = True
        copies.append(row)
    model._default_manager.bulk_create(copies)


def _rows_at(rows: QuerySet[StepRun], paths: list[str]) -> Iterator[StepRun]:
    for some in _groups(paths):
        yield from rows.filter(path__in=some).order_by("position")


def _has_outcome(row: StepRun) -> bool:
    """The steps of a branch that lost are there to be looked at; nothing goes on from them."""
    return bool(row.next_step) and row.status != StepRun.Status.CANCELLED


def _outcome(row: StepRun) -> Outcome:
    return Outcome(
        row.status,  # type: ignore[arg-type]
        keep(row.execution_id, row.output_json, max_inline_bytes=MAX_INLINE_BYTES),
        error=_error(row),
        next=row.next_step,
        writes=_writes(row),
    )


def _writes(row: StepRun) -> dict[str, Value] | None:
    if not isinstance(row.writes_json, dict):
        return None
    return {
        key: keep(row.execution_id, value, max_inline_bytes=MAX_INLINE_BYTES)
        for key, value in row.writes_json.items()
    }


def _error(row: StepRun) -> ErrorInfo | None:
    return ErrorInfo(**row.error_json) if row.error_json else None


def _lost_branches(rows: QuerySet[StepRun], path: str, step: ParallelStep) -> dict[str, Outcome]:
    """How the branches ended that gave no output; a branch of which nothing is known was cancelled before it began."""
    last: dict[str, StepRun] = {}
    for row in rows.filter(path__startswith=f"{path}/").order_by("position"):
        branch, _, inner = row.path.removeprefix(f"{path}/").partition("/")
        if "/" not in inner:
            last[branch] = row
    unborn = {branch.id for branch in step.branches if branch.steps} - last.keys()
    return {name: Outcome("CANCELLED") for name in unborn} | {
        name: Outcome("FAILED" if row.status == "FAILED" else "CANCELLED", error=_error(row))
        for name, row in last.items()
        if not _has_outcome(row)
    }


def _groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), ROWS_AT_ONCE):
        yield items[start : start + ROWS_AT_ONCE]
