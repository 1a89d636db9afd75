"""Fixes that write a reference differently."""

from typing import Any

from workflows.definition.checks.subject import Subject
from workflows.definition.plain_json import at
from workflows.definition.references import Expression, Reference, replace_expression
from workflows.definition.uses import Use

Patch = tuple[dict[str, Any], ...]


def rewritten(subject: Subject, use: Use, new: str) -> Patch | None:
    """A patch that writes the expression of `use` as `${new}`, everywhere in its text."""
    text = at(subject.canonical, use.pointer)
    if not isinstance(text, str):
        return None
    value = replace_expression(text, use.expression, new)
    return ({"op": "replace", "path": use.pointer, "value": value},)


def redirected(subject: Subject, use: Use, reference: Reference, right: str) -> Patch | None:
    """A patch that writes `reference` as `right`, leaving the other alternatives of its expression."""
    return rewritten(subject, use, _with(use.expression, reference, right))


def _with(expression: Expression, old: Reference, right: str) -> str:
    parts = [right if ref == old else ref.text for ref in expression.references]
    if expression.has_literal:
        parts.append(expression.literal)
    return " ?? ".join(parts)
