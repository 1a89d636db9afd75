"""References and templates at run time: what they name, and what becomes of them."""

import json
from collections.abc import Callable, Iterator
from enum import Enum
from functools import lru_cache
from typing import Final

from pydantic import JsonValue

from workflows.definition.plain_json import compact, join
from workflows.definition.template_grammar import (
    MAX_CACHED,
    Expression,
    Reference,
    Template,
    TemplateSyntaxError,
    parse_expression,
    parse_template,
    replace_expression,
)

__all__ = [
    "MISSING",
    "Expression",
    "Lookup",
    "Missing",
    "Reference",
    "Template",
    "TemplateFailed",
    "TemplateSyntaxError",
    "TemplateTooLarge",
    "TemplateUnresolved",
    "as_text",
    "expressions_in",
    "follow",
    "parse_expression",
    "parse_template",
    "references_in",
    "replace_expression",
    "resolve",
    "resolve_expression",
]


class Missing(Enum):
    """The type of `MISSING`: what a path that leads nowhere gives, as opposed to null."""

    MISSING = "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING


Lookup = Callable[[Reference], JsonValue | Missing]

# A few kilobytes of template can name a large value thousands of times: without a bound that fills the memory.
MAX_RESOLVED_CHARACTERS = 32 * 2**20


class TemplateFailed(ValueError):
    """A template that gives no usable value: the run-time error `template_error`; the message is a sentence."""


class TemplateTooLarge(TemplateFailed):
    """What the templates of one value would give together exceeds `MAX_RESOLVED_CHARACTERS`."""

    def __init__(self) -> None:
        mebibytes = MAX_RESOLVED_CHARACTERS // 2**20
        super().__init__(
            f"The templates give more than {mebibytes} MiB together. Refer to a part of the values."
        )


class TemplateUnresolved(TemplateFailed):
    """A reference whose path leads nowhere and that has no `??` to fall back on."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(
            f"${{{reference.text}}} is missing: nothing stands at that path."
            " Add a fallback with ?? if that is to be expected."
        )
        self.reference = reference


def expressions_in(value: JsonValue, pointer: str = "") -> Iterator[tuple[str, Expression]]:
    """Every expression in the strings of `value`, nested ones included, with the pointer of its string."""
    if isinstance(value, str):
        if "${" in value:
            for part in parse_template(value):
                if isinstance(part, Expression):
                    yield pointer, part
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from expressions_in(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from expressions_in(item, join(pointer, key))


def references_in(value: JsonValue) -> list[Reference]:
    """All references of the templates in `value`, each once, in order. Raises `TemplateSyntaxError`."""
    if isinstance(value, str) and len(value) <= MAX_CACHED:
        return list(_references_cached(value))
    return _references(value)


@lru_cache(maxsize=4_096)
def _references_cached(text: str) -> tuple[Reference, ...]:
    return tuple(_references(text))


def _references(value: JsonValue) -> list[Reference]:
    found = (ref for _, expression in expressions_in(value) for ref in expression.references)
    return list(dict.fromkeys(found))


def resolve(value: JsonValue, lookup: Lookup) -> JsonValue:
    """`value` with its templates filled in. What `lookup` gives is data: it is never read as a template again.

    A string that is exactly one expression becomes the value itself, with its JSON type; inside other text strings go
    in as they are and everything else as compact JSON. Raises `TemplateFailed`, `TemplateSyntaxError`.
    """
    return _resolved(value, lookup, _Room())


class _Room:
    """How much the templates of one value may still give."""

    def __init__(self) -> None:
        self._left = MAX_RESOLVED_CHARACTERS

    def take(self, text: str) -> None:
        """Count `text`; raises `TemplateTooLarge`."""
        self._left -= len(text)
        if self._left < 0:
            raise TemplateTooLarge


def _resolved(value: JsonValue, lookup: Lookup, room: _Room) -> JsonValue:
    if isinstance(value, str):
        return _fill(value, lookup, room) if "${" in value else value
    if isinstance(value, list):
        return [_resolved(item, lookup, room) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(item, lookup, room) for key, item in value.items()}
    return value


def resolve_expression(expression: Expression, lookup: Lookup) -> JsonValue:
    """The first of the alternatives that is neither missing nor null; null where at least one of them is null.

    Raises `TemplateUnresolved` where all are missing.
    """
    is_null = False
    for reference in expression.references:
        value = lookup(reference)
        if value is None:
            is_null = True
        elif value is not MISSING:
            return value
    if expression.has_literal:
        literal: JsonValue = json.loads(expression.literal)
        return literal
    if is_null:
        return None
    raise TemplateUnresolved(expression.references[0])


def follow(value: JsonValue | Missing, path: tuple[str | int, ...]) -> JsonValue | Missing:
    """What stands at `path` inside `value`: keys of objects, indexes of lists, else `MISSING`."""
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key, MISSING)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return MISSING
    return value


def as_text(value: JsonValue) -> str:
    """`value` as it reads inside other text."""
    return value if isinstance(value, str) else compact(value)


def _fill(text: str, lookup: Lookup, room: _Room) -> JsonValue:
    parts = parse_template(text)
    if len(parts) == 1 and isinstance(parts[0], Expression):
        value = resolve_expression(parts[0], lookup)
        room.take(as_text(value))
        return value
    pieces = []
    for part in parts:
        pieces.append(part if isinstance(part, str) else as_text(resolve_expression(part, lookup)))
        room.take(pieces[-1])
    return "".join(pieces)
