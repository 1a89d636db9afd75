"""Runs in the admin: everything to read, the drawing with statuses, cancel, and a form that starts a run."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.admin import ModelAdmin

from common.admin_status import status_label
from common.errors import DomainError
from executions import services
from executions.admin.actions import run_chosen
from executions.admin.rows import (
    ROWS_PER_PAGE,
    ModelCallInline,
    StepRunInline,
    ToolCallInline,
    address_of,
    duration_text,
    link,
    shown,
)
from executions.admin.stats import lately
from executions.models import (
    WorkflowExecution,
)
from executions.selectors import last_statuses
from executions.starts.launching import Launch
from workflows.admin import WorkflowAdmin
from workflows.definition.svg import draw_svg
from workflows.selectors import definition_of, workflows_for

RUN = WorkflowExecution._meta
RETRY_WITH_CALLS = "Retry, and make calls once more"

# Workflows know nothing of runs, so what is about them is added from here.
WorkflowAdmin.actions = [run_chosen, *WorkflowAdmin.actions]
WorkflowAdmin.add_to_first_part(lately)


class RunForm(forms.ModelForm[WorkflowExecution]):
    """What a run is started with."""

    class Meta:
        model = WorkflowExecution
        fields = ("workflow", "user_input", "input_json", "context_json", "simulated")


@admin.register(WorkflowExecution)
class WorkflowExecutionAdmin(ModelAdmin):  # type: ignore[misc]
    """Runs; 'Add' starts one, `?workflow=ID` fills the form in."""

    list_display = (
        "short_id",
        "workflow_link",
        "workflow_version",
        status_label,
        "triggered_by",
        "created_by",
        "created_at",
        "duration",
        "tokens",
        "cost_usd",
    )
    list_filter = ("status", "triggered_by", "simulated", "error_kind", "created_at")
    list_select_related = ("workflow", "created_by")
    search_fields = ("id", "workflow__id", "workflow__name", "error", "created_by__username")
    ordering = ("-created_at",)
    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    actions = ("cancel", "retry", "retry_with_calls")
    form = RunForm
    inlines = (StepRunInline, ModelCallInline, ToolCallInline)
    raw_id_fields = ("workflow",)
    fieldsets = (
        (None, {"fields": ("id", "workflow_link", "version_link", "status", "simulated")}),
        (
            "Time",
            {"fields": ("created_at", "started_at", "completed_at", "cancel_requested_at")},
        ),
        (
            "Outcome",
            {
                "fields": (
                    shown(RUN.get_field("output_json")),
                    "error",
                    "error_kind",
                    "error_code",
                    "failed_step",
                    "error_hint",
                    shown(RUN.get_field("drift")),
                )
            },
        ),
        ("Drawing", {"fields": ("drawing",)}),
        (
            "Given",
            {
                "fields": (
                    "user_input",
                    shown(RUN.get_field("input_json")),
                    shown(RUN.get_field("context_json")),
                    "triggered_by",
                    "created_by",
                    "request_id",
                )
            },
        ),
        (
            "Spent",
            {
                "fields": (
                    "model_calls",
                    "tool_calls",
                    "input_tokens",
                    "output_tokens",
                    "cost_usd",
                )
            },
        ),
        (
            "Related",
            {
                "fields": (
                    "parent",
                    "children_list",
                    "forked_from",
                    "forked_at",
                    "forks_list",
                    "schedule",
                    "webhook",
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The form for a new run, everything for one that exists."""
        return self.fieldsets if obj else ((None, {"fields": RunForm.Meta.fields}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A run that exists is only read."""
        return [name for _, part in self.fieldsets for name in part["fields"]] if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """A run that does not exist yet has no steps."""
        return self.inlines if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Runs are read; the action needs no permission to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened stays."""
        return False

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Who may start runs here may end them."""
        return bool(self.has_add_permission(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only workflows in use."""
        if db_field.name == "workflow":
            kwargs["queryset"] = workflows_for(request.user).filter(is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A refusal is shown above the form; where the row was kept, beside the row."""
        try:
            answer: HttpResponse = super().add_view(request, form_url, extra_context)
        except DomainError as error:
            messages.error(request, error.detail)
            kept = error.extra.get("execution_id")
            where = address_of(WorkflowExecution, kept) if kept else request.get_full_path()
            return HttpResponseRedirect(where)
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Start the run through the service; the admin goes on with the service's row."""
        assert isinstance(request.user, User)
        row = services.start_execution(
            Launch(
                workflow=obj.workflow,
                by=request.user,
                user_input=obj.user_input,
                input=obj.input_json,
                context=obj.context_json,
                simulate=obj.simulated,
                triggered_by=WorkflowExecution.Trigger.USER,
            )
        )
        vars(obj).update(vars(row))

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[WorkflowExecution]) -> None:
        """Ask for the end of the chosen runs."""
        assert isinstance(request.user, User)
        for execution in queryset:
            try:
                services.request_cancellation(execution, by=request.user)
            except DomainError as error:
                messages.warning(request, f"{execution}: {error.detail}")
            else:
                messages.success(request, f"{execution}: asked to stop.")

    @admin.action(description="Retry", permissions=["cancel"])
    def retry(self, request: HttpRequest, queryset: QuerySet[WorkflowExecution]) -> None:
        """Go on in new runs where the chosen ones failed or were cancelled, unless that would repeat calls."""
        self._retry(request, queryset, is_confirmed=False)

    @admin.action(description=RETRY_WITH_CALLS, permissions=["cancel"])
    def retry_with_calls(self, request: HttpRequest, queryset: QuerySet[WorkflowExecution]) -> None:
        """As `retry`, also where calls of tools that change something are made once more."""
        self._retry(request, queryset, is_confirmed=True)

    def _retry(
        self,
        request: HttpRequest,
        queryset: QuerySet[WorkflowExecution],
        *,
        is_confirmed: bool,
    ) -> None:
        assert isinstance(request.user, User)
        for execution in queryset.select_related("workflow"):
            launch = services.again(
                execution, by=request.user, triggered_by=WorkflowExecution.Trigger.USER
            )
            try:
                run = services.retry_execution(execution, launch, is_confirmed=is_confirmed)
            except DomainError as error:
                is_asked = error.code == "confirmation_required"
                way = f" In the admin the action '{RETRY_WITH_CALLS}' says so." if is_asked else ""
                messages.warning(request, f"{execution}: {error.detail}{way}")
            else:
                messages.success(request, format_html("{}: goes on as {}.", execution, link(run)))

    @admin.display(description="children")
    def children_list(self, row: WorkflowExecution) -> SafeString:
        """To the runs that its workflow steps started."""
        children = row.children.order_by("-created_at")[:ROWS_PER_PAGE]
        return format_html_join(", ", "{}", ((link(child),) for child in children))

    @admin.display(description="forks")
    def forks_list(self, row: WorkflowExecution) -> SafeString:
        """To the runs that retry or fork this one."""
        forks = row.forks.order_by("-created_at")[:ROWS_PER_PAGE]
        return format_html_join(", ", "{}", ((link(fork),) for fork in forks))

    @admin.display(description="workflow", ordering="workflow__name")
    def workflow_link(self, row: WorkflowExecution) -> SafeString:
        """To the workflow."""
        return link(row.workflow)

    @admin.display(description="version")
    def version_link(self, row: WorkflowExecution) -> SafeString | str:
        """To the version that ran."""
        version = row.workflow.versions.filter(number=row.workflow_version).first()
        return link(version) if version else str(row.workflow_version)

    @admin.display(description="duration")
    def duration(self, row: WorkflowExecution) -> str:
        """In milliseconds, longer ones in seconds."""
        return duration_text(row.duration_ms)

    @admin.display(description="run", ordering="id")
    def short_id(self, row: WorkflowExecution) -> str:
        """Enough to tell runs apart; the whole id stands on the run's page."""
        return row.pk.removeprefix("execution-")[:8]

    @admin.display(description="tokens")
    def tokens(self, row: WorkflowExecution) -> int:
        """In and out."""
        return row.input_tokens + row.output_tokens

    @admin.display(description="drawing")
    def drawing(self, row: WorkflowExecution) -> SafeString:
        """The definition that ran, with the status of each step."""
        _, definition = definition_of(row.workflow, row.workflow_version)
        # draw_svg escapes every text of the definition.
        return mark_safe(draw_svg(definition, statuses=last_statuses(row)))  # noqa: S308
