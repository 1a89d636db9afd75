"""A query parameter that takes one value and comes twice is refused: neither its first nor its last can be what was meant."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django_filters import MultipleChoiceFilter

from common.filters import AllOf
from workflowsite.rest.knowing_the_view import KnowingTheView
from workflowsite.rest.problem_details import MEDIA_TYPE, problem

PREFIX = "/api/v1/"
# Filters that take several values.
SEVERAL = (AllOf, MultipleChoiceFilter)


class RepeatedParametersMiddleware(KnowingTheView):
    """Answers 400 before the view is asked, whoever asks and whatever is there."""

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The refusal; null: go on."""
        if not request.path.startswith(PREFIX) or not request.META.get("QUERY_STRING"):
            return None
        repeated = [name for name, values in request.GET.lists() if len(values) > 1]
        refused = [name for name in repeated if name not in _repeatable(view)]
        return _refusal(refused) if refused else None


def _repeatable(view: object) -> set[str]:
    filters = getattr(getattr(view, "cls", None), "filterset_class", None)
    if filters is None:
        return set()
    return {name for name, one in filters.base_filters.items() if isinstance(one, SEVERAL)}


def _refusal(names: list[str]) -> HttpResponse:
    detail = "This parameter takes one value: give it once."
    errors = [
        {"code": "repeated_parameter", "detail": detail, "pointer": None, "parameter": name}
        for name in names
    ]
    body = problem(400, f"{names[0][:100]}: {detail}", "repeated_parameter", errors=errors)
    return HttpResponse(orjson.dumps(body), status=400, content_type=MEDIA_TYPE)
