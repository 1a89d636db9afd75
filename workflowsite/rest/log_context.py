"""Log lines of a request say which run, step or workflow its address names; its `request_id` is bound already."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Parts of addresses, and what they are called in log lines.
NAMES = {
    "execution_id": "execution_id",
    "workflow_id": "workflow_id",
    "generation_id": "generation_id",
    "path": "step",
}


class LogContextMiddleware:
    """Binds the ids for the rest of the request; the request's own middleware clears them at its end."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """As it is: the address is resolved later."""
        answer: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
        return answer

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]
    ) -> None:
        """The address is resolved, the view comes next."""
        known = {name: kwargs[key] for key, name in NAMES.items() if key in kwargs}
        structlog.contextvars.bind_contextvars(**known)
