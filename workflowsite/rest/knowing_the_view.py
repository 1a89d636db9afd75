"""Middleware that looks at a request only once its address is resolved and its view known."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class KnowingTheView:
    """Passes every request on, under ASGI and WSGI alike; what is done to it stands in `process_view`."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """As it is."""
        answer: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
        return answer
