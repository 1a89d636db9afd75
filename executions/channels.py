"""Telling readers that a run has news: a wake-up without content, which may get lost."""

import logging

import redis
from django.conf import settings

logger = logging.getLogger(__name__)


def channel_of(execution_id: str) -> str:
    """The Redis channel on which readers of one run wait."""
    return f"execution:{execution_id}"


def announce(execution_id: str) -> None:
    """Wake the readers of a run; call it after the commit. Without Redis they find the news a little later."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.publish(channel_of(execution_id), "")
    except redis.RedisError as error:
        logger.warning("execution %s: readers were not woken: %s", execution_id, error)
    finally:
        client.close()
