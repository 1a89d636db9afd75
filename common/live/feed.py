"""What the viewers of one source share: each event is read and formatted once, however many follow."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress

from common.live.pages import PAGE_EVENTS, Page, Sent, read_page
from common.live.source import Source

# The newest events stay in memory; who is further behind reads older ones anew.
WINDOW_EVENTS = 1_000
# Seconds between two reads per viewer, since each read ends in sending to all of them; and at most.
PAUSE_PER_VIEWER = 0.002
LONGEST_PAUSE = 0.5


class Feed:
    """The events of one source after a number, growing while viewers ask for more."""

    def __init__(self, source: Source, after: int, patience: Callable[[], float]) -> None:
        self.source = source
        self.viewers = 0
        self.final_status = ""
        self._last = after
        self._window: list[Sent] = []
        self._patience = patience
        self._is_stale = True
        self._read_at = 0.0
        self._one_at_a_time = asyncio.Lock()
        self._news = asyncio.Event()
        self._older: dict[int, asyncio.Task[Page]] = {}

    def wake(self) -> None:
        """There may be news."""
        self._is_stale = True
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def after(self, number: int, seconds: float) -> list[Sent]:
        """Events with a greater number, at most a page; waits up to `seconds` for the first while more may come.

        Raises Django's database errors.
        """
        news = self._news
        found = await self._known_after(number)
        if found or self.has_ended(number):
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, self._patience())):
                await news.wait()
        return await self._known_after(number)

    def has_ended(self, number: int) -> bool:
        """Whether no event follows on `number`, now or later."""
        return bool(self.final_status) and number >= self._last

    async def _known_after(self, number: int) -> list[Sent]:
        if number >= self._last:
            async with self._one_at_a_time:
                # Somebody else may have read it meanwhile.
                if number >= self._last and self._is_worth_a_read():
                    await self._read_on()
        if number >= self._last:
            return []
        if not self._window or self._window[0].number > number + 1:
            return (await self._older_page(number)).events
        start = bisect_right(self._window, number, key=lambda sent: sent.number)
        return self._window[start : start + PAGE_EVENTS]

    def _is_worth_a_read(self) -> bool:
        now = asyncio.get_running_loop().time()
        is_old = now - self._read_at >= self._patience()
        return not self.final_status and (self._is_stale or is_old)

    async def _read_on(self) -> None:
        loop = asyncio.get_running_loop()
        pause = min(PAUSE_PER_VIEWER * self.viewers, LONGEST_PAUSE)
        await asyncio.sleep(max(0.0, self._read_at + pause - loop.time()))
        # Before the read: news that come during it are read next.
        self._is_stale = False
        try:
            page = await read_page(self.source, self._last)
        except BaseException:
            self._is_stale = True
            raise
        self._read_at = loop.time()
        self._is_stale = self._is_stale or len(page.events) == PAGE_EVENTS
        self._window = [*self._window, *page.events][-WINDOW_EVENTS:]
        self._last = page.events[-1].number if page.events else self._last
        self.final_status = page.final_status

    async def _older_page(self, number: int) -> Page:
        """Those who are equally far behind read together."""
        reading = self._older.get(number)
        if reading is None:
            reading = asyncio.create_task(read_page(self.source, number))
            self._older[number] = reading
            reading.add_done_callback(lambda task: self._read_older(number, task))
        return await asyncio.shield(reading)

    def _read_older(self, number: int, task: asyncio.Task[Page]) -> None:
        self._older.pop(number, None)
        # Those who waited have it; if all of them left, nobody else would look at the error.
        if not task.cancelled():
            task.exception()
