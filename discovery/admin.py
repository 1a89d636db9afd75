"""Agents, MCP servers and their tools in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from audit.admin_recording import RecordedWrites
from audit.changes import Changes
from audit.models import AuditEntry
from common.admin_json import pretty_json
from common.errors import Conflict
from discovery import services, trail
from discovery.admin_forms import AgentForm, McpServerForm
from discovery.models import Agent, McpServer, McpTool, ResourceChange
from discovery.signals import tell_of_change

ROWS_PER_PAGE = 50
HTTP = McpServer.Transport.STREAMABLE_HTTP


class RecordedAdmin(RecordedWrites, ModelAdmin):  # type: ignore[misc]
    """Its forms hold fields that no service changes, as the owner; so it writes, records and tells itself."""

    def recorded_state(self, row: Agent | McpServer) -> trail.State:
        """As the services compare it."""
        return trail.state_of(row)

    def record_made(self, row: Agent | McpServer, *, by: User, shared: Changes) -> None:
        """As the services do."""
        trail.record_made(row, by=by, shared=shared)
        _tell_of(row)

    def record_changed(
        self, row: Agent | McpServer, before: trail.State, *, by: User, shared: Changes
    ) -> None:
        """As the services do."""
        trail.record_changed(row, before, by=by, shared=shared)
        _tell_of(row)

    def record_deleted(self, row: Agent | McpServer, *, by: User) -> None:
        """As the services do."""
        trail.record_deleted(row, by=by)
        _tell_of(row)


def _tell_of(row: Agent | McpServer) -> None:
    kind = ResourceChange.Kind
    tell_of_change(kind.AGENT if isinstance(row, Agent) else kind.SERVER, [row.pk])


@admin.register(Agent)
class AgentAdmin(RecordedAdmin):
    object_kind = AuditEntry.ObjectKind.AGENT
    form = AgentForm
    list_display = (
        "name",
        "id",
        "agent_type",
        "model",
        "is_active",
        "owner",
        "version",
        "updated_at",
    )
    list_filter = ("agent_type", "is_active", "updated_at")
    list_select_related = ("created_by",)
    list_per_page = ROWS_PER_PAGE
    search_fields = ("id", "name", "description", "role", "goal")
    autocomplete_fields = ("created_by",)
    filter_horizontal = ("shared_with",)
    readonly_fields = ("version", "created_at", "updated_at", "used_by")
    fieldsets = (
        (None, {"fields": ("id", "name", "description", "agent_type", "is_active")}),
        ("What it does", {"fields": ("role", "goal", "instructions", "tools", "output_schema")}),
        ("Model", {"fields": ("model", "temperature", "max_turns")}),
        (
            "Record",
            {
                "fields": (
                    "created_by",
                    "shared_with",
                    "version",
                    "used_by",
                    "created_at",
                    "updated_at",
                )
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> Any:
        """The id is chosen once."""
        return (*self.readonly_fields, "id") if obj else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: Agent | None = None, **options: Any) -> Any:
        """The form, knowing for whom it looks tools up."""
        form = super().get_form(request, obj, **options)
        form.by = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        """Every change makes the next version."""
        if change and form.changed_data:
            obj.version += 1
        super().save_model(request, obj, form, change)

    @admin.display(description="owner", ordering="created_by__username")
    def owner(self, agent: Agent) -> str:
        return _owner(agent.created_by)

    @admin.display(description="used by")
    def used_by(self, agent: Agent) -> SafeString | str:
        return _workflows(agent)


class McpToolInline(TabularInline):  # type: ignore[misc]
    """The tools of a server, read-only: only the server changes them."""

    model = McpTool
    fields = readonly_fields = (
        "tool",
        "summary",
        "read_only",
        "destructive",
        "idempotent",
        "is_available",
    )
    extra = max_num = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[McpTool]:
        """Without the schemas, which the tool's own page shows."""
        return super().get_queryset(request).defer("input_schema", "output_schema")  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    @admin.display(description="tool")
    def tool(self, tool: McpTool) -> SafeString:
        address = reverse("admin:discovery_mcptool_change", args=[tool.pk])
        return format_html('<a href="{}">{}</a>', address, tool.name)

    @admin.display(description="description")
    def summary(self, tool: McpTool) -> str:
        return tool.description[:200]


@admin.register(McpServer)
class McpServerAdmin(RecordedAdmin):
    object_kind = AuditEntry.ObjectKind.MCP_SERVER
    form = McpServerForm
    inlines = (McpToolInline,)
    actions = ("refresh_tools",)
    list_display = ("name", "id", "transport", "status", "tool_count", "owner", "last_checked_at")
    list_filter = ("status", "transport", "last_checked_at")
    list_select_related = ("created_by",)
    list_per_page = ROWS_PER_PAGE
    search_fields = ("id", "name", "description", "url")
    autocomplete_fields = ("created_by",)
    filter_horizontal = ("shared_with",)
    readonly_fields = (
        "transport",
        "status",
        "error",
        "header_names",
        "last_checked_at",
        "used_by",
        "created_at",
        "updated_at",
    )
    fieldsets = (
        (None, {"fields": ("id", "name", "description", "transport", "is_active")}),
        ("Connection", {"fields": ("url", "header_names", "new_headers")}),
        ("Last check", {"fields": ("status", "error", "last_checked_at")}),
        (
            "Record",
            {"fields": ("created_by", "shared_with", "used_by", "created_at", "updated_at")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[McpServer]:
        """With the number of tools, counted by the database."""
        available = Count("tools", filter=Q(tools__is_available=True))
        return super().get_queryset(request).annotate(available=available)  # type: ignore[no-any-return]

    def get_fieldsets(self, request: HttpRequest, obj: McpServer | None = None) -> Any:
        """A stdio server has no address: its command stands in the operator's file, and only there."""
        if obj is None or obj.transport == HTTP:
            return self.fieldsets
        shown = [part for part in self.fieldsets if part[0] != "Connection"]
        kept = ("id", "name", "description", "transport")
        return [(None, {"fields": kept}), *shown[1:]]

    def get_readonly_fields(self, request: HttpRequest, obj: McpServer | None = None) -> Any:
        """The id is chosen once."""
        return (*self.readonly_fields, "id") if obj else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: McpServer | None = None) -> bool:
        """Not for the operator's stdio servers."""
        allowed = bool(super().has_change_permission(request, obj))
        return allowed and (obj is None or obj.transport == HTTP)

    def has_delete_permission(self, request: HttpRequest, obj: McpServer | None = None) -> bool:
        """A stdio server goes when the operator has taken it out of the file."""
        allowed = bool(super().has_delete_permission(request, obj))
        return allowed and (obj is None or obj.transport == HTTP or not obj.is_active)

    def save_model(self, request: HttpRequest, obj: McpServer, form: Any, change: bool) -> None:
        """Store, and have a server asked whose address or headers are new."""
        new_headers = form.cleaned_data.get("new_headers")
        if new_headers is not None:
            obj.headers = new_headers or None  # type: ignore[assignment]  # the field has no types
        if not change:
            obj.transport = HTTP
        if not form.cleaned_data.get("is_active"):
            obj.status, obj.error = McpServer.Status.DISABLED, ""
        elif not obj.is_active or {"url", "new_headers"} & set(form.changed_data):
            obj.status, obj.error = McpServer.Status.UNCHECKED, ""
        super().save_model(request, obj, form, change)
        if obj.status == McpServer.Status.UNCHECKED:
            services.request_refresh(obj)

    @admin.action(description="Refresh tools", permissions=["view"])
    def refresh_tools(self, request: HttpRequest, rows: QuerySet[McpServer]) -> None:
        """Ask the selected servers in the background."""
        for server in rows:
            try:
                services.request_refresh(server)
            except Conflict as refusal:
                self.message_user(request, f"{server}: {refusal.detail}", messages.WARNING)
            else:
                self.message_user(request, f"{server} is being asked for its tools.")

    @admin.display(description="tools", ordering="available")
    def tool_count(self, server: McpServer) -> int:
        return int(getattr(server, "available", 0))

    @admin.display(description="stored headers")
    def header_names(self, server: McpServer) -> str:
        headers: object = server.headers
        return ", ".join(sorted(headers)) if isinstance(headers, dict) and headers else "none"

    @admin.display(description="owner", ordering="created_by__username")
    def owner(self, server: McpServer) -> str:
        return _owner(server.created_by)

    @admin.display(description="used by")
    def used_by(self, server: McpServer) -> SafeString | str:
        return _workflows(server)


@admin.register(McpTool)
class McpToolAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = (
        "name",
        "server",
        "read_only",
        "destructive",
        "idempotent",
        "is_available",
        "last_seen_at",
    )
    list_filter = ("is_available", "read_only", "destructive", "idempotent", "server")
    list_per_page = ROWS_PER_PAGE
    search_fields = ("name", "description", "server__id", "server__name")
    fields = readonly_fields = (
        "name",
        "server",
        "description",
        "read_only",
        "destructive",
        "idempotent",
        "is_available",
        "arguments",
        "result",
        "schema_hash",
        "first_seen_at",
        "last_seen_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[McpTool]:
        """With the server's name, without its secrets."""
        rows = super().get_queryset(request)
        return rows.select_related("server").defer("server__headers")  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: servers say what they offer."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only together with the server."""
        return False

    @admin.display(description="arguments")
    def arguments(self, tool: McpTool) -> SafeString:
        return pretty_json(tool.input_schema)

    @admin.display(description="result")
    def result(self, tool: McpTool) -> SafeString:
        return pretty_json(tool.output_schema)


def _owner(user: User | None) -> str:
    return user.get_username() if user else "the installation"


def _workflows(row: Any) -> SafeString | str:
    """Links to the workflows that use an agent or a server; the rows belong to the app above."""
    keys = sorted(set(row.uses.values_list("workflow_id", flat=True)))
    links = [
        format_html(
            '<a href="{}">{}</a>', reverse("admin:workflows_workflow_change", args=[key]), key
        )
        for key in keys
    ]
    return SafeString(", ".join(links)) if links else "no workflow"
