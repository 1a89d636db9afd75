"""Keyset pages for every list."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Invalid
from common.rest import limit_of
from common.statements import ListMadeOnce, Statement
from workflowsite.rest.cursors import Cursor, Ordering, cursor_of, decode

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_TOTAL = 10_000


class KeysetPagination(BasePagination):
    """Pages by the last row seen, so that a page costs the same however far down it lies.

    A view may name `ordering_fields` (the allow-list; fields that are never null) and `ordering` (the default, such as
    '-updated_at'). Without them the list is ordered by `-created_at`.

    Instead of a queryset there may be a `ListMadeOnce` whose key and ordering fields are texts or times.
    """

    rows: Sequence[Any]
    next: str | None
    previous: str | None
    total: dict[str, Any]

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any | None = None
    ) -> list[Any]:
        """The page's rows; raises `Invalid` for a wrong limit or ordering, `NotFound` for a cursor."""
        query = request.query_params
        ordering = _ordering(query, view)
        limit = limit_of(query, default=DEFAULT_LIMIT, most=MAX_LIMIT)
        model = queryset.model
        cursor = decode(query["cursor"], ordering, model) if query.get("cursor") else None
        backwards = cursor is not None and cursor.backwards
        if isinstance(queryset, ListMadeOnce):
            self.total, found = {}, _found(queryset, ordering, cursor, limit + 1)
        else:
            self.total = _total(query, queryset)
            found = list(_window(queryset, ordering, cursor)[: limit + 1])
        has_more, page = len(found) > limit, found[:limit]
        if backwards:
            page.reverse()
        self._link(
            page,
            ordering,
            is_first=not has_more if backwards else cursor is None,
            is_last=cursor is not None if backwards else not has_more,
        )
        self.rows = page
        return page

    def _link(self, page: list[Any], ordering: Ordering, *, is_first: bool, is_last: bool) -> None:
        self.next = self.previous = None
        if page and not is_last:
            self.next = cursor_of(page[-1], ordering, backwards=False).encode()
        if page and not is_first:
            self.previous = cursor_of(page[0], ordering, backwards=True).encode()

    def get_paginated_response(self, data: Any) -> Response:
        """`{"results", "next", "previous"}`, with `total` where it was asked for."""
        return Response(
            {"results": data, "next": self.next, "previous": self.previous, **self.total}
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The page as OpenAPI."""
        cursor = {"type": ["string", "null"], "description": "Give it as `cursor`."}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema,
                "next": cursor,
                "previous": cursor,
                "total": {"type": "integer", "description": "Only with `?total=true`."},
                "total_is_capped": {
                    "type": "boolean",
                    "description": f"There are more than {MAX_TOTAL}.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The query parameters as OpenAPI."""
        allowed = [name for field in _allowed(view) for name in (field, f"-{field}")]
        return [
            _parameter("cursor", {"type": "string"}, "`next` or `previous` of another page."),
            _parameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                "Rows per page.",
            ),
            _parameter("ordering", {"type": "string", "enum": allowed}, "`-` for descending."),
            _parameter("total", {"type": "boolean"}, f"Count the rows, up to {MAX_TOTAL}."),
        ]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _default(view: Any) -> str:
    return str(getattr(view, "ordering", None) or "-created_at")


def _allowed(view: Any) -> list[str]:
    return list(getattr(view, "ordering_fields", None) or [_default(view).lstrip("-")])


def _ordering(query: Mapping[str, str], view: Any) -> Ordering:
    text = query["ordering"] if "ordering" in query else _default(view)
    field = text.removeprefix("-")
    if field not in _allowed(view):
        raise Invalid(
            f"Lists can't be ordered by {field[:100]!r}; take one of {', '.join(_allowed(view))}.",
            code="invalid_ordering",
            parameter="ordering",
        )
    return Ordering(field, descending=text.startswith("-"))


def _window(queryset: QuerySet[Any], ordering: Ordering, cursor: Cursor | None) -> QuerySet[Any]:
    """The rows after (or, backwards, before) the cursor, nearest first."""
    backwards = cursor is not None and cursor.backwards
    descending = ordering.descending != backwards
    ordered = queryset.order_by(
        f"-{ordering.field}" if descending else ordering.field, "-pk" if backwards else "pk"
    )
    if cursor is None:
        return ordered
    name = ordering.field
    beyond = Q(**{f"{name}__{'lt' if descending else 'gt'}": cursor.value})
    tied = Q(**{f"pk__{'lt' if backwards else 'gt'}": cursor.key})
    # The redundant first condition is the one an index can start from.
    reach = Q(**{f"{name}__{'lte' if descending else 'gte'}": cursor.value})
    return ordered.filter(reach & (beyond | tied))


def _found(
    rows: ListMadeOnce, ordering: Ordering, cursor: Cursor | None, count: int
) -> list[dict[str, Any]]:
    """The first `count` rows of the window."""
    if cursor is None:
        return _statement(rows, ordering, None, count).rows(**rows.given)
    standing_in = Cursor(ordering, *_stand_ins(cursor), backwards=cursor.backwards)
    statement = _statement(rows, ordering, standing_in, count)
    return statement.rows(**rows.given, value=cursor.value, key=cursor.key)


@lru_cache(maxsize=64)
def _statement(
    rows: ListMadeOnce, ordering: Ordering, cursor: Cursor | None, count: int
) -> Statement:
    place = {} if cursor is None else {"value": cursor.value, "key": cursor.key}
    return Statement(_window(rows.rows(), ordering, cursor)[:count], **rows.stand_ins, **place)


def _stand_ins(cursor: Cursor) -> tuple[Any, Any]:
    """Values of the same types that no list has."""
    value = datetime.min.replace(tzinfo=UTC) if isinstance(cursor.value, datetime) else "\x00value"
    return value, "\x00key"


def _total(query: Mapping[str, str], queryset: QuerySet[Any]) -> dict[str, Any]:
    wanted = query.get("total", "false")
    if wanted not in ("true", "false"):
        raise Invalid("total is true or false.", code="invalid_total", parameter="total")
    if wanted == "false":
        return {}
    counted = queryset.order_by()[: MAX_TOTAL + 1].count()
    return {"total": min(counted, MAX_TOTAL), "total_is_capped": counted > MAX_TOTAL}
