"""What a native tool is: a function with a name, a description and JSON Schemas for what goes in and out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import JsonValue

Arguments = dict[str, Any]
# Gets checked arguments (defaults not filled in) and the step's idempotency key; raises `ToolCallFailed` only.
ToolFunction = Callable[[Arguments, str], Awaitable[JsonValue]]
# The same of a tool that only computes.
Computation = Callable[[Arguments], JsonValue]


@dataclass(frozen=True, kw_only=True)
class NativeTool:
    """A tool that comes with the product; its id is `native:NAME`.

    It has either `compute`, which is quick, bounded, without effects and may block its thread, or `function`.
    `may_repeat`: for a tool that is not idempotent as such, whether a call with these arguments is.
    """

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    compute: Computation | None = None
    function: ToolFunction | None = None
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    may_repeat: Callable[[Arguments], bool] | None = None

    @property
    def id(self) -> str:
        """What a definition calls it."""
        return f"native:{self.name}"

    @property
    def is_local(self) -> bool:
        """Whether it only computes, so that it may run as a Temporal local activity."""
        return self.compute is not None

    @cached_property
    def argument_validator(self) -> Draft202012Validator:
        """Compiled once."""
        return Draft202012Validator(self.input_schema)

    @cached_property
    def result_validator(self) -> Draft202012Validator:
        """Compiled once."""
        return Draft202012Validator(self.output_schema)


def closed_object(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an object without other fields."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
