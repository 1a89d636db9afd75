"""Log lines of a request say which run, step or workflow its address names; its `request_id` is bound already."""

from typing import Any

import structlog
from django.http import HttpRequest

from workflowsite.rest.knowing_the_view import KnowingTheView

# Parts of addresses, and what they are called in log lines.
NAMES = {
    "execution_id": "execution_id",
    "workflow_id": "workflow_id",
    "generation_id": "generation_id",
    "path": "step",
}


class LogContextMiddleware(KnowingTheView):
    """Binds the ids for the rest of the request; the request's own middleware clears them at its end."""

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]
    ) -> None:
        """The address is resolved, the view comes next."""
        known = {name: kwargs[key] for key, name in NAMES.items() if key in kwargs}
        structlog.contextvars.bind_contextvars(**known)
