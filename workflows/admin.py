"""Workflows and their versions in the admin; every change goes through the services."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from audit.admin_recording import AuditedHistory, history_address
from audit.models import AuditEntry
from common.admin_json import pretty_json
from common.errors import DomainError
from workflows import services
from workflows.admin_display import drawing_of, filtered, listed
from workflows.admin_drift import DriftFilter, since_publishing
from workflows.admin_forms import WorkflowForm
from workflows.checking import check
from workflows.models import Workflow, WorkflowVersion
from workflows.selectors import catalogue_for

ROWS_PER_PAGE = 50
MOST_PROBLEMS_SHOWN = 10


@admin.register(Workflow)
class WorkflowAdmin(AuditedHistory, ModelAdmin):  # type: ignore[misc]
    object_kind = AuditEntry.ObjectKind.WORKFLOW
    form = WorkflowForm
    # Other apps add theirs.
    actions: Sequence[Any] = ("validate", "archive", "restore")
    list_display = (
        "name",
        "id",
        "owner",
        "category",
        "is_template",
        "is_active",
        "can_execute",
        "version",
        "runs",
        "updated_at",
    )
    list_filter = (
        *("is_active", "is_template", "is_published", "can_execute", "category"),
        DriftFilter,
    )
    list_select_related = ("created_by",)
    list_per_page = ROWS_PER_PAGE
    search_fields = ("id", "name", "description", "created_by__username")
    show_full_result_count = False
    readonly_fields: tuple[Any, ...] = (
        "drawing",
        "canonical",
        "findings",
        since_publishing,
        "links",
        "uses",
        "is_active",
        "can_execute",
        "version",
        "revision",
        "published_version",
        "source_template",
        "owner",
        "groups",
        "created_at",
        "updated_at",
    )
    fieldsets: tuple[Any, ...] = (
        (None, {"fields": ("id", "name", "description", "category", "tags", "links")}),
        ("Drawing", {"fields": ("drawing", "findings", since_publishing, "uses")}),
        ("Definition", {"fields": ("definition", "canonical")}),
        ("Template", {"fields": ("is_template", "is_published", "source_template")}),
        (
            "Record",
            {
                "fields": (
                    *("is_active", "can_execute", "version", "revision", "published_version"),
                    *("owner", "groups", "created_at", "updated_at"),
                )
            },
        ),
    )

    @classmethod
    def add_to_first_part(cls, shown: Callable[[Workflow], str]) -> None:
        """Let every workflow's page show this, too, after its links."""
        (title, part), *others = cls.fieldsets
        cls.readonly_fields = (*cls.readonly_fields, shown)
        cls.fieldsets = ((title, {**part, "fields": (*part["fields"], shown)}), *others)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        """Lists read no definitions, and count the runs in the same query."""
        rows: QuerySet[Workflow] = super().get_queryset(request)
        match = request.resolver_match
        if match is not None and match.url_name == "workflows_workflow_changelist":
            return rows.defer("definition_json", "layout").annotate(run_count=Count("executions"))
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: Workflow | None = None) -> Any:
        """The id is chosen once."""
        return (*self.readonly_fields, "id") if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Workflow | None = None) -> Any:
        """A new workflow has nothing to show yet; whoever may not change one reads it without the form's field."""
        if obj is None:
            names = ("id", "name", "description", "category", "tags", "definition")
            return ((None, {"fields": (*names, "is_template", "is_published")}),)
        if self.has_change_permission(request, obj):
            return self.fieldsets
        hidden = {"definition"}
        return tuple(
            (title, {"fields": tuple(name for name in part["fields"] if name not in hidden)})
            for title, part in self.fieldsets
        )

    def get_form(self, request: HttpRequest, obj: Workflow | None = None, **options: Any) -> Any:
        """The form, knowing for whom it looks agents and tools up."""
        form = super().get_form(request, obj, **options)
        form.by = request.user
        return form

    def has_change_permission(self, request: HttpRequest, obj: Workflow | None = None) -> bool:
        """Imported templates belong to their files."""
        if obj is not None and obj.created_by_id is None:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: workflows are archived, so that their runs stay explained."""
        return False

    def save_model(self, request: HttpRequest, obj: Workflow, form: Any, change: bool) -> None:
        """Through the services: versions, use-rows and revision follow."""
        fields = dict(form.cleaned_data)
        if change:
            saved = services.save_workflow(obj, by=_user(request), message="Admin", **fields)
        else:
            own = {name: fields.pop(name) for name in ("id", "name", "description")}
            definition = {**fields.pop("definition"), **own}
            saved = services.create_workflow(by=_user(request), definition=definition, **fields)
        obj.__dict__.update(saved.__dict__)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page; what another writer made impossible meanwhile is told on it."""
        try:
            answer: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        except DomainError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(request.path)
        return answer

    @admin.action(description="Validate")
    def validate(self, request: HttpRequest, queryset: QuerySet[Workflow]) -> None:
        """Say what is wrong with each of the chosen definitions."""
        catalogue = catalogue_for(_user(request))
        for workflow in queryset:
            problems = check(workflow.definition_json, catalogue).problems
            for problem in problems[:MOST_PROBLEMS_SHOWN]:
                told = f"{workflow.pk} {problem.path or '/'}: {problem.message}"
                messages.add_message(request, _level(problem.severity), told)
            if not problems:
                messages.success(request, f"{workflow.pk}: nothing to say against it.")

    @admin.action(description="Archive")
    def archive(self, request: HttpRequest, queryset: QuerySet[Workflow]) -> None:
        """Take the chosen workflows out of use; their runs stay."""
        self._each(request, queryset, services.archive_workflow, "archived")

    @admin.action(description="Bring back from the archive")
    def restore(self, request: HttpRequest, queryset: QuerySet[Workflow]) -> None:
        """Make the chosen workflows active again."""
        self._each(request, queryset, services.restore_workflow, "active")

    def _each(self, request: HttpRequest, rows: QuerySet[Workflow], change: Any, done: str) -> None:
        for workflow in rows:
            try:
                change(workflow, by=_user(request))
            except DomainError as error:
                messages.error(request, f"{workflow.pk}: {error.detail}")
            else:
                messages.success(request, f"{workflow.pk} is {done}.")

    @admin.display(description="owner", ordering="created_by__username")
    def owner(self, workflow: Workflow) -> str:
        return str(workflow.created_by) if workflow.created_by else "the installation"

    @admin.display(description="runs", ordering="run_count")
    def runs(self, workflow: Any) -> SafeString:
        return listed("executions_workflowexecution", workflow.pk, workflow.run_count)

    @admin.display(description="shared with")
    def groups(self, workflow: Workflow) -> str:
        return ", ".join(group.name for group in workflow.shared_with.all()) or "nobody"

    @admin.display(description="see also")
    def links(self, workflow: Workflow) -> SafeString:
        run = f"{reverse('admin:executions_workflowexecution_add')}?workflow={workflow.pk}"
        generations = reverse("admin:generation_generation_changelist")
        places = (
            (run, "Run it"),
            (filtered("executions_workflowexecution", workflow.pk), "Its runs"),
            (filtered("workflows_workflowversion", workflow.pk), "Its versions"),
            (f"{generations}?applied_workflow__id__exact={workflow.pk}", "Generations it came of"),
            (history_address(self.object_kind, workflow.pk), "Who changed it"),
        )
        return format_html_join(" · ", '<a href="{}">{}</a>', places)

    @admin.display(description="drawing")
    def drawing(self, workflow: Workflow) -> SafeString:
        return drawing_of(workflow.definition_json)

    @admin.display(description="canonical JSON")
    def canonical(self, workflow: Workflow) -> SafeString:
        return pretty_json(workflow.definition_json)

    @admin.display(description="what validation says to its owner")
    def findings(self, workflow: Workflow) -> SafeString | str:
        owner = workflow.created_by
        if owner is None:
            return "It was checked when it was imported."
        problems = check(workflow.definition_json, catalogue_for(owner)).problems
        lines = ((one.severity, one.path or "/", one.message) for one in problems)
        return format_html_join("\n", "<div>{} {}: {}</div>", lines) or "Nothing."

    @admin.display(description="uses")
    def uses(self, workflow: Workflow) -> str:
        agents = [use.agent_id for use in workflow.agent_uses.all()]
        return ", ".join([*agents, *(use.tool for use in workflow.tool_uses.all())]) or "nothing"


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("workflow_link", "number", "message", "created_by", "created_at")
    list_display_links = ("number",)
    list_filter = ("created_at",)
    list_select_related = ("workflow", "created_by")
    list_per_page = ROWS_PER_PAGE
    search_fields = ("workflow__id", "workflow__name", "message")
    show_full_result_count = False
    fields = readonly_fields = (
        "workflow_link",
        "number",
        "revision",
        "message",
        "created_by",
        "created_at",
        "content_hash",
        "drawing",
        "definition",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowVersion]:
        """Lists read no definitions."""
        rows: QuerySet[WorkflowVersion] = super().get_queryset(request)
        rows = rows.defer("workflow__definition_json", "workflow__layout")
        match = request.resolver_match
        is_list = match is not None and match.url_name == "workflows_workflowversion_changelist"
        return rows.defer("definition_json") if is_list else rows

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: saving a workflow makes versions."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: a version stays as it was saved."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: runs refer to it."""
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """The versions of one workflow may be asked for."""
        return lookup == "workflow__id__exact" or bool(
            super().lookup_allowed(lookup, value, request)
        )

    @admin.display(description="workflow", ordering="workflow_id")
    def workflow_link(self, version: WorkflowVersion) -> SafeString:
        address = reverse("admin:workflows_workflow_change", args=[version.workflow_id])
        return format_html('<a href="{}">{}</a>', address, version.workflow)

    @admin.display(description="drawing")
    def drawing(self, version: WorkflowVersion) -> SafeString:
        return drawing_of(version.definition_json)

    @admin.display(description="definition")
    def definition(self, version: WorkflowVersion) -> SafeString:
        return pretty_json(version.definition_json)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _level(severity: str) -> int:
    levels = {"error": messages.ERROR, "warning": messages.WARNING}
    return levels.get(severity, messages.INFO)
