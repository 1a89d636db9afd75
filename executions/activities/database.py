"""How activities reach the database: in threads, with connections that are given back."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from common.connections import DATABASE_AWAY, called_with_connection

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 45


def in_thread(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """An activity of a function that blocks on the database."""

    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return await in_database(function, *args, **kwargs)

    return call


async def kept_trying(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `in_database`, but waits up to 45 seconds for a database that is away.

    For writing down what was called and perhaps paid for. Temporal's retries would make the call again; there is no
    other place to keep its result meanwhile.
    """
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await in_database(function, *args, **kwargs)
        except DATABASE_AWAY:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(1)


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `function` in a thread, where Django's ORM may block."""
    call = functools.partial(called_with_connection, function, *args, **kwargs)
    return await asyncio.to_thread(call)
