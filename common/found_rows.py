"""One row by columns that find at most one, through a statement that is made once: for what is read at every call.

The ORM puts its SQL together anew each time, which took it five times as long as the rest of such a query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models

from common.prepared import prepared

M = TypeVar("M", bound=models.Model)
Convert = Callable[[Any, Any, Any], Any]


def found_row(
    model: type[M], *, related: str = "", is_held: bool = False, **columns: Any
) -> M | None:
    """The row in which these columns (named as the model's attributes) have these values, null if there is none.

    `related` names a foreign key that is never null, whose row comes along. A row that `is_held` nobody else changes
    until the transaction ends.
    """
    reading = _reading(model, tuple(columns), related)
    held = f" FOR NO KEY UPDATE OF {_name(model._meta.db_table)}" if is_held else ""
    with prepared(reading.statement + held, list(columns.values())) as cursor:
        values = cursor.fetchone()
    if values is None:
        return None
    rest = iter(values)
    row = _row(model, reading.parts[0], rest)
    if related:
        setattr(row, related, _row(_model_of(model, related), reading.parts[1], rest))
    return row


@dataclass(frozen=True)
class _Part:
    """The columns of one model, and what makes their values of what the database gives."""

    names: tuple[str, ...]
    converters: tuple[tuple[int, Any, tuple[Convert, ...]], ...]


@dataclass(frozen=True)
class _Reading:
    statement: str
    parts: tuple[_Part, ...]


def _row(model: type[M], part: _Part, rest: Any) -> M:
    values = list(islice(rest, len(part.names)))
    for index, column, converters in part.converters:
        for convert in converters:
            values[index] = convert(values[index], column, connection)
    return model.from_db(connection.alias, part.names, values)


@cache
def _reading(model: type[models.Model], names: tuple[str, ...], related: str) -> _Reading:
    columns, table, joined = _columns(model), _name(model._meta.db_table), ""
    if related:
        other = _model_of(model, related)
        columns += _columns(other)
        key, foreign = _qualified(other._meta.pk), _qualified(model._meta.get_field(related))
        joined = f" JOIN {_name(other._meta.db_table)} ON {key} = {foreign}"
    fields = {field.attname: field for field in model._meta.concrete_fields}
    where = " AND ".join(f"{_qualified(fields[name])} = %s" for name in names)
    statement = f"SELECT {', '.join(columns)} FROM {table}{joined} WHERE {where}"  # noqa: S608 - names of models
    parts = [_part(model), *([_part(other)] if related else [])]
    return _Reading(statement, tuple(parts))


def _part(model: type[models.Model]) -> _Part:
    converters = []
    for index, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        found = (*connection.ops.get_db_converters(column), *column.get_db_converters(connection))
        if found:
            converters.append((index, column, found))
    names = tuple(field.attname for field in model._meta.concrete_fields)
    return _Part(names, tuple(converters))


def _columns(model: type[models.Model]) -> list[str]:
    return [_qualified(field) for field in model._meta.concrete_fields]


def _model_of(model: type[models.Model], related: str) -> Any:
    return model._meta.get_field(related).related_model


def _qualified(field: Any) -> str:
    return f"{_name(field.model._meta.db_table)}.{_name(field.column)}"


def _name(name: str) -> str:
    return connection.ops.quote_name(name)
