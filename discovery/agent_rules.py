"""What an agent must keep to before it is stored."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from jsonschema import Draft202012Validator, SchemaError

from common.errors import Invalid
from discovery.native_tools import NATIVE_TOOLS
from discovery.selectors import mcp_tools_for

MAX_TOOLS = 100
MAX_SCHEMA_BYTES = 64 * 1024


def check_tools(tools: list[str], *, by: User, already: Iterable[str] = ()) -> None:
    """Refuse tools that do not exist for `by`; those that the agent has `already` may stay. Raises `Invalid`."""
    if len(tools) > MAX_TOOLS:
        raise Invalid(f"At most {MAX_TOOLS} tools.", code="too_many", pointer="/tools")
    known = set(already) | {f"native:{name}" for name in NATIVE_TOOLS}
    unknown = set(tools) - known
    if unknown:
        servers = {tool.partition(":")[0] for tool in unknown}
        rows = mcp_tools_for(by).filter(server_id__in=servers).values_list("server_id", "name")
        unknown -= {f"{server}:{name}" for server, name in rows}
    for position, tool in enumerate(tools):
        if tool in unknown:
            raise Invalid(
                f"There is no tool {tool[:250]!r}. Tools are named 'server-id:tool' or 'native:tool'.",
                code="unknown_tool",
                pointer=f"/tools/{position}",
            )
        if tool in tools[:position]:
            raise Invalid(
                f"{tool!r} stands twice.", code="duplicate_tool", pointer=f"/tools/{position}"
            )


def check_output_schema(schema: Mapping[str, Any] | None) -> None:
    """Refuse what is no JSON Schema (draft 2020-12) of a reasonable size; raises `Invalid`."""
    if schema is None:
        return
    if len(json.dumps(schema)) > MAX_SCHEMA_BYTES:
        raise _bad_schema(f"It is larger than {MAX_SCHEMA_BYTES} bytes.")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise _bad_schema(f"{error.message[:300]}.") from error


def _bad_schema(detail: str) -> Invalid:
    return Invalid(
        f"This is no usable JSON Schema. {detail}", code="invalid_schema", pointer="/output_schema"
    )
