"""Schedules and webhooks in the admin: to look at, pause, fire, switch off. What they say is changed over REST."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from audit.admin_recording import AuditedHistory
from audit.models import AuditEntry
from common.admin_status import status_label
from common.errors import DomainError
from executions.admin.rows import ROWS_PER_PAGE, ReadOnly, link, shown
from executions.triggers import schedules, webhooks
from executions.triggers.models import Schedule, Webhook, WebhookDelivery
from executions.triggers.timing import next_runs


class TriggerAdmin(AuditedHistory, ReadOnly, ModelAdmin):  # type: ignore[misc]
    """What starts runs of a workflow by itself."""

    list_select_related = ("workflow", "created_by")
    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    search_fields = ("id", "name", "workflow__id", "workflow__name", "created_by__username")
    hidden: tuple[str, ...] = ("workflow",)
    # Filters the list of runs.
    runs_by = ""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Every column but those that are hidden, JSON in its readable form."""
        columns = [field for field in self.opts.fields if field.name not in self.hidden]
        return ["workflow_link", *map(shown, columns), "runs_link"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of them."""
        return self.get_fields(request, obj)

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Who may change such rows; the services look at each row again."""
        return bool(request.user.has_perm(f"executions.change_{self.opts.model_name}"))

    @admin.display(description="workflow", ordering="workflow__name")
    def workflow_link(self, row: Any) -> SafeString:
        """To the workflow."""
        return link(row.workflow)

    @admin.display(description="runs")
    def runs_link(self, row: Any) -> SafeString:
        """To the runs it started."""
        address = reverse("admin:executions_workflowexecution_changelist")
        return format_html('<a href="{}?{}={}">Its runs</a>', address, self.runs_by, row.pk)

    def each(
        self, request: HttpRequest, rows: QuerySet[Any], change: Callable[..., object], done: str
    ) -> None:
        """Do it to each row and say what came of it."""
        assert isinstance(request.user, User)
        for row in rows:
            try:
                change(row, by=request.user)
            except DomainError as error:
                messages.error(request, f"{row}: {error.detail}")
            else:
                messages.success(request, f"{row}: {done}.")


@admin.register(Schedule)
class ScheduleAdmin(TriggerAdmin):
    """When runs start by the clock."""

    object_kind = AuditEntry.ObjectKind.SCHEDULE

    list_display = (
        "name",
        "workflow_link",
        "cron",
        "interval_seconds",
        "time_zone",
        "state",
        "failures",
        "is_synced",
        "created_by",
        "runs_link",
    )
    list_filter = ("is_paused", "is_synced", "overlap_policy", "created_at")
    actions = ("pause", "resume", "fire_now")
    runs_by = "schedule__id__exact"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """With the next firing times."""
        return [*super().get_fields(request, obj), "next_times"]

    @display(  # type: ignore[untyped-decorator]
        description="state",
        ordering="is_paused",
        label={"active": "success", "paused": "warning"},
    )
    def state(self, row: Schedule) -> str:
        """Whether it starts runs."""
        return "paused" if row.is_paused else "active"

    @admin.display(description="next firing times")
    def next_times(self, row: Schedule) -> SafeString:
        """In UTC."""
        times = ((moment.isoformat(),) for moment in next_runs(row, timezone.now()))
        return format_html_join("", "<div>{}</div>", times)

    @admin.action(description="Pause", permissions=["steer"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Start no more runs."""
        self.each(request, queryset, schedules.pause_schedule, "paused")

    @admin.action(description="Resume", permissions=["steer"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Start runs again."""
        self.each(request, queryset, schedules.resume_schedule, "resumed")

    @admin.action(description="Fire now", permissions=["steer"])
    def fire_now(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Start a run of each."""
        self.each(request, queryset, schedules.fire_now, "started")


@admin.register(Webhook)
class WebhookAdmin(TriggerAdmin):
    """Where others start runs."""

    object_kind = AuditEntry.ObjectKind.WEBHOOK

    list_display = (
        "name",
        "workflow_link",
        "signature",
        "is_active",
        "last_delivery_at",
        "created_by",
        "runs_link",
    )
    list_filter = ("is_active", "signature", "last_delivery_at")
    actions = ("switch_on", "switch_off", "rotate_secret")
    # The token is half of what opens it, the secret the other.
    hidden = ("workflow", "token", "secret")
    runs_by = "webhook__id__exact"

    @admin.action(description="Switch on", permissions=["steer"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Take deliveries again."""
        self.each(request, queryset, _switch_on, "switched on")

    @admin.action(description="Switch off", permissions=["steer"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Take no more deliveries."""
        self.each(request, queryset, _switch_off, "switched off")

    @admin.action(description="New secret, shown once", permissions=["steer"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Make the old secrets worthless and show the new ones."""
        assert isinstance(request.user, User)
        for webhook in queryset:
            try:
                row = webhooks.rotate_secret(webhook, by=request.user)
            except DomainError as error:
                messages.error(request, f"{webhook}: {error.detail}")
            else:
                messages.success(request, f"{webhook}: the secret is now {_secret(row)}")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """What came in and what came of it."""

    list_display = ("created_at", "webhook_link", status_label, "reason", "execution_link")
    list_filter = ("status", "created_at")
    list_select_related = ("webhook", "execution")
    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    search_fields = ("webhook__id", "webhook__name", "execution__id", "delivery_id", "reason")
    fields = readonly_fields = (
        "webhook_link",
        "status",
        "reason",
        "execution_link",
        "delivery_id",
        "created_at",
    )

    @admin.display(description="webhook", ordering="webhook__name")
    def webhook_link(self, row: WebhookDelivery) -> SafeString:
        """To the webhook."""
        return link(row.webhook)

    @admin.display(description="execution")
    def execution_link(self, row: WebhookDelivery) -> SafeString | str:
        """To the run."""
        return link(row.execution) if row.execution else ""


def _switch_on(webhook: Webhook, *, by: User) -> object:
    return webhooks.set_active(webhook, True, by=by)


def _switch_off(webhook: Webhook, *, by: User) -> object:
    return webhooks.set_active(webhook, False, by=by)


def _secret(row: Webhook) -> str:
    secret: Any = row.secret
    return str(secret["hmac"])
