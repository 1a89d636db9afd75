"""The trail in the admin: to read and to filter, nothing else."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from audit.admin_recording import history_address
from audit.models import AuditEntry
from common.admin_json import pretty_json

Action = AuditEntry.Action
ObjectKind = AuditEntry.ObjectKind
ROWS_PER_PAGE = 50
COLOURS = {
    **dict.fromkeys(Action, "info"),
    **dict.fromkeys((Action.DELETED, Action.ARCHIVED, Action.LOG_IN_FAILED), "danger"),
    **dict.fromkeys(
        (Action.SECRET_CHANGED, Action.SHARED, Action.PASSWORD_CHANGED, Action.TOKEN_CREATED),
        "warning",
    ),
    **dict.fromkeys((Action.CREATED, Action.COPIED, Action.IMPORTED, Action.APPLIED), "success"),
}
# Where an object is shown, by its kind.
PAGES = {
    ObjectKind.WORKFLOW: "workflows_workflow",
    ObjectKind.AGENT: "discovery_agent",
    ObjectKind.MCP_SERVER: "discovery_mcpserver",
    ObjectKind.SCHEDULE: "executions_schedule",
    ObjectKind.WEBHOOK: "executions_webhook",
    ObjectKind.APPROVAL: "executions_approval",
    ObjectKind.EXECUTION: "executions_workflowexecution",
    ObjectKind.USER: "auth_user",
}


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("at", "who", "action_label", "what", "told", "channel")
    list_display_links = ("at",)
    list_filter = ("action", "object_kind", "channel", "actor_kind", "created_at")
    list_per_page = ROWS_PER_PAGE
    search_fields = ("object_id", "object_name", "actor_name", "request_id")
    search_help_text = "Ids and names of objects, names of users, request ids."
    show_full_result_count = False
    fields = readonly_fields = (
        *("at", "who", "action", "what", "summary", "changes_shown"),
        *("details_shown", "channel", "via", "client_address", "request_id"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: changes make entries."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: they go when they are old enough."""
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """The entries of one object may be asked for."""
        return lookup == "object_id__exact" or bool(super().lookup_allowed(lookup, value, request))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """That of the entry's object."""
        entry = get_object_or_404(AuditEntry, pk=object_id)
        return HttpResponseRedirect(history_address(ObjectKind(entry.object_kind), entry.object_id))

    @admin.display(description="when", ordering="created_at")
    def at(self, entry: AuditEntry) -> str:
        """To the second: what happened first matters here."""
        return f"{timezone.localtime(entry.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="who", ordering="actor_name")
    def who(self, entry: AuditEntry) -> str:
        """The name as it was, also of a user who is gone."""
        return entry.actor_name or entry.get_actor_kind_display()

    @display(description="did", ordering="action", label=COLOURS)  # type: ignore[untyped-decorator]
    def action_label(self, entry: AuditEntry) -> tuple[str, str]:
        """The action, coloured where it matters."""
        return entry.action, entry.action.replace("_", " ")

    @admin.display(description="to", ordering="object_id")
    def what(self, entry: AuditEntry) -> SafeString:
        """A link; for what was deleted it leads back to the admin's front page, which says so."""
        name = entry.object_name or entry.object_id or "—"
        text = format_html("{}: {}", entry.get_object_kind_display(), name)
        page = PAGES.get(ObjectKind(entry.object_kind))
        if page is None or not entry.object_id:
            return text
        try:
            address = reverse(f"admin:{page}_change", args=[entry.object_id])
        except NoReverseMatch:
            return text
        return format_html('<a href="{}">{}</a>', address, text)

    @admin.display(description="what changed")
    def told(self, entry: AuditEntry) -> str:
        """A line."""
        return (entry.summary or ", ".join(entry.changes))[:120]

    @admin.display(description="changes")
    def changes_shown(self, entry: AuditEntry) -> SafeString:
        """Before and after."""
        return pretty_json(entry.changes)

    @admin.display(description="details")
    def details_shown(self, entry: AuditEntry) -> SafeString:
        """What else is to be known."""
        return pretty_json(entry.details)
