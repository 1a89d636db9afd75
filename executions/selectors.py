"""What a caller may read of runs.

A run belongs to who started it. Those who may change its workflow (owner, members of its groups, staff) see it too:
they answer for what it does. Runs of a template are their starter's alone, since everybody may start one. Whoever is
asked to decide something in a run may read it until that is decided.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Case, F, JSONField, Min, Q, QuerySet, Value, When
from django.db.models.expressions import Func
from django.db.models.fields import IntegerField, TextField
from django.db.models.functions import Cast, Left

from common.ownership import Caller, may_change, visible_rows
from executions.models import Approval, StepRun, WorkflowExecution
from executions.reading.previews import PREVIEW_CHARACTERS, PREVIEW_OVER_BYTES
from executions.reading.spent import with_spent
from executions.sums.reading import SeenRuns
from workflows.models import Workflow


def executions_for(caller: Caller) -> QuerySet[WorkflowExecution]:
    """Runs that the caller started, and runs of workflows that they may change."""
    rows = WorkflowExecution.objects.all()
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    if caller.is_staff:
        return rows
    theirs = visible_rows(Workflow.objects.filter(is_template=False), caller)
    return rows.filter(Q(created_by=caller) | Q(workflow__in=theirs.values("pk")))


def seen_runs(workflow: Workflow, caller: User) -> SeenRuns:
    """Those runs of the workflow that `executions_for` gives too, for its statistics; call it for one they may see."""
    sees_all = caller.is_staff or (not workflow.is_template and may_change(workflow, caller))
    return SeenRuns(workflow.pk, None if sees_all else caller.pk)


def forks_of(execution: WorkflowExecution, caller: Caller) -> QuerySet[WorkflowExecution]:
    """Runs that retry or fork this one, as far as the caller may see them, the newest first."""
    return executions_for(caller).filter(forked_from=execution).order_by("-created_at", "pk")


def readable_executions(caller: Caller) -> QuerySet[WorkflowExecution]:
    """Runs that the caller may read, though perhaps not steer: also those that wait for their decision."""
    return _with_asked(caller, approvals_for(caller).filter(status=Approval.Status.OPEN))


def asking_executions(caller: Caller) -> QuerySet[WorkflowExecution]:
    """Runs that the caller may read, and those that ever asked them: who comes late is told who was first."""
    return _with_asked(caller, approvals_for(caller))


def _with_asked(caller: Caller, asked: QuerySet[Approval]) -> QuerySet[WorkflowExecution]:
    rows = executions_for(caller)
    if not isinstance(caller, User) or not caller.is_active or caller.is_staff:
        return rows
    mine = Q(pk__in=rows.values("pk")) | Q(pk__in=asked.values("execution"))
    return WorkflowExecution.objects.filter(mine)


def approvals_for(caller: Caller) -> QuerySet[Approval]:
    """Questions that the caller may decide, or might have: by name or through a group. Being staff is no vote."""
    rows = Approval.objects.all()
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    asked = Q(users=caller) | Q(groups__in=caller.groups.all())
    # By the key, so that no join repeats a row.
    return rows.filter(pk__in=Approval.objects.filter(asked).values("pk"))


def open_approvals_for(caller: Caller) -> QuerySet[Approval]:
    """Questions of live runs that the caller has not answered yet."""
    rows = approvals_for(caller).filter(status=Approval.Status.OPEN)
    if not isinstance(caller, User):
        return rows.none()
    return rows.exclude(decisions__user=caller).exclude(
        execution__status__in=WorkflowExecution.FINAL
    )


def unfinished_executions() -> QuerySet[WorkflowExecution]:
    """Runs of everybody that have not ended, the oldest first."""
    return WorkflowExecution.objects.exclude(status__in=WorkflowExecution.FINAL).order_by(
        "created_at"
    )


@dataclass(frozen=True)
class StepsOfRun:
    """What the steps of a run did: their ids by first start, and each one's last result."""

    steps_executed: list[str]
    step_results: dict[str, dict[str, Any]]


def steps_of(execution: WorkflowExecution, link: Callable[[str], str]) -> StepsOfRun:
    """`steps_executed` and `step_results` of the API, in two queries; `link` makes a step run's address of its path.

    Of a step in a loop the last iteration counts. Outputs over 32 KiB never leave the database: they are
    `{preview, size_bytes, truncated, link}`.
    """
    runs = StepRun.objects.filter(execution=execution)
    order = runs.values("step_id").annotate(first=Min("position")).order_by("first")
    ids = [row["step_id"] for row in order]
    last = with_previews(runs.order_by("step_id", "-position").distinct("step_id"))
    results = {row["step_id"]: _result(row, link) for row in last}
    return StepsOfRun(ids, {step_id: results[step_id] for step_id in ids if step_id in results})


def last_statuses(execution: WorkflowExecution) -> dict[str, str]:
    """`{step id: status}`, in a loop of the last iteration."""
    runs = StepRun.objects.filter(execution=execution).order_by("step_id", "-position")
    return dict(runs.distinct("step_id").values_list("step_id", "status"))


def with_previews(runs: QuerySet[StepRun]) -> QuerySet[Any, Any]:
    """Step runs as dicts with `output` (null above the limit), `size_bytes` and `preview`."""
    text = Cast("output_json", TextField())
    size = Func(text, function="octet_length", output_field=IntegerField())
    fits = Q(size_bytes__lte=PREVIEW_OVER_BYTES)
    return (
        with_spent(runs)
        .annotate(
            size_bytes=size,
            output=Case(When(fits, then=F("output_json")), default=None, output_field=JSONField()),
            preview=Case(
                When(fits, then=Value("")),
                default=Left(text, PREVIEW_CHARACTERS),
                output_field=TextField(),
            ),
        )
        .values(
            "pk",
            "path",
            "step_id",
            "step_type",
            "name",
            "iteration",
            "position",
            "status",
            "attempts",
            "spent_input_tokens",
            "spent_output_tokens",
            "spent_cost_usd",
            "is_reused",
            "is_edited",
            "started_at",
            "completed_at",
            "size_bytes",
            "output",
            "preview",
            error=F("error_json"),
        )
    )


def shown_output(row: dict[str, Any], link: Callable[[str], str]) -> Any:
    """The output of a row of `with_previews`, or its preview."""
    if (row["size_bytes"] or 0) <= PREVIEW_OVER_BYTES:
        return row["output"]
    return {
        "preview": row["preview"],
        "size_bytes": row["size_bytes"],
        "truncated": True,
        "link": link(row["path"]),
    }


def step_run_of(execution: WorkflowExecution, path: str) -> StepRun | None:
    """The step run at `path`, or null."""
    return StepRun.objects.filter(execution=execution, path=path).first()


def _result(row: dict[str, Any], link: Callable[[str], str]) -> dict[str, Any]:
    return {
        "status": row["status"],
        "output": shown_output(row, link),
        "error": row["error"],
        "path": row["path"],
        "iteration": row["iteration"],
        "started_at": row["started_at"],
        "completed_at": row["completed_at"],
    }
