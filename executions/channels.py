"""Telling readers that a run has news: a wake-up without content, which may get lost."""

import logging
from functools import cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)


def channel_of(execution_id: str) -> str:
    """The Redis channel on which readers of one run wait."""
    return f"execution:{execution_id}"


def announce(execution_id: str) -> None:
    """Wake the readers of a run; call it after the commit. Without Redis they find the news a little later."""
    try:
        _client(settings.REDIS_URL).publish(channel_of(execution_id), "")
    except redis.RedisError as error:
        logger.warning("execution %s: readers were not woken: %s", execution_id, error)


@cache
def _client(url: str) -> redis.Redis:
    """One for all threads: it keeps its connections, which cost more than what goes through them."""
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
