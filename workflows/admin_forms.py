"""The admin's form of a workflow."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from common.errors import DomainError
from workflows.checking import check, described, refusal
from workflows.identifiers import require_usable
from workflows.models import Workflow
from workflows.selectors import catalogue_for


class WorkflowForm(forms.ModelForm[Workflow]):
    """Name, labels and the definition as JSON; it is checked as REST checks it."""

    by: User

    definition = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 30, "style": "font-family:monospace"}),
        help_text="Shorthand allowed. Id, name and description are taken from the fields above.",
    )

    class Meta:
        model = Workflow
        fields = ("id", "name", "description", "category", "tags", "is_template", "is_published")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["definition"] = self.instance.definition_json

    def clean(self) -> dict[str, Any]:
        """The values; raises `ValidationError` with what keeps the definition from being stored."""
        values = super().clean() or {}
        try:
            if "id" in values:
                require_usable(values["id"])
            if isinstance(values.get("definition"), dict):
                self._check(values)
            elif "definition" in values:
                self.add_error("definition", "Give an object.")
        except DomainError as error:
            self.add_error("id" if error.pointer == "/id" else "definition", error.detail)
        if values.get("is_published") and not values.get("is_template"):
            self.add_error("is_published", "Only a template can be published.")
        return values

    def _check(self, values: dict[str, Any]) -> None:
        raw = described(
            values["definition"],
            id=values.get("id") or self.instance.pk or "new-workflow",
            name=values.get("name") or "-",
            description=values.get("description"),
        )
        found = check(raw, catalogue_for(self.by))
        if found.definition is None:
            lines = [f"{problem.path or '/'}: {problem.message}" for problem in found.problems]
            raise ValidationError({"definition": lines or [refusal(found).detail]})
