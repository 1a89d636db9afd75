"""Stand-ins for answers: shaped by a JSON Schema where one is known, and always visibly marked."""

from collections.abc import Mapping

from pydantic import JsonValue

MARK = "(simulated)"
MAX_DEPTH = 8


def stand_in(schema: Mapping[str, JsonValue]) -> JsonValue:
    """A value of the schema's shape; an object also says `simulated: true`."""
    value = _example(schema, 0)
    return {"simulated": True, **value} if isinstance(value, dict) else value


def _example(schema: JsonValue | Mapping[str, JsonValue], depth: int) -> JsonValue:
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return MARK
    if "const" in schema:
        return schema["const"]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    for union in ("anyOf", "oneOf", "allOf"):
        variants = schema.get(union)
        if isinstance(variants, list) and variants:
            return _example(variants[0], depth + 1)
    return _of_type(schema, depth)


def _of_type(schema: Mapping[str, JsonValue], depth: int) -> JsonValue:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    match kind:
        case "integer" | "number":
            return _number(schema, is_integer=kind == "integer")
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return [_example(schema.get("items"), depth + 1)]
        case "object":
            return _object(schema, depth)
        case _:
            return _object(schema, depth) if "properties" in schema else MARK


def _object(schema: Mapping[str, JsonValue], depth: int) -> JsonValue:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: _example(inner, depth + 1) for name, inner in properties.items()}


def _number(schema: Mapping[str, JsonValue], *, is_integer: bool) -> JsonValue:
    for bound in ("minimum", "maximum"):
        value = schema.get(bound)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value) if is_integer else value
    return 1
