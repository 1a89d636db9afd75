"""What became of the properties of a JSON Schema."""

from collections.abc import Mapping
from typing import Any

from workflows.definition.fields import nearest

_WORDS = frozenset({"title", "description", "examples", "$comment", "default"})


def properties(schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The named properties; none where the schema has no such list."""
    found = (schema or {}).get("properties")
    return found if isinstance(found, Mapping) else {}


def required(schema: Mapping[str, Any] | None) -> list[str]:
    """The names that must be there."""
    found = (schema or {}).get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def is_closed(schema: Mapping[str, Any]) -> bool:
    """Whether no other names are taken."""
    return schema.get("additionalProperties") is False and "patternProperties" not in schema


def counterpart(
    name: str, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> str | None:
    """The new name of the property `name` that is gone, where there is one clear answer.

    It must be new, look alike apart from words, and be the only such pair; of several one that is spelt nearly alike.
    """
    old, new = properties(before), properties(now)
    gone = [one for one in old if one not in new and alike(old[one], old.get(name))]
    come = [one for one in new if one not in old and alike(new[one], old.get(name))]
    if name not in gone:
        return None
    if len(gone) == len(come) == 1:
        return come[0]
    near = nearest(name, come)
    rivals = [one for one in gone if one != name and nearest(one, come) == near]
    return near if not rivals else None


def alike(one: Any, other: Any) -> bool:
    """Whether two schemas ask for the same, whatever words they use."""
    return bool(_bare(one) == _bare(other))


def described(schema: Any) -> str:
    """What a schema asks for, in a few words."""
    if not isinstance(schema, Mapping):
        return "any value"
    if isinstance(schema.get("enum"), list):
        return f"one of {', '.join(map(repr, schema['enum'][:10]))}"[:200]
    given = schema.get("type")
    names = given if isinstance(given, list) else [given]
    return " or ".join(str(name) for name in names if name) or "any value"


def only_value(schema: Any) -> tuple[Any, ...]:
    """The value that a property can have, or has by default, where there is exactly one; else nothing."""
    if not isinstance(schema, Mapping):
        return ()
    if "default" in schema:
        return (schema["default"],)
    if "const" in schema:
        return (schema["const"],)
    choices = schema.get("enum")
    return tuple(choices) if isinstance(choices, list) and len(choices) == 1 else ()


def _bare(schema: Any, *, are_names: bool = False) -> Any:
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: _bare(value, are_names=not are_names and key == "properties")
        for key, value in schema.items()
        if are_names or key not in _WORDS
    }
