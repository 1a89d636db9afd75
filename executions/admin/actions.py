"""The action 'Run' of the workflows' list in the admin; it lives here because workflows know nothing of runs."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from common.errors import DomainError
from executions import services
from executions.admin.rows import link
from executions.models import WorkflowExecution
from executions.starts.launching import Launch
from workflows.models import Workflow

# One request waits for all their starts.
MOST_AT_ONCE = 20


@admin.action(description="Run (without input)", permissions=["view"])
def run_chosen(model_admin: Any, request: HttpRequest, queryset: QuerySet[Workflow]) -> None:
    """Start each chosen workflow without input; the page of a workflow has a form for more."""
    assert isinstance(request.user, User)
    if not admin.site.get_model_admin(WorkflowExecution).has_add_permission(request):
        messages.error(request, "You may not start runs.")
        return
    if queryset.count() > MOST_AT_ONCE:
        messages.error(request, f"At most {MOST_AT_ONCE} are started at once.")
        return
    for workflow in queryset:
        _run(request, request.user, workflow)


def _run(request: HttpRequest, user: User, workflow: Workflow) -> None:
    trigger = WorkflowExecution.Trigger.USER
    try:
        row = services.start_execution(Launch(workflow=workflow, by=user, triggered_by=trigger))
    except DomainError as error:
        messages.error(request, f"{workflow}: {error.detail}")
    else:
        messages.success(request, format_html("{}: started as {}.", workflow, link(row)))
