"""In which form to answer: nearly everybody takes JSON or anything, and for them there is nothing to weigh."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

JSON = "application/json"
CONTENT_WITH_JSON = frozenset({None, "", "*/*", JSON, "application/json, text/plain, */*"})


class JsonFirst(DefaultContentNegotiation):
    """As its parent, without reading headers that say no more than that JSON will do."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """The renderer and the media type of the answer; raises `NotAcceptable`."""
        renderers = list(renderers)
        first = renderers[0]
        is_plain = format_suffix is None and not request.META.get("QUERY_STRING")
        if (
            is_plain
            and first.media_type == JSON
            and request.META.get("HTTP_ACCEPT") in CONTENT_WITH_JSON
        ):
            return first, JSON
        return super().select_renderer(request, renderers, format_suffix)
