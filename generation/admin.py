"""Generations in the admin: everything to read, the drawing of the result, and links to what came of it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from unfold.admin import ModelAdmin

from common.admin_json import pretty_json
from common.admin_status import status_label
from common.errors import Conflict
from generation.cancelling import request_cancellation
from generation.models import Generation
from workflows.definition.steps import Definition
from workflows.definition.svg import draw_svg

CALL_FIELDS = (
    "number", "purpose", "model", "answer", "error", "input_tokens", "output_tokens", "cost_usd", "tokens_counted",
    "started_at", "completed_at",
)  # fmt: skip


@admin.register(Generation)
class GenerationAdmin(ModelAdmin):  # type: ignore[misc]
    actions = ("cancel",)
    list_display = (
        "short_id",
        "short_prompt",
        status_label,
        "stage",
        "generator",
        "model",
        "created_by",
        "created_at",
        "applied",
    )
    list_filter = ("status", "stage", "generator", "model", "created_at")
    list_select_related = ("created_by", "applied_workflow")
    list_per_page = 50
    search_fields = ("id", "prompt", "created_by__username")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("id", "prompt", "status", "stage", "error_kind", "error")}),
        (
            "Result",
            {
                "fields": (
                    "refines",
                    "changes",
                    "applied",
                    "applied_at",
                    "drawing",
                    "warnings",
                    "explanation",
                )
            },
        ),
        (
            "Made by",
            {"fields": ("generator", "model", "usage", "catalogue_hash", "schema_version")},
        ),
        ("As JSON", {"fields": ("result_json", "problems_json", "context_json", "options_json")}),
        ("What the model answered", {"fields": ("calls",)}),
        ("What happened", {"fields": ("events",)}),
        ("Record", {"fields": ("created_by", "created_at", "started_at", "completed_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        """Lists read no results."""
        rows: QuerySet[Generation] = super().get_queryset(request)
        match = request.resolver_match
        if match is not None and match.url_name == "generation_generation_changelist":
            return rows.defer(
                "result",
                "problems",
                "applied_workflow__definition_json",
                "applied_workflow__layout",
            )
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: Generation | None = None) -> Any:
        """All: a generation is what happened."""
        return [name for _, options in self.fieldsets for name in options["fields"]]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody adds a row by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: it tells where a workflow came from."""
        return False

    @admin.display(description="generation", ordering="id")
    def short_id(self, row: Generation) -> str:
        """Enough to tell them apart; the whole id stands on the generation's page."""
        return row.pk.removeprefix("generation-")[:8]

    @admin.display(description="prompt")
    def short_prompt(self, row: Generation) -> str:
        """The beginning."""
        return row.prompt if len(row.prompt) <= 80 else f"{row.prompt[:79]}…"

    @admin.display(description="applied as", ordering="applied_workflow")
    def applied(self, row: Generation) -> SafeString | str:
        """A link to the workflow."""
        if row.applied_workflow is None:
            return ""
        address = reverse("admin:workflows_workflow_change", args=[row.applied_workflow_id])
        return format_html('<a href="{}">{}</a>', address, row.applied_workflow.name)

    @admin.display(description="changes the workflow")
    def refines(self, row: Generation) -> SafeString | str:
        """A link to the workflow that was to be changed, and the version that was read."""
        if row.workflow is None:
            return ""
        address = reverse("admin:workflows_workflow_change", args=[row.workflow_id])
        return format_html(
            '<a href="{}">{}</a>, version {}', address, row.workflow.name, row.workflow_version
        )

    @admin.display(description="changes")
    def changes(self, row: Generation) -> str:
        """Of a refinement: one a line."""
        found = (row.result or {}).get("changes", [])
        return "\n".join(str(change["text"]) for change in found)

    @admin.display(description="drawing")
    def drawing(self, row: Generation) -> SafeString | str:
        """The designed workflow as a graph."""
        if not row.result:
            return ""
        definition = Definition.model_validate(row.result["workflow"])
        return mark_safe(draw_svg(definition))  # noqa: S308 - draw_svg escapes every text

    @admin.display(description="warnings")
    def warnings(self, row: Generation) -> str:
        """One a line."""
        return "\n".join(row.result["warnings"]) if row.result else ""

    @admin.display(description="explanation")
    def explanation(self, row: Generation) -> str:
        """What the workflow does, in sentences."""
        return str(row.result["explanation"]) if row.result else ""

    @admin.display(description="usage")
    def usage(self, row: Generation) -> str:
        """Tokens and cost."""
        cost = "unknown" if row.cost_usd is None else f"{row.cost_usd} USD"
        return f"{row.input_tokens} tokens in, {row.output_tokens} out, cost {cost}"

    @admin.display(description="result")
    def result_json(self, row: Generation) -> SafeString:
        """Readable."""
        return pretty_json(row.result)

    @admin.display(description="problems")
    def problems_json(self, row: Generation) -> SafeString:
        """Readable."""
        return pretty_json(row.problems)

    @admin.display(description="context")
    def context_json(self, row: Generation) -> SafeString:
        """Readable."""
        return pretty_json(row.context)

    @admin.display(description="options")
    def options_json(self, row: Generation) -> SafeString:
        """Readable."""
        return pretty_json(row.options)

    @admin.display(description="calls")
    def calls(self, row: Generation) -> SafeString:
        """Each with its answer word for word and what it counts."""
        return pretty_json(list(row.calls.values(*CALL_FIELDS)))

    @admin.display(description="events")
    def events(self, row: Generation) -> SafeString:
        """Stages, calls and the end with their times."""
        return pretty_json(list(row.events.values("number", "kind", "data", "created_at")))

    @admin.action(description="Cancel what has not ended")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Generation]) -> None:
        """Says how many were cancelled."""
        cancelled = 0
        for row in queryset:
            try:
                request_cancellation(row)
            except Conflict:
                continue
            cancelled += 1
        self.message_user(request, f"{cancelled} cancelled.", messages.SUCCESS)
