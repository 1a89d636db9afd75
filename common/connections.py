"""Database connections of threads that are not a request's."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)

P = ParamSpec("P")
T = TypeVar("T")

# Everything else that a database raises is a mistake, which repeating does not mend.
DATABASE_AWAY = (OperationalError, InterfaceError)


def with_connection(function: Callable[P, T]) -> Callable[P, T]:
    """The function with a healthy connection of its thread, which goes back to the pool afterwards."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return called_with_connection(function, *args, **kwargs)

    return call


def called_with_connection(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it as `with_connection` makes it: for what is called often, a new function each time is dear."""
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


def release_connection() -> None:
    """Give the database connection back while nothing is asked of it: a waiting reader must not hold one."""
    if not connection.in_atomic_block:
        connection.close()
