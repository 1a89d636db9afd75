"""Rows written from one JSON text that PostgreSQL takes apart: for a hundred rows a tenth of the ORM's CPU time.

Columns are named as the models' attributes are and have their types. As with the ORM, null is SQL's null.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models
from pydantic_core import to_json

M = TypeVar("M", bound=models.Model)
Row = Mapping[str, Any]


def insert_rows(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Insert rows that have the columns of the first; those left out need a default in the database."""
    if rows:
        _execute(_insert(model, tuple(rows[0])), rows)


def put_rows(
    model: type[models.Model], rows: Sequence[Row], *, unique: tuple[str, ...], new: tuple[str, ...]
) -> None:
    """As `insert_rows`; a row with the same `unique` columns is overwritten, except for the columns `new`."""
    if not rows:
        return
    names = tuple(rows[0])
    written = tuple(name for name in names if name not in (*unique, *new))
    _execute(_insert(model, names) + _on_conflict(model, unique, written), rows)


def insert_new_row(model: type[models.Model], row: Row, *, unique: tuple[str, ...]) -> bool:
    """As `insert_rows`; returns false, writing nothing, where a row with the same `unique` columns is there."""
    conflict = f" ON CONFLICT ({_columns(model, unique)}) DO NOTHING"
    return _execute(_insert(model, tuple(row)) + conflict, [row]) > 0


def locked_row(model: type[M], key: str, names: tuple[str, ...]) -> M | None:
    """These columns of a row, locked until the transaction ends, the others deferred; null if there is none."""
    known = tuple(field.attname for field in model._meta.concrete_fields if field.attname in names)
    with connection.cursor() as cursor:
        cursor.execute(_select(model, known), [key])
        found = cursor.fetchone()
    return None if found is None else model.from_db(connection.alias, known, found)


def update_row(model: type[models.Model], key: str, row: Row) -> None:
    """Write these columns of the row with this primary key."""
    _execute(_update(model, tuple(row)), [row], key)


def _execute(statement: str, rows: Sequence[Row], *parameters: str) -> int:
    """How many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [to_json(rows).decode(), *parameters])
        return int(cursor.rowcount)


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
