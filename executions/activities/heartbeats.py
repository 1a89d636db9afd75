"""Heartbeats: how Temporal knows that a worker lives, and how an activity learns that it was cancelled."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity

INTERVAL_SECONDS = 1.0


@contextmanager
def heartbeats() -> Iterator[None]:
    """Beat every second while the block runs; a call that is over sooner needs none."""
    heart = _Heart()
    try:
        yield
    finally:
        heart.following.cancel()


class _Heart:
    """A timer, not a task: most calls are over before the first beat, and to cancel a task is to run it once more."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.following = self._loop.call_later(INTERVAL_SECONDS, self._beat)

    def _beat(self) -> None:
        self.following = self._loop.call_later(INTERVAL_SECONDS, self._beat)
        activity.heartbeat()
