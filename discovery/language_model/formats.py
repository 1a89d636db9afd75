"""How a JSON Schema for an answer is put to a model, and how its answer is unpacked again.

Vendors take only an object at the root, so another schema travels as the one field of an object. Their strict mode
guarantees the schema but knows a subset of JSON Schema: each object closed, each field required, few keywords
(https://platform.openai.com/docs/guides/structured-outputs). What fits is sent strict, the rest as guidance.
"""

import json
from typing import Any

from common import strict_json

_WRAPPED_FIELD = "answer"
_DEFINITIONS = ("$defs", "definitions")
_STRICT_KEYWORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "enum", "const"),
        *("anyOf", "$ref", "$defs", "definitions", "title", "description"),
        *("pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "minItems", "maxItems", "minLength", "maxLength"),
    }
)
_MAX_STRICT_DEPTH = 10


def response_format(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The `response_format` of a chat-completions request that asks for `schema`."""
    sent = _wrapped(schema) if _needs_wrapping(schema) else schema
    return {
        "type": "json_schema",
        "json_schema": {"name": _safe_name(name), "schema": sent, "strict": fits_strict_mode(sent)},
    }


def unpacked(text: str, schema: dict[str, Any]) -> str:
    """The answer's JSON text without the object around it; a text in another shape is returned as it is."""
    if not _needs_wrapping(schema):
        return text
    try:
        value = strict_json.loads(text)
    except strict_json.RefusedJson:
        return text
    if not isinstance(value, dict) or set(value) != {_WRAPPED_FIELD}:
        return text
    return json.dumps(value[_WRAPPED_FIELD], ensure_ascii=False)


def fits_strict_mode(schema: Any, depth: int = 0) -> bool:
    """Whether each part of the schema is in the subset that strict mode takes."""
    if not isinstance(schema, dict) or depth > _MAX_STRICT_DEPTH:
        return False
    if not set(schema) <= _STRICT_KEYWORDS or not schema.keys() & {"type", "anyOf", "$ref"}:
        return False
    if _is_object(schema) and not _is_closed(schema):
        return False
    return all(fits_strict_mode(part, depth + 1) for part in _parts(schema))


def _needs_wrapping(schema: dict[str, Any]) -> bool:
    return schema.get("type") != "object"


def _wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    inner = {key: value for key, value in schema.items() if key not in (*_DEFINITIONS, "$schema")}
    # References name their definitions from the root, so these stay there.
    shared = {key: schema[key] for key in _DEFINITIONS if key in schema}
    return {
        "type": "object",
        "properties": {_WRAPPED_FIELD: inner},
        "required": [_WRAPPED_FIELD],
        "additionalProperties": False,
        **shared,
    }


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return (
        kind == "object" or "properties" in schema or (isinstance(kind, list) and "object" in kind)
    )


def _is_closed(schema: dict[str, Any]) -> bool:
    fields = schema.get("properties", {})
    return (
        schema.get("additionalProperties") is False
        and isinstance(fields, dict)
        and sorted(fields) == sorted(schema.get("required", []))
    )


def _parts(schema: dict[str, Any]) -> list[Any]:
    parts: list[Any] = list(schema.get("anyOf", []))
    for key in ("properties", *_DEFINITIONS):
        parts.extend(schema.get(key, {}).values())
    if "items" in schema:
        parts.append(schema["items"])
    return parts


def _safe_name(name: str) -> str:
    """Vendors take letters, digits, '-' and '_', at most 64."""
    kept = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in name
    )
    return kept[:64] or "answer"
