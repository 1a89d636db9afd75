"""Telling those who wait that a generation has ended: a wake-up without content, which may get lost."""

import logging
import time
from collections.abc import Callable

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

# A wake-up that got lost is noticed after this time at the latest.
LOOK_AGAIN_SECONDS = 2.0


def announce(generation_id: str) -> None:
    """Wake those who wait for a generation; call it after the commit."""
    client = _client()
    try:
        client.publish(_channel(generation_id), "")
    except redis.RedisError as error:
        logger.warning("generation %s: nobody was woken: %s", generation_id, error)
    finally:
        client.close()


def wait_until(generation_id: str, is_done: Callable[[], bool], *, seconds: float) -> None:
    """Return once `is_done`, or after `seconds`; looks when woken, and now and then in case a wake-up got lost."""
    deadline = time.monotonic() + seconds
    client = _client()
    try:
        with client.pubsub(ignore_subscribe_messages=True) as listener:  # type: ignore[no-untyped-call]
            # Listening before the first look, so that an end in between is not missed.
            listener.subscribe(_channel(generation_id))
            while not is_done() and (left := deadline - time.monotonic()) > 0:
                listener.get_message(timeout=min(left, LOOK_AGAIN_SECONDS))
    except redis.RedisError as error:
        logger.warning("generation %s: can't wait: %s", generation_id, error)
    finally:
        client.close()


def _channel(generation_id: str) -> str:
    return f"generation:{generation_id}"


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
