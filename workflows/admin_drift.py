"""What the admin shows of published workflows whose agents and tools changed."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.drift.current import is_drifted
from workflows.drift.reading import DriftReport, drift_of
from workflows.models import Workflow

MOST_SHOWN = 50
_WORDS = {"error": "breaks", "warning": "look", "note": "goes on"}


class DriftFilter(admin.SimpleListFilter):
    """Published workflows that use something which is another today, or none such."""

    title = "drifted since publishing"
    parameter_name = "drifted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two answers."""
        return [("yes", "Yes"), ("no", "No, and published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Workflow]) -> QuerySet[Workflow]:
        """The rows of the answer that was chosen."""
        match self.value():
            case "yes":
                return queryset.filter(is_drifted())
            case "no":
                return queryset.filter(published_version__isnull=False).exclude(is_drifted())
            case _:
                return queryset


@admin.display(description="since publishing")
def since_publishing(workflow: Workflow) -> SafeString | str:
    """What its owner would read of the drift."""
    if workflow.published_version is None:
        return "No version is published."
    owner = workflow.created_by
    if owner is None:
        return "It belongs to the installation."
    report = drift_of(workflow, owner)
    if not report.is_drifted:
        return f"Nothing that version {report.version} uses has changed."
    lines = format_html_join("\n", "<li><b>{}</b> {}: {} {}</li>", _lines(report))
    held = ", ".join(report.drift.held_steps) or "none"
    return format_html("<p>Held until it is accepted: {}</p><ul>{}</ul>", held, lines)


def _lines(report: DriftReport) -> Iterator[tuple[str, str, str, str]]:
    for one in report.drift.findings[:MOST_SHOWN]:
        what = _WORDS[one.problem.severity]
        yield one.step or "output", what, one.problem.message, one.problem.hint
