"""References and templates at run time: what they name, and what becomes of them."""

import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from pydantic import JsonValue

from workflows.definition.plain_json import compact, join
from workflows.definition.template_grammar import (
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
    "TemplateSyntaxError",
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


class TemplateUnresolved(ValueError):
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
    found = (ref for _, expression in expressions_in(value) for ref in expression.references)
    return list(dict.fromkeys(found))


def resolve(value: JsonValue, lookup: Lookup) -> JsonValue:
    """`value` with its templates filled in. What `lookup` gives is data: it is never read as a template again.

    A string that is exactly one expression becomes the value itself, with its JSON type; inside other text strings go
    in as they are and everything else as compact JSON. Raises `TemplateUnresolved`, `TemplateSyntaxError`.
    """
    if isinstance(value, str):
        return _fill(value, lookup) if "${" in value else value
    if isinstance(value, list):
        return [resolve(item, lookup) for item in value]
    if isinstance(value, dict):
        return {key: resolve(item, lookup) for key, item in value.items()}
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


def _fill(text: str, lookup: Lookup) -> JsonValue:
    parts = parse_template(text)
    if len(parts) == 1 and isinstance(parts[0], Expression):
        return resolve_expression(parts[0], lookup)
    return "".join(
        part if isinstance(part, str) else as_text(resolve_expression(part, lookup))
        for part in parts
    )
