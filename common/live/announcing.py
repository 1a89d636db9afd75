"""Telling readers that there is news: a wake-up without content, which may get lost."""

import logging
from functools import cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)


def announce(channel: str) -> None:
    """Wake those who listen; call it after the commit. Without Redis they find the news a little later."""
    try:
        _client(settings.REDIS_URL).publish(channel, "")
    except redis.RedisError as error:
        logger.warning("%s: readers were not woken: %s", channel, error)


@cache
def _client(url: str) -> redis.Redis:
    """One for all threads: it keeps its connections, which cost more than what goes through them."""
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
