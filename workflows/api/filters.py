"""How lists of workflows are narrowed."""

import re
from typing import Any

import django_filters
from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet

from common.filters import AllOf, IdFilter, StrictFilterSet, TextFilter, TrueOrFalse
from workflows.drift.current import is_drifted
from workflows.models import Workflow
from workflows.search import few_hits


class SearchFilter(TextFilter):
    """Full text over id, name, description, category and all texts of the steps; each word may be the beginning of one."""

    def filter(self, qs: Any, value: str) -> Any:
        """The rows that contain all the words."""
        words = re.findall(r"\w+", value or "")[:20]
        if not words:
            return qs if not value else qs.none()
        query = " & ".join(f"'{word}':*" for word in words)
        few = few_hits(query)
        if few is not None:
            return qs.filter(pk__in=few)
        return qs.filter(search_vector=SearchQuery(query, search_type="raw", config="simple"))


class TemplateFilter(StrictFilterSet):
    """Of templates."""

    category = TextFilter()
    search = SearchFilter()
    tag = AllOf(field_name="tags")

    class Meta:
        model = Workflow
        fields: list[str] = []


class WorkflowFilter(TemplateFilter):
    """Of workflows. Archived ones show only where `is_active` or `archived` says so."""

    is_template = TrueOrFalse()
    is_active = TrueOrFalse()
    is_published = TrueOrFalse()
    archived = TrueOrFalse(method="with_archived", label="true: archived ones too.")
    source_template_id = IdFilter()
    created_by = TextFilter(field_name="created_by__username", label="A user name.")
    uses_agent = IdFilter(field_name="agent_uses__agent_id")
    uses_tool = IdFilter(field_name="tool_uses__tool")
    drifted = TrueOrFalse(
        method="with_drift",
        label="true: those whose published version uses an agent or tool that is another today.",
    )
    updated_after = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gt")

    def filter_queryset(self, queryset: QuerySet[Workflow]) -> QuerySet[Workflow]:
        """The rows that match; only active ones unless asked otherwise."""
        chosen = self.form.cleaned_data
        rows: QuerySet[Workflow] = super().filter_queryset(queryset)
        if chosen["is_active"] is None and not chosen["archived"]:
            return rows.filter(is_active=True)
        return rows

    def with_drift(self, rows: Any, name: str, value: bool) -> Any:
        """By what was noticed, which an index finds."""
        return rows.filter(is_drifted()) if value else rows.exclude(is_drifted())

    def with_archived(self, rows: Any, name: str, value: bool) -> Any:
        """Archived rows are taken out in `filter_queryset`, where they are."""
        return rows
