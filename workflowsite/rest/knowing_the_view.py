"""Middleware that looks at a request only once its address is resolved and its view known."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class KnowingTheView:
    """Passes every request on; what is done to it stands in `process_view`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """As it is."""
        return self.get_response(request)
