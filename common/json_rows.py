"""Rows written from one JSON text that PostgreSQL takes apart: for a hundred rows a tenth of the ORM's CPU time.

Columns are named as the models' attributes are and have their types. As with the ORM, null is SQL's null.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models
from pydantic_core import to_json

from common.prepared import prepared

M = TypeVar("M", bound=models.Model)
Row = Mapping[str, Any]
# What `write` calls the rows that its first statement gives back.
FIRST = "first_part"


@dataclass(frozen=True)
class Write:
    """A statement that changes rows. `before` names common table expressions (`name AS (…)`) that it reads.

    The parameters are those of `before` and then those of the statement; `after` follows its conditions.
    """

    statement: str
    parameters: tuple[Any, ...]
    before: str = ""
    after: str = ""


def write(*writes: Write | None) -> int:
    """Make all of these in one statement, so in one transaction and one round trip; how many rows the last one wrote.

    None sees what another one writes; only what the first one gives back can be read, by the name `FIRST`.
    """
    with _written(writes) as cursor:
        return 0 if cursor is None else int(cursor.rowcount)


def write_and_read(*writes: Write | None) -> Any:
    """As `write`; gives the value that the last one gives back, null if it wrote nothing."""
    with _written(writes) as cursor:
        found = None if cursor is None else cursor.fetchone()
        return None if found is None else found[0]


@contextmanager
def _written(writes: Sequence[Write | None]) -> Iterator[Any]:
    wanted = [one for one in writes if one is not None]
    if not wanted:
        yield None
        return
    *others, last = wanted
    parts = []
    for index, one in enumerate(others):
        parts += [one.before] if one.before else []
        parts.append(f"{f'part_{index}' if index else FIRST} AS ({one.statement}{one.after})")
    parts += [last.before] if last.before else []
    statement = f"WITH {', '.join(parts)} {last.statement}" if parts else last.statement
    values = [value for one in wanted for value in one.parameters]
    with prepared(statement + last.after, values) as cursor:
        yield cursor


def new_rows(model: type[models.Model], rows: Sequence[Row]) -> Write | None:
    """Inserts rows that have the columns of the first; those left out need a default in the database."""
    return _write(_insert(model, tuple(rows[0])), rows) if rows else None


def new_row(model: type[models.Model], row: Row) -> Write:
    """As `new_rows`, one of them."""
    return _write(_insert(model, tuple(row)), [row])


def whole_rows(
    model: type[models.Model], rows: Sequence[Row], *, unique: tuple[str, ...], new: tuple[str, ...]
) -> Write | None:
    """As `new_rows`; a row with the same `unique` columns is overwritten, except for the columns `new`."""
    if not rows:
        return None
    names = tuple(rows[0])
    written = tuple(name for name in names if name not in (*unique, *new))
    insert = _write(_insert(model, names), rows)
    return replace(insert, after=_on_conflict(model, unique, written))


def missing_row(model: type[models.Model], row: Row, *, unique: tuple[str, ...]) -> Write:
    """As `new_rows`; writes nothing, and gives nothing back, where a row with the same `unique` columns is there."""
    conflict = f" ON CONFLICT ({_columns(model, unique)}) DO NOTHING RETURNING 1"
    return replace(_write(_insert(model, tuple(row)), [row]), after=conflict)


def missing_rows(
    model: type[models.Model], rows: Sequence[Row], *, unique: tuple[str, ...]
) -> Write | None:
    """As `new_rows`, but for those of which a row with the same `unique` columns is there."""
    conflict = f" ON CONFLICT ({_columns(model, unique)}) DO NOTHING"
    return _write(_insert(model, tuple(rows[0])) + conflict, rows) if rows else None


def other_rows_removed(
    model: type[models.Model], owner: str, key: str, column: str, kept: Sequence[str]
) -> Write:
    """Deletes the rows whose `owner` is `key` and whose `column` is none of those `kept`; nothing hangs on them."""
    return Write(_delete(model, owner, column), (key, list(kept)))


def changed_row(model: type[models.Model], key: str, row: Row) -> Write:
    """Writes these columns of the row with this primary key."""
    return _write(_update(model, tuple(row)), [row], key)


def only_where(one: Write, condition: str, *values: Any) -> Write:
    """A `changed_row` whose row must also meet a condition in SQL; gives something back if it does."""
    statement, parameters = f"{one.statement} AND {condition}", (*one.parameters, *values)
    return replace(one, statement=statement, parameters=parameters, after=" RETURNING 1")


def if_first(one: Write | None) -> Write | None:
    """`new_rows` or `whole_rows`, unless the first of all statements gives nothing back."""
    return one and replace(one, statement=f"{one.statement} WHERE EXISTS (SELECT FROM {FIRST})")


def locked_row(model: type[M], key: str, names: tuple[str, ...]) -> M | None:
    """These columns of a row, locked until the transaction ends, the others deferred; null if there is none."""
    known = tuple(field.attname for field in model._meta.concrete_fields if field.attname in names)
    with prepared(_select(model, known), [key]) as cursor:
        found = cursor.fetchone()
    return None if found is None else model.from_db(connection.alias, known, found)


def _write(statement: str, rows: Sequence[Row], *parameters: str) -> Write:
    return Write(statement, (to_json(rows).decode(), *parameters))


@cache
def _insert(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns, given = _columns(model, names), _given(model, names)
    return f"INSERT INTO {_table(model)} ({columns}) SELECT {columns} FROM {given}"  # noqa: S608 - names of models


@cache
def _on_conflict(
    model: type[models.Model], unique: tuple[str, ...], written: tuple[str, ...]
) -> str:
    columns = [_columns(model, (name,)) for name in written]
    values = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return f" ON CONFLICT ({_columns(model, unique)}) DO UPDATE SET {values}"


@cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns = [_columns(model, (name,)) for name in names]
    values = ", ".join(f"{column} = given.{column}" for column in columns)
    key, given = _columns(model, ("pk",)), _given(model, names)
    return f"UPDATE {_table(model)} SET {values} FROM {given} WHERE {_table(model)}.{key} = %s"  # noqa: S608 - names of models


@cache
def _delete(model: type[models.Model], owner: str, column: str) -> str:
    mine, others = _columns(model, (owner,)), _columns(model, (column,))
    return f"DELETE FROM {_table(model)} WHERE {mine} = %s AND NOT {others} = ANY(%s::text[])"  # noqa: S608 - names of models


@cache
def _select(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns, key = _columns(model, names), _columns(model, ("pk",))
    return f"SELECT {columns} FROM {_table(model)} WHERE {key} = %s FOR UPDATE"  # noqa: S608 - names of models


def _given(model: type[models.Model], names: tuple[str, ...]) -> str:
    """The JSON as a table. Not as `jsonb`, which holds 256 MB at most and would only be taken apart again."""
    types = ", ".join(
        f"{_columns(model, (name,))} {_field(model, name).db_type(connection)}" for name in names
    )
    return f"json_to_recordset(%s::json) AS given({types})"


def _columns(model: type[models.Model], names: tuple[str, ...]) -> str:
    return ", ".join(connection.ops.quote_name(_field(model, name).column) for name in names)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _field(model: type[models.Model], name: str) -> Any:
    if name == "pk":
        return model._meta.pk
    return next(field for field in model._meta.concrete_fields if field.attname == name)
