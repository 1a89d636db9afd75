"""What a load balancer or an orchestrator asks: is this process alive, and can it serve?"""

import logging
from collections.abc import Awaitable, Callable, Mapping

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from workflowsite import probes

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], Awaitable[HttpResponse]]


@never_cache
@require_safe
async def healthz(_request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
async def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when everything behind us is well, else 503; names what fails but neither addresses nor reasons."""
    failures = await probes.failures()
    for name, reason in failures.items():
        if reason is not None:
            logger.warning("Not ready, %s: %s", name, reason)
    checks = {name: "ok" if reason is None else "error" for name, reason in failures.items()}
    is_ready = "error" not in checks.values()
    body = {"status": "ok" if is_ready else "error", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)


VIEWS: Mapping[str, View] = {"/healthz": healthz, "/readyz": readyz}


def health_first(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer the health addresses before any other middleware sees them.

    Those who ask know this machine by its number, not by a name in ALLOWED_HOSTS, and ask too often for a line in
    the log each time.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        view = VIEWS.get(request.path)
        return get_response(request) if view is None else async_to_sync(view)(request)

    return answer
