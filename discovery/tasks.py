"""Celery's part: a refresh that somebody asked for."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from common.upkeep import Done
from discovery.models import McpServer
from discovery.refreshing import refresh_servers

logger = logging.getLogger(__name__)

# A server has 30 seconds to answer; a request that is older was lost with its worker or with the queue.
WAITS_AT_MOST = timedelta(seconds=90)
MAX_PER_PASS = 100


@shared_task
def refresh_server(server_id: str) -> None:
    """Ask the server what it offers, if that is still asked for.

    The request stays until it is answered: a worker that dies leaves it for the next one. Asking twice does no harm.
    """
    waiting = McpServer.objects.filter(pk=server_id, refresh_requested_at__isnull=False)
    requested_at = waiting.values_list("refresh_requested_at", flat=True).first()
    if requested_at is None:
        return
    refresh_servers([server_id])
    # Who asked again meanwhile may have changed the server since.
    waiting.filter(refresh_requested_at=requested_at).update(refresh_requested_at=None)


def mend_refreshes() -> Done:
    """A chore: put requests on the queue again whose worker, or whose queue, was lost."""
    lost = McpServer.objects.filter(refresh_requested_at__lt=timezone.now() - WAITS_AT_MOST)
    ids = list(lost.values_list("pk", flat=True).order_by("refresh_requested_at")[:MAX_PER_PASS])
    for server_id in ids:
        refresh_server.delay(server_id)
    if ids:
        logger.warning("mcp servers: %s refreshes queued again", len(ids))
    return {"queued_again": len(ids)}
