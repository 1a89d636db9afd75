"""Queries that the ORM puts together once, and PostgreSQL prepares once: either takes several times as long as asking it."""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model, QuerySet

from common.json_field import LargeNumberDecoder
from common.prepared import prepared

# Nobody has this number.
_SOMEBODY = -1_000_000_007
Converter = tuple[int, Any, Sequence[Callable[[Any, Any, Any], Any]]]
# A value that is always the same, or the name of one that is given each time.
Place = tuple[str | None, Any]


def in_the_place_of(caller: User) -> User:
    """Somebody with the caller's rights, for a query that is put together for all of their kind: staff or not.

    The query is theirs once it is asked with the caller's number in the place of this one's. The rule of who sees what
    stays where it is, in the querysets.
    """
    return User(pk=_SOMEBODY, is_staff=caller.is_staff, is_active=True)


class Statement:
    """The SQL of a queryset of dicts (`.values()`), some of whose parameters are given each time.

    `stand_ins` are the values, by name, in whose place the given ones come. Each must be unlike any other parameter,
    and occur in the query. Anything else by which the query's form depends on who asks, or for what, needs a statement
    of its own.
    """

    def __init__(self, rows: QuerySet[Any, Any], **stand_ins: object) -> None:
        compiler: Any = rows.query.get_compiler(rows.db)
        self._sql, parameters = compiler.as_sql()
        self._names = list(rows.query.selected or ())
        columns = [column for column, *_ in compiler.select[: compiler.col_count]]
        self._converters: list[Converter] = [
            (index, column, converters)
            for index, (converters, column) in compiler.get_converters(columns).items()
        ]
        self._parameters = _with_places(parameters, stand_ins)

    def rows(self, **given: object) -> list[dict[str, Any]]:
        """The rows for these values, which are taken as they are: no field looks at them. Raises `KeyError`."""
        with prepared(self._sql, _filled(self._parameters, given)) as cursor:
            found = cursor.fetchall()
        return [self._row(values) for values in found]

    def _row(self, values: Sequence[Any]) -> dict[str, Any]:
        row = dict(zip(self._names, values, strict=True))
        for index, column, converters in self._converters:
            name = self._names[index]
            for convert in converters:
                row[name] = convert(row[name], column, connection)
        return row


class ListsStatement:
    """As `Statement`, for several querysets at once: PostgreSQL answers with one JSON text, so values are JSON's."""

    def __init__(self, lists: Mapping[str, QuerySet[Any, Any]], **stand_ins: object) -> None:
        self._names = list(lists)
        parts: list[str] = []
        parameters: list[object] = []
        for rows in lists.values():
            sql, given = rows.query.sql_with_params()
            columns = ", ".join(map(connection.ops.quote_name, rows.query.selected or ()))
            found = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found ({columns})"  # noqa: S608 - the ORM made it
            parts.append(f"({found})::text")
            parameters.extend(given)
        self._sql = f"SELECT {', '.join(parts)}"
        self._parameters = _with_places(parameters, stand_ins)

    def lists(self, **given: object) -> dict[str, list[dict[str, Any]]]:
        """The rows of each for these values, which are taken as they are. Raises `KeyError`."""
        with prepared(self._sql, _filled(self._parameters, given)) as cursor:
            found = cursor.fetchone() or ()
        texts = zip(self._names, found, strict=True)
        return {name: json.loads(text, cls=LargeNumberDecoder) for name, text in texts}


@dataclass(frozen=True)
class ListMadeOnce:
    """A list that nothing narrows, for statements of its pages; two with the same `form` have the same ones.

    `rows` makes the queryset, with `stand_ins` for what `given` holds this time.
    """

    form: Hashable
    model: type[Model] = field(compare=False)
    rows: Callable[[], QuerySet[Any, Any]] = field(compare=False)
    stand_ins: Mapping[str, object] = field(compare=False)
    given: Mapping[str, object] = field(compare=False)


def _with_places(parameters: Iterable[object], stand_ins: Mapping[str, object]) -> list[Place]:
    places = [_place(value, stand_ins) for value in parameters]
    missing = stand_ins.keys() - {name for name, _ in places}
    if missing:
        raise ValueError(f"The query has no parameter in whose place {missing} could come.")
    return places


def _place(value: object, stand_ins: Mapping[str, object]) -> Place:
    for name, stand_in in stand_ins.items():
        if type(value) is type(stand_in) and value == stand_in:
            return name, None
    return None, value


def _filled(places: Iterable[Place], given: Mapping[str, Any]) -> list[Any]:
    return [value if name is None else given[name] for name, value in places]
