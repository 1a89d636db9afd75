"""Short hashes of what tools and agents are: compared with what somebody approved, instead of the things themselves."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from discovery.native_tools import NATIVE_TOOLS, NativeTool

# Words for readers. A tool step's call does not depend on them; an agent's prompt does.
_WORDS = frozenset({"title", "description", "examples", "$comment"})
# Keys of these are names that somebody chose, not keywords.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_PLAIN_VALUES = frozenset({"default", "const", "enum"})
_UNORDERED = frozenset({"required", "type"})


class Contract(Protocol):
    """The part of a tool that a call depends on."""

    @property
    def input_schema(self) -> Mapping[str, Any]: ...
    @property
    def output_schema(self) -> Mapping[str, Any] | None: ...
    @property
    def read_only(self) -> bool: ...
    @property
    def destructive(self) -> bool: ...
    @property
    def idempotent(self) -> bool: ...


def contract_hash(tool: Contract) -> str:
    """SHA-256 of schemas and annotations without their words: equal for tools that a step can call alike."""
    output = tool.output_schema
    return _hash(
        [
            without_words(tool.input_schema),
            None if output is None else without_words(output),
            [tool.read_only, tool.destructive, tool.idempotent],
        ]
    )


@cache
def native_hashes() -> Mapping[str, str]:
    """SHA-256 of everything that each native tool says of itself, by its id; once per process."""
    return {tool.id: _hash_of_native(tool) for tool in NATIVE_TOOLS.values()}


def _hash_of_native(tool: NativeTool) -> str:
    said = [tool.name, tool.description, tool.input_schema, tool.output_schema]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def without_words(schema: Any) -> Any:
    """A JSON Schema without titles, descriptions and examples, and with what has no order sorted."""
    if isinstance(schema, list):
        return [without_words(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: _part(key, value) for key, value in schema.items() if key not in _WORDS}


def _part(key: str, value: Any) -> Any:
    if key in _PLAIN_VALUES:
        return value
    if key in _NAMED and isinstance(value, Mapping):
        return {name: without_words(part) for name, part in value.items()}
    if key in _UNORDERED and isinstance(value, list):
        return sorted(value, key=str)
    return without_words(value)


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
