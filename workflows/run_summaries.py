"""How workflows did lately, beside their rows in the one query of a list."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, F, FloatField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, JSONObject, NullIf
from django.utils import timezone

from workflows.models import Workflow

DAYS = 30
FINAL = ("COMPLETED", "FAILED", "CANCELLED")


def with_run_summaries(rows: QuerySet[Workflow], caller: User) -> QuerySet[Workflow]:
    """`rows` with `last_run` and `recent_runs`, of the runs that the caller may see.

    Simulated runs are no successes and no failures, so `recent_runs` leaves them out.
    """
    runs = _runs(caller).filter(workflow=OuterRef("pk"))
    last = runs.order_by("-created_at", "id").values(
        json=JSONObject(id="id", status="status", created_at="created_at")
    )[:1]
    since = timezone.now() - timedelta(days=DAYS)
    recent = (
        runs.filter(created_at__gte=since, simulated=False)
        .order_by()
        .values("workflow")
        .annotate(
            finished=Count("pk", filter=Q(status__in=FINAL)),
            completed=Count("pk", filter=Q(status="COMPLETED")),
        )
        .values(
            json=JSONObject(
                finished="finished",
                completed="completed",
                success_rate=Cast(F("completed"), FloatField()) / NullIf(F("finished"), 0),
            )
        )
    )
    return rows.annotate(last_run=Subquery(last), recent_runs=Subquery(recent))


def _runs(caller: User) -> QuerySet[Any]:
    # Executions lie above workflows, so their model is reached through the relation.
    model: Any = Workflow._meta.get_field("executions").related_model
    # A step that was tried alone says nothing about the workflow.
    rows: QuerySet[Any] = model.objects.filter(tested_step="")
    # Who may see a workflow sees its runs; of a template, that everyone may start, only their own.
    mine = Q(created_by=caller) | Q(workflow__is_template=False)
    return rows if caller.is_staff else rows.filter(mine)
