"""Celery's part: a refresh that somebody asked for."""

from celery import shared_task

from discovery.models import McpServer
from discovery.refreshing import refresh_servers


@shared_task
def refresh_server(server_id: str) -> None:
    """Ask the server what it offers, if nobody has taken this request yet."""
    waiting = McpServer.objects.filter(pk=server_id, refresh_requested_at__isnull=False)
    if not waiting.update(refresh_requested_at=None):
        return  # delivered twice: another worker has it
    refresh_servers([server_id])
