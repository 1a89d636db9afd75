"""What a caller may read of schedules and webhooks.

As with runs: they belong to who made them, and those who may change the workflow see them too. Those of a template
are their maker's alone.
"""

from django.contrib.auth.models import User
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from common.ownership import Caller, visible_rows
from executions.models import WorkflowExecution
from executions.triggers.models import Schedule, Webhook
from workflows.models import Workflow


def schedules_for(caller: Caller) -> QuerySet[Schedule]:
    """Schedules that the caller made, and those of workflows that they may change."""
    rows = Schedule.objects.all()
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    return rows if caller.is_staff else rows.filter(_theirs(caller))


def webhooks_for(caller: Caller) -> QuerySet[Webhook]:
    """Webhooks that the caller made, and those of workflows that they may change."""
    rows = Webhook.objects.all()
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    return rows if caller.is_staff else rows.filter(_theirs(caller))


def with_last_run(rows: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """`rows` with `last_run`: id, status and creation of the newest run, or null."""
    runs = WorkflowExecution.objects.filter(schedule=OuterRef("pk")).order_by("-created_at", "id")
    last = runs.values(
        json=JSONObject(execution_id="id", status="status", created_at="created_at")
    )[:1]
    return rows.select_related("workflow", "created_by").annotate(last_run=Subquery(last))


def _theirs(caller: User) -> Q:
    changeable = visible_rows(Workflow.objects.filter(is_template=False), caller)
    return Q(created_by=caller) | Q(workflow__in=changeable.values("pk"))
