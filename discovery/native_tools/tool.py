"""What a native tool is: a function with a name, a description and JSON Schemas for what goes in and out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import JsonValue

Arguments = dict[str, Any]
# Gets checked arguments (defaults not filled in) and the step's idempotency key; raises `ToolCallFailed` only.
ToolFunction = Callable[[Arguments, str], Awaitable[JsonValue]]


@dataclass(frozen=True, kw_only=True)
class NativeTool:
    """A tool that comes with the product; its id is `native:NAME`.

    `is_local`: quick, without side effects and repeatable, so that it may run as a Temporal local activity.
    `may_repeat`: for a tool that is not idempotent as such, whether a call with these arguments is.
    """

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    function: ToolFunction
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    is_local: bool = True
    may_repeat: Callable[[Arguments], bool] | None = None

    @property
    def id(self) -> str:
        """What a definition calls it."""
        return f"native:{self.name}"

    @cached_property
    def argument_validator(self) -> Draft202012Validator:
        """Compiled once."""
        return Draft202012Validator(self.input_schema)

    @cached_property
    def result_validator(self) -> Draft202012Validator:
        """Compiled once."""
        return Draft202012Validator(self.output_schema)


def pure(function: Callable[[Arguments], JsonValue]) -> ToolFunction:
    """Make a tool function of one that only computes; in a thread, so that the event loop stays responsive."""

    async def run(arguments: Arguments, _idempotency_key: str) -> JsonValue:
        return await asyncio.to_thread(function, arguments)

    return run


def closed_object(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an object without other fields."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
