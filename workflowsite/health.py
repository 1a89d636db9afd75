"""What a load balancer or an orchestrator asks: is this process alive, and can it serve?"""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from workflowsite import probes


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
    checks = {name: "ok" if reason is None else "error" for name, reason in failures.items()}
    is_ready = "error" not in checks.values()
    body = {"status": "ok" if is_ready else "error", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)
