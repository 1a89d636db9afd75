"""Locks in PostgreSQL that hold up whoever writes to a run, and a look at who waits for one."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

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
def locked_run(execution_id: str) -> Iterator[None]:
    """While nobody else writes to the run's row."""
    with another_connection() as other, other.transaction():
        row = "SELECT FROM executions_workflowexecution WHERE id = %s FOR UPDATE"
        other.execute(row, [execution_id])
        yield


def wait_for_lock(is_over: Callable[[], bool] = lambda: False) -> None:
    """Until somebody waits for a lock; `is_over` tells that nobody will any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while not cursor.execute(WAITING).rowcount:
            assert not is_over(), "Nobody came to what is locked."
            assert time.monotonic() < deadline, "Nobody waits for a lock."
            time.sleep(0.02)
