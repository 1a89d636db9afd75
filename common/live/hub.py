"""What is followed in this process, each read once for all of its viewers."""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType
from weakref import WeakKeyDictionary

from common.live.feed import Feed
from common.live.source import Source
from common.live.wakeups import WakeUps

logger = logging.getLogger(__name__)

# Seconds until a viewer looks again without having been told of news: Redis may lose a message, or be away.
PATIENCE = 15.0
PATIENCE_WITHOUT_REDIS = 2.0

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, "Hub"] = WeakKeyDictionary()


def current_hub() -> "Hub":
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        _close_on_signals(loop, _hubs[loop])
    return _hubs[loop]


class Hub:
    """Opens a feed for the first viewer of a source and closes it after the last."""

    def __init__(self) -> None:
        self.is_closed = False
        self._feeds: dict[str, Feed] = {}
        self._wake_ups = WakeUps(self._wake)

    @asynccontextmanager
    async def feed(self, source: Source, after: int) -> AsyncIterator[Feed]:
        """The source's feed, which has at least what follows on `after`."""
        channel = source.channel
        feed = self._feeds.get(channel)
        if feed is None:
            feed = self._feeds[channel] = Feed(source, after, self._patience)
        feed.viewers += 1
        try:
            if feed.viewers == 1:
                await self._wake_ups.add(channel)
            yield feed
        finally:
            feed.viewers -= 1
            if not feed.viewers:
                del self._feeds[channel]
                await self._wake_ups.remove(channel)

    def close(self) -> None:
        """The process is asked to end: all viewers are let go, and come back to its successor."""
        self.is_closed = True
        for feed in self._feeds.values():
            feed.wake()

    def _wake(self, channel: str) -> None:
        if feed := self._feeds.get(channel):
            feed.wake()

    def _patience(self) -> float:
        return PATIENCE if self._wake_ups.is_listening else PATIENCE_WITHOUT_REDIS


def _close_on_signals(loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
    """A web server waits for open answers before it ends, and these would never end by themselves."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        _call_before(number, loop, hub)


def _call_before(number: int, loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
    previous = signal.getsignal(number)
    if not callable(previous):
        return

    def close_first(received: int, frame: FrameType | None) -> None:
        # The loop may be over already.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(hub.close)
        previous(received, frame)

    signal.signal(number, close_first)
