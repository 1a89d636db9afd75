"""What can be followed: a run or a job that writes numbered events until it has ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Event(Protocol):
    """One of its events; numbers grow without gaps."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> Any: ...
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True)
class State:
    """How far it is: its status, the number of its newest event, and whether none will follow."""

    status: str
    last: int
    is_final: bool


@dataclass(frozen=True)
class Source:
    """Where events come from; both functions block on the database.

    `channel` tells the source from all others and is where its news are announced; `events` takes a number and a
    limit and gives the events with a greater number in order.
    """

    channel: str
    state: Callable[[], State]
    events: Callable[[int, int], Sequence[Event]]
