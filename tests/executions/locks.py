"""Locks in PostgreSQL that hold up whoever writes to a row, and a look at who waits for one."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.models import Model
from psycopg import sql

from tests.executions.conftest import PATIENCE_SECONDS

WAITING = (
    "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def another_connection() -> psycopg.Connection[Any]:
    """One of its own, to the database of the tests."""
    given = settings.DATABASES["default"]
    return psycopg.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
        autocommit=True,
    )


@contextmanager
def locked(model: type[Model], key: str) -> Iterator[None]:
    """While nobody else writes to the row."""
    with another_connection() as other, other.transaction():
        table = sql.Identifier(model._meta.db_table)
        other.execute(sql.SQL("SELECT FROM {} WHERE id = %s FOR UPDATE").format(table), [key])
        yield


def wait_for_lock(count: int = 1, *, is_over: Callable[[], bool] = lambda: False) -> None:
    """Until so many wait for a lock; `is_over` tells that nobody will any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while cursor.execute(WAITING).rowcount < count:
            assert not is_over(), "Not all came to what is locked."
            assert time.monotonic() < deadline, "Nobody waits for a lock."
            time.sleep(0.02)
