"""Log lines of a request say where it comes from and what its address names; its `request_id` is bound already."""

from typing import Any

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from workflowsite.rest.knowing_the_view import KnowingTheView
from workflowsite.rest.origin import client_address

# Parts of addresses, and what they are called in log lines.
NAMES = {
    "execution_id": "execution_id",
    "workflow_id": "workflow_id",
    "generation_id": "generation_id",
    "path": "step",
}


class LogContextMiddleware(KnowingTheView):
    """Binds it for the rest of the request; the request's own middleware clears it at its end."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The address as proxies that are trusted tell it: django-structlog's own way believes anybody's header."""
        structlog.contextvars.bind_contextvars(ip=client_address(request))
        return super().__call__(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]
    ) -> None:
        """The address is resolved, the view comes next."""
        known = {name: kwargs[key] for key, name in NAMES.items() if key in kwargs}
        structlog.contextvars.bind_contextvars(**known)
