"""Query parameters of lists: what is not understood is refused, never silently ignored."""

from typing import Any

import django_filters
from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from drf_spectacular.drainage import set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ErrorDetail, ValidationError

from common.rest import unknown_field

NO_NUL = {"type": "string", "pattern": r"^[^\u0000]*$"}
_EMPTY = "This parameter has no value: give it one, or leave it out."
# Read by the paginator.
OF_EVERY_LIST = frozenset({"cursor", "limit", "ordering", "total"})


class StrictFilterSet(django_filters.FilterSet):  # type: ignore[misc]
    """Refuses query parameters that the list does not know, and empty ones where no text is asked for."""

    def is_valid(self) -> bool:
        """Whether the parameters are well formed; raises `ValidationError` for an unknown or empty one."""
        known = OF_EVERY_LIST | self.filters.keys()
        refused = {
            name: [ErrorDetail(unknown_field(name, sorted(known)), "unknown_parameter")]
            for name in self.data
            if name not in known
        }
        refused |= {name: [ErrorDetail(_EMPTY, "empty")] for name in self.data if self._lacks(name)}
        if refused:
            raise ValidationError(refused)
        return bool(super().is_valid())

    def _lacks(self, name: str) -> bool:
        """Whether a parameter that names a row, chooses, dates or answers yes or no stands there without a value."""
        if name not in self.filters or self.data[name] != "":
            return False
        wanted = self.filters[name]
        takes_text = isinstance(wanted, django_filters.CharFilter | AllOf)
        return isinstance(wanted, IdFilter) or not takes_text


@extend_schema_field(OpenApiTypes.BOOL)
class TrueOrFalse(django_filters.TypedChoiceFilter):  # type: ignore[misc]
    """`true` or `false`; django-filter's own takes anything else for no filter."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=[("true", "true"), ("false", "false")],
            coerce=lambda text: text == "true",
            empty_value=None,
            **options,
        )


class TextFilter(django_filters.CharFilter):  # type: ignore[misc]
    """A text that is looked up as it is; the OpenAPI file says that it can't contain NUL."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        set_override(self, "field", NO_NUL)


class IdFilter(TextFilter):
    """An id. An empty one is refused: a script whose variable is not set would get the rows of everything."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)
        set_override(self, "field", {**NO_NUL, "minLength": 1})


class RepeatedField(forms.Field):
    """The values of a parameter that may stand several times."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        """The texts; raises `ValidationError` for NUL characters."""
        texts = [str(text) for text in value or []]
        for text in texts:
            ProhibitNullCharactersValidator()(text)
        return texts


@extend_schema_field({"type": "array", "items": NO_NUL})
class AllOf(django_filters.Filter):  # type: ignore[misc]
    """A parameter that may stand several times: the list field must contain every value."""

    field_class = RepeatedField

    def filter(self, qs: Any, value: list[str]) -> Any:
        """The rows whose list holds all the values."""
        return qs.filter(**{f"{self.field_name}__contains": value}) if value else qs
