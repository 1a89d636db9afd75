"""The rows that belong to a run, as the admin shows them: links, readable JSON, nothing to write."""

from typing import Any

from django.contrib import admin
from django.db.models import JSONField, Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from common.admin_json import pretty_json
from executions.models import ModelCall, StepRun, ToolCall

ROWS_PER_PAGE = 50


def link(row: Model) -> SafeString:
    return format_html('<a href="{}">{}</a>', address_of(type(row), row.pk), str(row))


def address_of(model: type[Model], key: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])


def shown(field: Any) -> Any:
    """A column by name, or, if it holds JSON, a function that shows it readably."""
    if not isinstance(field, JSONField):
        return field.name

    @admin.display(description=str(field.verbose_name).removesuffix(" json"))
    def show(row: Any) -> SafeString:
        return pretty_json(getattr(row, field.name))

    return show


def duration_text(milliseconds: int | None) -> str:
    """'38 ms', '1.4 s', '2 min 5 s'; nothing for what has not ended."""
    if milliseconds is None:
        return ""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    minutes, seconds = divmod(milliseconds / 1_000, 60)
    return f"{minutes:.0f} min {seconds:.0f} s" if minutes else f"{seconds:.1f} s"


@admin.display(description="execution", ordering="execution_id")
def execution_link(row: Any) -> SafeString:
    """To the run that the row belongs to."""
    return link(row.execution)


@admin.display(description="error")
def error_code(row: ModelCall) -> str:
    """Of a try without a usable answer its error's code; nothing for an answer."""
    return str((row.error_json or {}).get("code", ""))


class ReadOnly:
    """Nothing here is written by hand: runs are what happened."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody adds a row."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes a row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes a row."""
        return False


class StepRunInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The steps in the order of starting, a page at a time."""

    model = StepRun
    fk_name = "execution"
    fields = readonly_fields = (
        "path",
        "step_type",
        "status",
        "attempts",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "started_at",
        "duration",
    )
    ordering = ("position",)
    per_page = ROWS_PER_PAGE
    show_change_link = True
    extra = 0

    @admin.display(description="duration")
    def duration(self, row: StepRun) -> str:
        """In milliseconds, longer ones in seconds."""
        return duration_text(row.duration_ms)


class ModelCallInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The turns of the agents, and their tries that were paid for without a usable answer."""

    model = ModelCall
    fields = readonly_fields = (
        "path",
        "turn",
        "agent_id",
        "model",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "duration_ms",
        error_code,
    )
    per_page = ROWS_PER_PAGE
    show_change_link = True
    extra = 0


class ToolCallInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The calls of tools."""

    model = ToolCall
    fields = readonly_fields = ("path", "turn", "tool", "attempts", "duration_ms")
    per_page = ROWS_PER_PAGE
    show_change_link = True
    extra = 0
