"""Reading events for viewers: a few threads and connections for all of a process, whatever the number of viewers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import orjson

from common.connections import with_connection
from common.live.source import Event, Source

T = TypeVar("T")

READING_THREADS = 2
# Of one read, and of one piece that is sent: it is copied for each viewer.
PAGE_EVENTS = 100


@dataclass(frozen=True)
class Sent:
    """One event in the form in which it is sent."""

    number: int
    text: bytes


@dataclass(frozen=True)
class Page:
    """What was read: events in order, and the final status if these are the last that there will ever be."""

    events: list[Sent]
    final_status: str = ""


async def read_page(source: Source, after: int) -> Page:
    """At most `PAGE_EVENTS` events with a greater number. Raises Django's database errors."""
    return await in_reading_thread(lambda: _read(source, after))


async def in_reading_thread(function: Callable[[], T]) -> T:
    """Call a function that blocks on the database; the connection goes back afterwards."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(), with_connection(function))


def message(event: str, data: dict[str, Any], *, number: int | None = None) -> bytes:
    """A server-sent event: https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    line = b"" if number is None else b"id: %d\n" % number
    return b"%sevent: %s\ndata: %s\n\n" % (
        line,
        event.encode(),
        orjson.dumps(data, option=orjson.OPT_UTC_Z),
    )


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(READING_THREADS, thread_name_prefix="events")


def _read(source: Source, after: int) -> Page:
    # The state first: all events of what has ended are then seen below.
    state = source.state()
    sent = [_sent(event) for event in source.events(after, PAGE_EVENTS)]
    reached = sent[-1].number if sent else after
    is_over = state.is_final and reached >= state.last
    return Page(sent, state.status if is_over else "")


def _sent(event: Event) -> Sent:
    data = {
        "number": event.number,
        "kind": event.kind,
        "data": event.data,
        "created_at": event.created_at,
    }
    return Sent(event.number, message(event.kind, data, number=event.number))
