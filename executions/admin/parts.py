"""The rows that belong to runs in the admin: to read, never to write."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from executions.admin.rows import ROWS_PER_PAGE, ReadOnly, error_code, execution_link, shown
from executions.models import (
    Budget,
    ExecutionEvent,
    ModelCall,
    Reservation,
    StepRun,
    StoredValue,
    ToolCall,
)


class PartOfRunAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Rows that belong to a run."""

    list_select_related = ("execution",)
    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    search_fields: tuple[str, ...] = ("execution__id",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Every column, JSON in its readable form."""
        return [
            execution_link,
            *(shown(field) for field in self.opts.fields if field.name != "execution"),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of them."""
        return self.get_fields(request, obj)


@admin.register(StepRun)
class StepRunAdmin(PartOfRunAdmin):
    list_display = (
        "path",
        execution_link,
        "step_type",
        "status",
        "attempts",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "started_at",
    )
    list_filter = ("status", "step_type", "started_at")
    search_fields = ("execution__id", "path", "name")


@admin.register(ModelCall)
class ModelCallAdmin(PartOfRunAdmin):
    list_display = (
        "path",
        "turn",
        execution_link,
        "agent_id",
        "model",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "duration_ms",
        error_code,
        "created_at",
    )
    list_filter = ("model", "created_at")
    search_fields = ("execution__id", "path", "agent_id")


@admin.register(ToolCall)
class ToolCallAdmin(PartOfRunAdmin):
    list_display = ("path", "turn", execution_link, "tool", "attempts", "duration_ms", "created_at")
    list_filter = ("created_at",)
    search_fields = ("execution__id", "path", "tool")


@admin.register(ExecutionEvent)
class ExecutionEventAdmin(PartOfRunAdmin):
    list_display = ("number", execution_link, "kind", "created_at")
    list_filter = ("kind", "created_at")


@admin.register(StoredValue)
class StoredValueAdmin(PartOfRunAdmin):
    list_display = ("key", execution_link, "size_bytes", "created_at")
    list_filter = ("created_at",)


@admin.register(Budget)
class BudgetAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """What runs, steps and users have spent of what they may spend; a user's belongs to no run."""

    list_display = (
        "key",
        "tokens_spent",
        "tokens_reserved",
        "cost_spent",
        "cost_reserved",
        "tool_calls",
    )
    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    search_fields = ("key",)
    raw_id_fields = ("execution",)


@admin.register(Reservation)
class ReservationAdmin(PartOfRunAdmin):
    list_display = ("path", "turn", execution_link, "tokens", "cost_usd", "is_open", "created_at")
    list_filter = ("is_open", "created_at")
    search_fields = ("execution__id", "path")
