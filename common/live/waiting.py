"""Waiting for news in a thread, without asking again and again.

PostgreSQL has the events; Redis only wakes the reader, so a lost message costs a little time and never an event.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar

import redis
from django.conf import settings
from redis.client import PubSub

from common.connections import release_connection
from common.live.source import Event, Source

T = TypeVar("T")

MAX_EVENTS = 500
# A reader looks again at least this often, should Redis have lost a message.
LONGEST_SLEEP_SECONDS = 5.0


def wait_for(channel: str, look: Callable[[], T | None], *, seconds: float) -> T | None:
    """What `look` finds, now or as soon as the channel tells of news; null after `seconds`."""
    deadline = time.monotonic() + seconds
    with _wake_ups(channel) as sleep:
        while True:
            found = look()
            left = deadline - time.monotonic()
            if found is not None or left <= 0:
                return found
            release_connection()
            sleep(min(left, LONGEST_SLEEP_SECONDS))


def await_events(
    source: Source, number: int, seconds: float, limit: int = MAX_EVENTS
) -> tuple[Sequence[Event], bool]:
    """Events after `number`, and whether the source has ended; waits up to `seconds` for the first of them."""

    def look() -> tuple[Sequence[Event], bool] | None:
        # The state first: events that came before the end are then seen below.
        is_final = source.state().is_final
        found = source.events(number, limit)
        return (found, is_final) if found or is_final else None

    return wait_for(source.channel, look, seconds=seconds) or ([], False)


def follow(source: Source, number: int = 0) -> Iterator[Sequence[Event]]:
    """Every event after `number`, in the groups in which they become known, until the source has ended."""
    while True:
        found, is_final = await_events(source, number, LONGEST_SLEEP_SECONDS)
        if found:
            yield found
            number = found[-1].number
        elif is_final:
            return


@contextmanager
def _wake_ups(channel: str) -> Iterator[Callable[[float], None]]:
    """A sleep that ends with news; it listens from the start, so that nothing happens unnoticed."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
    subscription: PubSub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    try:
        with suppress(redis.RedisError):
            subscription.subscribe(channel)
        yield partial(_sleep, subscription)
    finally:
        subscription.close()
        client.close()


def _sleep(subscription: PubSub, seconds: float) -> None:
    try:
        subscription.get_message(timeout=seconds)
    except (redis.RedisError, RuntimeError):
        # Without Redis the reader just looks again.
        time.sleep(min(seconds, 1.0))
