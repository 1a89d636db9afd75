"""Statements that PostgreSQL prepares once for each connection: to read and plan one takes it several times as long as to carry it out.

For those of which there are few, whatever is asked for: their text is always the same, and their plan does not depend on
the values. `DATABASE_PREPARED_STATEMENTS` turns it off where a pooler stands between that does not keep them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import NotSupportedError, connection
from django.db.backends.utils import CursorWrapper
from psycopg.types.datetime import TimestamptzLoader


class _PreparedCursor(psycopg.Cursor[tuple[Any, ...]]):
    """Django's own cursors put values into the text of a statement, which makes each another one."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        # psycopg's is compiled. Django's, in Python, takes five times as long and only puts in the zone that a
        # connection of Django has in any case: UTC.
        self.adapters.register_loader("timestamptz", TimestamptzLoader)

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """As psycopg's, prepared at once."""
        return super().execute(query, params, **{"prepare": True, **options})


def prepared(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> CursorWrapper:
    """A cursor that has carried the statement out; to be closed. Raises what Django's cursors raise."""
    try:
        return _carried_out(statement, parameters)
    except NotSupportedError as error:
        if connection.in_atomic_block or not _is_outdated(error):
            raise
    # At a rollback psycopg forgets all that is prepared, here and at the server.
    with connection.connection.transaction(force_rollback=True):
        pass
    return _carried_out(statement, parameters)


def _carried_out(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> CursorWrapper:
    connection.ensure_connection()
    database: Any = connection
    with database.wrap_database_errors:
        cursor: CursorWrapper = database._prepare_cursor(_PreparedCursor(database.connection))
    cursor.execute(statement, parameters)
    return cursor


def _is_outdated(error: NotSupportedError) -> bool:
    """Whether a migration changed the type of a column that was prepared with another: PostgreSQL refused before it did anything."""
    return isinstance(error.__cause__, psycopg.errors.FeatureNotSupported) and (
        "cached plan" in str(error)
    )
