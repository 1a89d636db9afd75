"""Definitions that tools had before: kept when another one takes their place, for whoever looks at a call of then."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from discovery.models import McpTool, PastTool
from discovery.reserved import RESERVED_SERVER_IDS

# Of each tool, the newest: a server that tells something new each time must not fill the table.
MOST_KEPT = 50

# A tool's id and the hash of a definition of it.
Definition = tuple[str, str]


def keep_definitions(tools: Iterable[McpTool]) -> None:
    """Keep what these tools are now, before they become others or are deleted."""
    rows = [
        PastTool(
            server=tool.server_id,
            name=tool.name,
            schema_hash=tool.schema_hash,
            input_schema=tool.input_schema,
            output_schema=tool.output_schema,
        )
        for tool in tools
    ]
    if not rows:
        return
    PastTool.objects.bulk_create(rows, ignore_conflicts=True)
    kept = PastTool.objects.filter(server__in={row.server for row in rows})
    age = Window(RowNumber(), partition_by=[F("server"), F("name")], order_by=F("pk").desc())
    old = kept.annotate(age=age).filter(age__gt=MOST_KEPT).values_list("pk", flat=True)
    PastTool.objects.filter(pk__in=list(old)).delete()


def schemas_of(wanted: Collection[Definition]) -> Mapping[Definition, dict[str, Any]]:
    """{input_schema, output_schema} of MCP tools as they are or were, as far as they are known; in two queries at most."""
    asked = [one for one in wanted if one[0].partition(":")[0] not in RESERVED_SERVER_IDS]
    found: dict[Definition, dict[str, Any]] = {}
    for model, server in ((McpTool, "server_id"), (PastTool, "server")):
        missing = [one for one in asked if one not in found]
        if not missing:
            break
        rows = model._default_manager.filter(_any_of(missing, server))
        columns = rows.values_list(server, "name", "schema_hash", "input_schema", "output_schema")
        for server_id, name, schema_hash, taken, given in columns:
            schemas = {"input_schema": taken, "output_schema": given}
            found[f"{server_id}:{name}", schema_hash] = schemas
    return found


def _any_of(wanted: Collection[Definition], server: str) -> Q:
    one_of_them = Q(pk__in=())
    for tool, schema_hash in wanted:
        server_id, _, name = tool.partition(":")
        one_of_them |= Q(**{server: server_id, "name": name, "schema_hash": schema_hash})
    return one_of_them
