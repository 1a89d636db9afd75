"""Pages over two sources as one list: the native tools by name, then the MCP tools by server and name."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from common import strict_json
from common.errors import NotFound
from common.rest import limit_of
from discovery.models import McpTool
from discovery.native_tools import NATIVE_TOOLS, NativeTool

# Sorts before every MCP tool, whose key begins with its server's id.
NATIVE_SERVER = ""
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
Key = tuple[str, str]


@dataclass(frozen=True)
class Place:
    """Between two tools: beside `key`, looking onwards or, for a previous page, back."""

    key: Key
    backwards: bool

    def encode(self) -> str:
        """As an opaque text."""
        text = f'["{self.key[0]}", "{self.key[1]}", {str(self.backwards).lower()}]'
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str) -> Place:
    """The place in `text`; raises `NotFound` for anything that is not ours, as every list does."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        match strict_json.loads(raw, max_bytes=1000):
            case [str() as server, str() as name, bool() as backwards]:
                return Place((server, name), backwards)
    except ValueError:  # base64's, JSON's and ours
        pass
    raise NotFound(
        "This cursor leads to no page of this list; start again without it.", code="invalid_cursor"
    )


def window(
    rows: QuerySet[McpTool], native: Sequence[NativeTool], place: Place | None, count: int
) -> list[NativeTool | McpTool]:
    """At most `count` tools beyond `place`, nearest first."""
    if place is not None and place.backwards:
        before = rows.filter(_before(place.key)).order_by("-server_id", "-name")
        found: list[NativeTool | McpTool] = list(before[:count])
        return [*found, *[one for one in reversed(native) if key_of(one) < place.key]][:count]
    start = [one for one in native if place is None or key_of(one) > place.key][:count]
    after = rows if place is None else rows.filter(_after(place.key))
    return [*start, *after.order_by("server_id", "name")[: count - len(start)]]


def key_of(tool: NativeTool | McpTool) -> Key:
    """Where the tool stands in the list."""
    if isinstance(tool, NativeTool):
        return NATIVE_SERVER, tool.name
    return tool.server_id, tool.name


def _native_tools(*, search: str, source: str, read_only: str) -> list[NativeTool]:
    """The native tools that the list's filters (query parameters, already checked) leave, by name."""
    if source not in ("", "native"):
        return []
    words = search.lower().split()[:10]
    return [
        tool
        for name, tool in sorted(NATIVE_TOOLS.items())
        if read_only in ("", str(tool.read_only).lower())
        and all(word in f"native:{name} {tool.description}".lower() for word in words)
    ]


def row_of(tool: NativeTool | McpTool) -> dict[str, Any]:
    """The tool as the API shows it."""
    server, name = key_of(tool)
    return {
        "id": f"{server or 'native'}:{name}",
        "source": f"mcp:{server}" if server else "native",
        "name": name,
        "description": tool.description,
        "input_schema": tool.input_schema,
        "output_schema": tool.output_schema,
        "read_only": tool.read_only,
        "destructive": tool.destructive,
        "idempotent": tool.idempotent,
    }


def _after(key: Key) -> Q:
    return Q(server_id__gt=key[0]) | Q(server_id=key[0], name__gt=key[1])


def _before(key: Key) -> Q:
    return Q(server_id__lt=key[0]) | Q(server_id=key[0], name__lt=key[1])


class ToolPages(BasePagination):
    """Keyset pages over both sources; the query parameters are those of every list, without `ordering`."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any | None = None
    ) -> list[Any]:
        """The page's rows, as the API shows them; raises `Invalid` for a wrong limit or cursor."""
        query = request.query_params
        limit = limit_of(query, default=DEFAULT_LIMIT, most=MAX_LIMIT)
        place = decode(query["cursor"]) if query.get("cursor") else None
        native = _native_tools(
            search=query.get("search", ""),
            source=query.get("source", ""),
            read_only=query.get("read_only", ""),
        )
        found = window(queryset, native, place, limit + 1)
        has_more, page = len(found) > limit, found[:limit]
        if place is not None and place.backwards:
            page.reverse()
            self._link(page, is_first=not has_more, is_last=False)
        else:
            self._link(page, is_first=place is None, is_last=not has_more)
        return [row_of(tool) for tool in page]

    def get_paginated_response(self, data: Any) -> Response:
        """`{"results", "next", "previous"}`."""
        return Response({"results": data, "next": self.next, "previous": self.previous})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The page as OpenAPI."""
        cursor = {"type": ["string", "null"], "description": "Give it as `cursor`."}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": cursor, "previous": cursor},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The query parameters as OpenAPI."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            _parameter("cursor", {"type": "string"}, "`next` or `previous` of another page."),
            _parameter("limit", limit, "Rows per page."),
        ]

    def _link(self, page: list[NativeTool | McpTool], *, is_first: bool, is_last: bool) -> None:
        self.next = self.previous = None
        if page and not is_last:
            self.next = Place(key_of(page[-1]), backwards=False).encode()
        if page and not is_first:
            self.previous = Place(key_of(page[0]), backwards=True).encode()


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }
