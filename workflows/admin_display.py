"""Parts of the admin's pages of workflows: drawings and links to filtered lists."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from workflows.definition.steps import Definition
from workflows.definition.svg import draw_svg


def drawing_of(definition_json: Any) -> SafeString:
    """The canonical definition as SVG."""
    # `draw_svg` escapes every text that it writes.
    return mark_safe(draw_svg(Definition.model_validate(definition_json)))  # noqa: S308


def filtered(model: str, workflow_id: str) -> str:
    """The address of the list of `model` ('app_model') with the rows of one workflow."""
    return f"{reverse(f'admin:{model}_changelist')}?workflow__id__exact={workflow_id}"


def listed(model: str, workflow_id: str, count: int) -> SafeString:
    """A count that links to the rows counted."""
    return format_html('<a href="{}">{}</a>', filtered(model, workflow_id), count)
