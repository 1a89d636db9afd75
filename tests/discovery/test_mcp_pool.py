"""The pool: who shares a session, and when it is closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from discovery.mcp.pool import ConnectionPool


class Door:
    """A session that notes when it is opened and closed."""

    def __init__(self) -> None:
        self.is_usable = True
        self.is_closed = False


class Doors:
    """Opens sessions, or fails to."""

    def __init__(self, *, idle_seconds: float = 60, max_age_seconds: float = 60) -> None:
        self.opened: list[Door] = []
        self.fails = False
        self.pool: ConnectionPool[Door] = ConnectionPool(
            idle_seconds=idle_seconds, max_age_seconds=max_age_seconds
        )

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[Door]:
        await asyncio.sleep(0.01)
        if self.fails:
            raise ConnectionError("locked")
        door = Door()
        self.opened.append(door)
        try:
            yield door
        finally:
            await asyncio.sleep(0.01)
            door.is_closed = True

    @asynccontextmanager
    async def borrow(self, address: str = "a") -> AsyncIterator[Door]:
        async with self.pool.borrow(address, self.opening) as door:
            yield door


async def test_borrowers_at_the_same_time_share_a_session() -> None:
    doors = Doors()

    async def use() -> Door:
        async with doors.borrow() as door:
            await asyncio.sleep(0.02)
            return door

    assert len({id(door) for door in await asyncio.gather(use(), use(), use())}) == 1
    await doors.pool.aclose()


async def test_each_address_has_its_own_session() -> None:
    doors = Doors()
    async with doors.borrow("a") as one, doors.borrow("b") as other:
        assert one is not other
    await doors.pool.aclose()


async def test_an_idle_session_is_closed_and_a_used_one_is_not() -> None:
    doors = Doors(idle_seconds=0.1)
    async with doors.borrow() as door:
        await asyncio.sleep(0.3)
        assert not door.is_closed
    async with doors.borrow() as again:
        assert again is door
    await asyncio.sleep(0.3)
    assert door.is_closed


async def test_a_session_that_broke_is_closed_and_replaced() -> None:
    doors = Doors()
    async with doors.borrow() as door:
        door.is_usable = False
    async with doors.borrow() as fresh:
        assert fresh is not door
        assert door.is_closed
    await doors.pool.aclose()


async def test_an_old_session_is_replaced_once_nobody_uses_it() -> None:
    doors = Doors(max_age_seconds=0.05)
    async with doors.borrow() as old:
        await asyncio.sleep(0.1)
        async with doors.borrow() as young:
            assert young is not old
            assert not old.is_closed
    await doors.pool.aclose()
    assert old.is_closed


async def test_all_who_wait_learn_why_it_did_not_open() -> None:
    doors = Doors()
    doors.fails = True

    async def use() -> None:
        async with doors.borrow():
            raise AssertionError("there is no session")

    failures = await asyncio.gather(use(), use(), return_exceptions=True)
    assert [str(one) for one in failures] == ["locked", "locked"]
    doors.fails = False
    async with doors.borrow() as door:
        assert door.is_usable
    await doors.pool.aclose()


async def test_giving_up_while_it_opens_leaves_nothing_behind() -> None:
    doors = Doors()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001), doors.borrow():
            raise AssertionError("there is no session")
    await doors.pool.aclose()
    assert doors.opened == []


async def test_closing_waits_until_everything_is_closed() -> None:
    doors = Doors()
    async with doors.borrow("a"), doors.borrow("b"):
        pass
    await doors.pool.aclose()
    assert [door.is_closed for door in doors.opened] == [True, True]
