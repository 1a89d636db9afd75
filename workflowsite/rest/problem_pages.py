"""Answers under /api/ that no view gave: Django's own error pages become problem details."""

from collections.abc import Callable
from http import HTTPStatus

import orjson
import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from workflowsite.rest.problem_details import INTERNAL, MEDIA_TYPE, problem

DETAILS = {
    400: ("The request is malformed.", "malformed"),
    403: ("This is not allowed.", "permission_denied"),
    404: ("There is nothing here.", "not_found"),
    405: ("This method is not allowed here.", "method_not_allowed"),
    413: ("The body is larger than 2 MiB.", "too_large"),
}


def api_problem_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Under /api/, refuse NUL in the address, replace HTML errors, and name the request in a header."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        refused = _refused(request)
        return refused or _finished(request, get_response(request))

    return answer


def problem_response(status: int, detail: str, code: str) -> HttpResponse:
    """A problem-details answer outside REST framework."""
    body = orjson.dumps(problem(status, detail, code))
    return HttpResponse(body, status=status, content_type=MEDIA_TYPE)


# Whoever mistypes an address with POST is to hear that, not of a missing CSRF token.
@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer to an address under /api/ or /hooks/ that leads nowhere, in debug mode too."""
    return problem_response(404, f"There is nothing at {request.path[:200]!r}.", "not_found")


def _refused(request: HttpRequest) -> HttpResponse | None:
    # PostgreSQL refuses NUL in text with an error; nothing can have such an id.
    if request.path.startswith("/api/") and "\x00" in request.path:
        return problem_response(404, *DETAILS[404])
    return None


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        response.headers["X-Request-ID"] = request_id
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    if not request.path.startswith("/api/") or not is_html or response.status_code < 400:
        return response
    status = response.status_code
    fallback = (
        (INTERNAL, "internal") if status >= 500 else (HTTPStatus(status).phrase, f"http_{status}")
    )
    return problem_response(status, *DETAILS.get(status, fallback))
