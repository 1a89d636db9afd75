"""One Redis subscription for all that is followed in this process; without Redis viewers look by themselves."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import redis.asyncio
from django.conf import settings
from redis.asyncio.client import PubSub

logger = logging.getLogger(__name__)

# A subscription without any channel can't be listened to.
OWN_CHANNEL = "live"
RECONNECT_SECONDS = 2.0


class WakeUps:
    """Calls `wake` with a channel when it has news, or may have had some while nobody listened."""

    def __init__(self, wake: Callable[[str], None]) -> None:
        self._wake = wake
        self._channels: set[str] = set()
        self._subscription: PubSub | None = None
        self._listening: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def is_listening(self) -> bool:
        """Whether Redis tells us of news."""
        return self._subscription is not None

    async def add(self, channel: str) -> None:
        """Listen on this channel too."""
        self._channels.add(channel)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        elif self._subscription is not None:
            # The listener itself sees a lost connection and subscribes anew.
            with suppress(redis.RedisError, OSError):
                await self._subscription.subscribe(channel)

    async def remove(self, channel: str) -> None:
        """No longer listen on this channel."""
        self._channels.discard(channel)
        if not self._channels:
            self._stop()
        elif self._subscription is not None:
            with suppress(redis.RedisError, OSError):
                await self._subscription.unsubscribe(channel)

    def _stop(self) -> None:
        """Nobody waits for the listener's end: while it connects, the client may take a cancellation for a failure."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            self._ending.add(listening)
            listening.add_done_callback(self._ending.discard)

    async def _listen(self) -> None:
        while self._is_wanted():
            try:
                await self._listen_once()
            except (redis.RedisError, OSError) as error:
                logger.warning("Events: Redis does not wake us (%s); looking by ourselves", error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
        subscription = client.pubsub()
        try:
            await subscription.subscribe(OWN_CHANNEL, *self._channels)
            if not self._is_wanted():
                return
            self._subscription = subscription
            # Channels that were added while the line above waited.
            await subscription.subscribe(OWN_CHANNEL, *self._channels)
            while self._is_wanted():
                self._tell(await subscription.get_message(timeout=None))
        finally:
            # Unless a successor listens already.
            if self._subscription is subscription:
                self._subscription = None
            await subscription.aclose()  # type: ignore[no-untyped-call]
            await client.aclose()

    def _is_wanted(self) -> bool:
        return self._listening is asyncio.current_task()

    def _tell(self, message: dict[str, object] | None) -> None:
        """A subscription that was confirmed is news too: something may have happened just before."""
        if message is None or message["type"] not in ("message", "subscribe"):
            return
        channel = message["channel"]
        name = channel.decode() if isinstance(channel, bytes) else ""
        if name in self._channels:
            self._wake(name)
