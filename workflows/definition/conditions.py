"""Conditions: CEL over references, each bound to a variable before the CEL library sees the text."""

import datetime
import math
from functools import lru_cache

import cel
from pydantic import JsonValue

from workflows.definition.cel_text import (
    FUNCTIONS,
    CelText,
    ConditionSyntaxError,
    Macro,
    read,
)
from workflows.definition.plain_json import compact, has_foreign_characters
from workflows.definition.references import (
    Lookup,
    Reference,
    TemplateUnresolved,
    resolve_expression,
)

__all__ = [
    "ConditionFailed",
    "ConditionReferenceMissing",
    "ConditionSyntaxError",
    "check_condition",
    "evaluate",
    "evaluate_condition",
    "references_in_condition",
]

MAX_VALUE_BYTES = 64 * 1024
MAX_ITEMS = 1_000
# Bytes of bound values times items of a list: `+` in a macro's body copies its operands for each item.
MAX_MACRO_WORK = 10_000_000
MAX_RESULT_DEPTH = 64

# What the CEL library raises for an expression that can't be evaluated.
_CEL_ERRORS = (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError)


class ConditionFailed(ValueError):
    """A condition that gives no usable value: the run-time error `condition_error`; the message is a sentence."""


class ConditionReferenceMissing(ConditionFailed, TemplateUnresolved):
    """A reference of a condition leads nowhere and has no `??`: the run-time error `template_error`."""

    def __init__(self, reference: Reference) -> None:
        TemplateUnresolved.__init__(self, reference)


def references_in_condition(text: str) -> list[Reference]:
    """All references in `text`, each once, in order. Raises `ConditionSyntaxError`."""
    return list(read(text).references)


def check_condition(text: str) -> CelText:
    """`text` taken apart, if it compiles. Raises `ConditionSyntaxError` with a sentence."""
    parsed = read(text)
    _compiled(text)
    return parsed


def evaluate_condition(text: str, lookup: Lookup) -> bool:
    """Whether the condition holds. Raises `ConditionFailed`, also for a value that is not boolean."""
    value = evaluate(text, lookup)
    if not isinstance(value, bool):
        raise ConditionFailed(
            f"The condition {_short(text)!r} must be true or false; it gave {_short(compact(value))}."
        )
    return value


def evaluate(text: str, lookup: Lookup) -> JsonValue:
    """The value of a CEL expression over references. Raises `ConditionFailed` with a sentence.

    `ConditionReferenceMissing`, a subclass, says that a reference without `??` led nowhere.
    """
    try:
        parsed = read(text)
        program = _compiled(text)
    except ConditionSyntaxError as error:
        raise ConditionFailed(str(error)) from error
    bound = _bound(parsed, lookup)
    for macro in parsed.macros:
        _limit_items(macro, bound)
    try:
        value = program.execute(bound)
    except _CEL_ERRORS as error:
        raise ConditionFailed(
            f"The condition {_short(text)!r} can't be evaluated: {_reason(error)}"
        ) from error
    return _as_json(value, text)


@lru_cache(maxsize=4_096)
def _compiled(text: str) -> cel.Program:
    """The program of `text`, proven to use nothing but its references and the allowed functions."""
    parsed = read(text)
    try:
        program = cel.compile(parsed.source)
        names = program.references()
    except _CEL_ERRORS as error:
        raise ConditionSyntaxError(f"This is no condition: {_reason(error)}") from error
    known = {name for name, _ in parsed.variables} | parsed.macro_variables
    for name in names["variables"]:
        if name not in known:
            raise ConditionSyntaxError(
                f"The name {_short(name)!r} is unknown; refer to values as ${{…}}, and put texts in quotes."
            )
    for name in names["functions"]:
        if name[0].isalpha() and name not in FUNCTIONS:
            raise ConditionSyntaxError(
                f"{_short(name)}() is no function of conditions; there are {', '.join(sorted(FUNCTIONS))}."
            )
    return program


def _bound(parsed: CelText, lookup: Lookup) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {}
    for name, expression in parsed.variables:
        try:
            value = resolve_expression(expression, lookup)
        except TemplateUnresolved as error:
            raise ConditionReferenceMissing(error.reference) from error
        if _size(value) > MAX_VALUE_BYTES:
            raise ConditionFailed(
                f"${{{_short(expression.text)}}} is larger than {MAX_VALUE_BYTES // 1024} KiB,"
                " the most a condition may look at."
            )
        values[name] = value
    return values


def _size(value: JsonValue) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, list | dict):
        return len(compact(value).encode("utf-8", "replace"))
    return 8


def _limit_items(macro: Macro, bound: dict[str, JsonValue]) -> None:
    """Refuse a macro over too many items. What is no list or map is left to the evaluation, which says so."""
    try:
        items = _receiver_size(macro.receiver).execute(bound)
    except _CEL_ERRORS:
        return
    if items > MAX_ITEMS:
        raise ConditionFailed(
            f"exists() and all() take at most {MAX_ITEMS} items; here are {items}."
        )
    if macro.has_plus and items * sum(map(_size, bound.values())) > MAX_MACRO_WORK:
        raise ConditionFailed("The values are too large for a + inside exists() or all().")


@lru_cache(maxsize=1_024)
def _receiver_size(receiver: str) -> cel.Program:
    return cel.compile(f"size({receiver})")


def _as_json(value: object, text: str, depth: int = 0) -> JsonValue:
    if depth > MAX_RESULT_DEPTH:
        raise ConditionFailed(f"{_short(text)!r} gives a value that is nested too deep.")
    if isinstance(value, str) and not has_foreign_characters(value):
        return value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list):
        return [_as_json(item, text, depth + 1) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _as_json(item, text, depth + 1) for key, item in value.items()}
    if isinstance(value, datetime.datetime | datetime.timedelta):
        raise ConditionFailed(f"{_short(text)!r} gives a time; turn it into text with string().")
    raise ConditionFailed(f"{_short(text)!r} gives a value that is no JSON.")


def _reason(error: Exception) -> str:
    """The library's first line, without our variables' text around it and bounded."""
    first = str(error).split("\n", 1)[0]
    if "ERROR: <input>:" in first:
        first = first.split("ERROR: <input>:", 1)[1].split(" ", 1)[-1]
    if isinstance(error, KeyError):
        first = f"there is no key {first}."
    return _short(first, 300)


def _short(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
