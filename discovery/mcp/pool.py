"""Keeps a connection open for the next call: starting a stdio server costs over a second, a call milliseconds."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, Protocol, TypeVar


class Session(Protocol):
    """What the pool needs to know of a connection."""

    @property
    def is_usable(self) -> bool:
        """False as soon as the other side is gone or a call failed in a way that may have broken it."""
        ...


S = TypeVar("S", bound=Session)
# Event loops come and go (each `asyncio.run` has its own), and a session lives and dies with the loop that opened it.
Place = tuple[asyncio.AbstractEventLoop, Hashable]


class _Connection(Generic[S]):
    """One open session; a task of its own enters and leaves it, as anyio's scopes demand."""

    def __init__(self, opening: AbstractAsyncContextManager[S]) -> None:
        self.borrowers = 0
        self.loop = asyncio.get_running_loop()
        self.opened_at = self.loop.time()
        self.idle_timer: asyncio.TimerHandle | None = None
        self.ready: asyncio.Future[S] = self.loop.create_future()
        self._closing = asyncio.Event()
        # An empty context: the session outlives the request or activity that opened it.
        self.task = asyncio.create_task(self._run(opening), context=contextvars.Context())

    @property
    def is_usable(self) -> bool:
        """Whether another call may use it; true also while it is being opened."""
        if self._closing.is_set() or self.task.done():
            return False
        return not self.ready.done() or self.ready.result().is_usable

    def close(self) -> None:
        """Leave the session soon; one that is still being opened is given up."""
        self._closing.set()
        if not self.ready.done():
            self.task.cancel()

    async def _run(self, opening: AbstractAsyncContextManager[S]) -> None:
        try:
            async with opening as session:
                self.ready.set_result(session)
                await self._closing.wait()
        except Exception as error:  # noqa: BLE001  # not swallowed: it belongs to whoever waits for the session
            if not self.ready.done():
                self.ready.set_exception(error)
                self.ready.exception()  # seen, even if the last waiter has left
        finally:
            if not self.ready.done():
                self.ready.cancel()


class ConnectionPool(Generic[S]):
    """Open sessions by event loop and address; each closes when idle for `idle_seconds` or past `max_age_seconds`."""

    def __init__(self, *, idle_seconds: float, max_age_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._max_age_seconds = max_age_seconds
        self._connections: dict[Place, _Connection[S]] = {}
        # All of them, those that are just closing too: the event loop holds its tasks only weakly.
        self._open: set[_Connection[S]] = set()

    @asynccontextmanager
    async def borrow(
        self, address: Hashable, opening: Callable[[], AbstractAsyncContextManager[S]]
    ) -> AsyncIterator[S]:
        """The open session of `address`, opened if need be; several borrowers share it.

        Raises what opening raised. A session that is not usable any more when it comes back is closed.
        """
        connection = self._find_or_open((asyncio.get_running_loop(), address), opening)
        connection.borrowers += 1
        if connection.idle_timer:
            connection.idle_timer.cancel()
        try:
            yield await asyncio.shield(connection.ready)
        finally:
            connection.borrowers -= 1
            if not connection.borrowers:
                self._give_back(connection)

    async def aclose(self) -> None:
        """Close what this event loop opened and wait until it is closed: before the loop ends.

        At its end a loop cancels every task; one that is just stopping a stubborn process would leave it behind.
        """
        loop = asyncio.get_running_loop()
        open_here = [one for one in self._open if one.loop is loop]
        for connection in open_here:
            connection.close()
        await asyncio.gather(*(one.task for one in open_here), return_exceptions=True)

    def _find_or_open(
        self, place: Place, opening: Callable[[], AbstractAsyncContextManager[S]]
    ) -> _Connection[S]:
        found = self._connections.get(place)
        if found is not None and found.is_usable and not self._is_old(found):
            return found
        connection = self._connections[place] = _Connection(opening())
        self._open.add(connection)
        connection.task.add_done_callback(lambda _: self._forget(place, connection))
        return connection

    def _give_back(self, connection: _Connection[S]) -> None:
        is_reusable = connection.is_usable and not self._is_old(connection)
        if not connection.ready.done() or not is_reusable:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_timer = loop.call_later(self._idle_seconds, connection.close)

    def _is_old(self, connection: _Connection[S]) -> bool:
        age = asyncio.get_running_loop().time() - connection.opened_at
        return age > self._max_age_seconds

    def _forget(self, place: Place, connection: _Connection[S]) -> None:
        self._open.discard(connection)
        if self._connections.get(place) is connection:
            del self._connections[place]
