"""The data that a step can read, and a tool's arguments from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.planning.language.words import tokens
from generation.planning.open_arguments import open_argument

# Properties that hold what is handed on, in the order in which they get it.
CONTENT = ("text", "content", "body", "message", "data", "input", "document", "query", "question", "prompt",
            "description", "comment", "note", "value", "html", "markdown", "title", "subject", "summary")  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Data that a step can read: a template, what it is called, and (where known) the JSON Schema of its value."""

    template: str
    label: str = ""
    schema: Mapping[str, Any] | None = None
    is_list: bool = False


def from_data(name: str, described: Mapping[str, Any], sources: list[Source]) -> tuple[Any, bool]:
    """A required argument from the data: the field of the same name, else the newest data, else the user's input."""
    kind = described.get("type")
    for source in reversed(sources):
        field = _field(source, name, kind)
        if field:
            return field, True
    words = set(tokens(name))
    is_content = bool(words & set(CONTENT))
    source = sources[-1] if is_content or len(sources) == 1 else sources[0]
    if described.get("enum"):
        return open_argument(name, described), False
    if kind == "array" and source.is_list:
        return source.template, True
    if kind == "array" and _holds_texts(described):
        return [source.template], False
    if kind in ("string", None):
        text = (_text_field(source) or as_text(source)) if kind else source.template
        called = set(tokens(source.label))
        return text, is_content or (bool(called) and called <= words)
    return open_argument(name, described), False


def _holds_texts(described: Mapping[str, Any]) -> bool:
    """Whether the items of a list may be texts."""
    items = described.get("items")
    return not isinstance(items, Mapping) or items.get("type", "string") == "string"


def wants_rules(described: Any) -> bool:
    """Whether an argument is a list of objects or an object, which no text at hand can be."""
    if not isinstance(described, Mapping):
        return False
    kind, items = described.get("type"), described.get("items")
    is_list_of_objects = isinstance(items, Mapping) and items.get("type") == "object"
    return kind == "object" or (kind == "array" and is_list_of_objects)


def with_text(sources: list[Source]) -> list[Source]:
    """The sources up to the newest that has a text in it; a list of results counts as one."""
    for count in range(len(sources), 1, -1):
        newest = sources[count - 1]
        if newest.is_list or not _is_object(newest) or _holds_content(newest):
            return sources[:count]
    return sources[:1]


def _is_object(source: Source) -> bool:
    return bool(source.schema) and isinstance((source.schema or {}).get("properties"), Mapping)


def _holds_content(source: Source) -> bool:
    return bool(set((source.schema or {}).get("properties", ())) & set(CONTENT))


def _text_field(source: Source) -> str:
    """The template of the one field that holds what a source is about, else ''."""
    names = [name for name in CONTENT if _field(source, name, "string")]
    if names:
        return _field(source, names[0], "string") if len(names) == 1 else ""
    # What a page holds may be a text or something else: as part of a text it is one.
    loose = [field for name in CONTENT if (field := _field(source, name, None))]
    return f"{loose[0]}\n" if len(loose) == 1 else ""


def _field(source: Source, name: str, kind: Any) -> str:
    """The template of a field of `source` that is called like the argument and has its type and is always there, else ''."""
    schema = source.schema or {}
    properties = schema.get("properties")
    if name not in (schema.get("required") or ()):
        return ""
    described = properties.get(name) if isinstance(properties, Mapping) else None
    if (
        isinstance(described, Mapping)
        and described.get("type") == kind
        and re.fullmatch(r"[A-Za-z_][\w-]*", name)
    ):
        return f"{source.template[:-1]}.{name}}}"
    return ""


def as_text(source: Source) -> str:
    """A template whose value is surely a text: a lone reference keeps its type, one inside a text does not."""
    kind = source.schema.get("type") if source.schema else None
    if source.is_list or kind in ("object", "array", "number", "integer", "boolean"):
        return f"{source.template}\n"
    return source.template
