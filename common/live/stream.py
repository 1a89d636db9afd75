"""One viewer's stream: events in order, a sign of life when nothing happens, and an end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from common.connections import DATABASE_AWAY
from common.live.feed import Feed
from common.live.hub import Hub, current_hub
from common.live.pages import Sent, in_reading_thread, message
from common.live.source import Source

logger = logging.getLogger(__name__)

# How long a browser waits before it comes back, in milliseconds.
RETRY = b"retry: 2000\n\n"
HEARTBEAT = b": still here\n\n"
PAUSE_WITHOUT_DATABASE = 2.0


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who follows what from where; `may_see` asks the database whether they still may."""

    source: Source
    after: int
    may_see: Callable[[], bool]
    heartbeat_seconds: float


async def event_stream(viewer: Viewer) -> AsyncIterator[bytes]:
    """The viewer's server-sent events until the source has ended, they may no longer see it, or the process ends."""
    hub = current_hub()
    yield RETRY
    async with hub.feed(viewer.source, viewer.after) as feed:
        async for piece in _pieces(viewer, hub, feed):
            yield piece


async def _pieces(viewer: Viewer, hub: Hub, feed: Feed) -> AsyncIterator[bytes]:
    now = asyncio.get_running_loop().time
    number, beat_at, check_at = viewer.after, *(now() + viewer.heartbeat_seconds,) * 2
    while not hub.is_closed:
        found = await _found(feed, number, max(0.0, min(beat_at, check_at) - now()))
        if now() >= check_at:
            if not await _may_see(viewer):
                yield message("revoked", {"detail": "You may no longer see this."})
                return
            check_at = now() + viewer.heartbeat_seconds
        if found:
            number = found[-1].number
            yield b"".join(sent.text for sent in found)
            beat_at = now() + viewer.heartbeat_seconds
        elif feed.has_ended(number):
            yield message("end", {"status": feed.final_status, "last": number})
            return
        elif now() >= beat_at:
            yield HEARTBEAT
            beat_at = now() + viewer.heartbeat_seconds


async def _found(feed: Feed, number: int, seconds: float) -> list[Sent]:
    try:
        return await feed.after(number, seconds)
    except DATABASE_AWAY as error:
        logger.warning("Events of %s can't be read: %s", feed.source.channel, error)
        await asyncio.sleep(PAUSE_WITHOUT_DATABASE)
        return []


async def _may_see(viewer: Viewer) -> bool:
    try:
        return await in_reading_thread(viewer.may_see)
    except DATABASE_AWAY:
        # Nobody can tell, and without the database there is nothing to show either.
        return True
