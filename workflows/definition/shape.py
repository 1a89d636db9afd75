"""What pydantic says about the canonical shape, as problems a person can act on."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from workflows.definition.fields import nearest
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem

_ID_RULE = "An id starts with a letter and has letters, digits, - and _, at most 100 in all."


def shape_problems(error: ValidationError, canonical: dict[str, Any]) -> list[Problem]:
    """One problem for each place, with pointers into the canonical form."""
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False, include_context=True):
        pointer = _pointer(detail, canonical)
        if pointer is not None:
            found.setdefault(pointer, _problem(detail, pointer))
    return list(found.values())


def _pointer(detail: ErrorDetails, canonical: dict[str, Any]) -> str | None:
    """The place of `detail`: its location without the names of union members. None for the wrong member of a union."""
    value: Any = canonical
    pointer = ""
    keys = detail["loc"]
    is_element = False
    for number, key in enumerate(keys):
        if is_element and isinstance(value, dict) and value.get("type") == key:
            is_element = False
            continue
        if _has(value, key):
            value = value[key]
        elif detail["type"] == "missing" and number == len(keys) - 1:
            return join(pointer, key)
        elif isinstance(key, str) and _is_other_member(key, value):
            return None
        else:
            continue
        is_element = isinstance(key, int) and number > 0 and keys[number - 1] == "steps"
        pointer = join(pointer, key)
    return pointer


def _has(value: object, key: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(key, int) and key < len(value)
    return isinstance(value, dict) and key in value


def _is_other_member(key: str, value: object) -> bool:
    """Whether pydantic tried `value` as a kind of value that it evidently isn't meant to be (`on_error`)."""
    return (key == "str" and isinstance(value, list)) or (
        key.startswith("list[") and isinstance(value, str)
    )


def _problem(detail: ErrorDetails, pointer: str) -> Problem:
    kind = detail["type"]
    name = pointer.rsplit("/", 1)[-1]
    if kind == "missing":
        place = pointer.rsplit("/", 1)[0]
        return Problem("missing_field", "error", place, f"`{name}` is missing.", f"Add `{name}`.")
    shown = repr(detail["input"])
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    if kind == "string_pattern_mismatch":
        return Problem("bad_id", "error", pointer, f"{shown} is no id.", _ID_RULE)
    if kind == "literal_error":
        return _unknown_value(detail, pointer, shown)
    code = "wrong_type" if kind.endswith("_type") else "out_of_range"
    return Problem(code, "error", pointer, f"{detail['msg']}; here stands {shown}.")


def _unknown_value(detail: ErrorDetails, pointer: str, shown: str) -> Problem:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    known = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
    given = detail["input"]
    near = nearest(given, known) if isinstance(given, str) else None
    fix = ({"op": "replace", "path": pointer, "value": near},) if near else None
    hint = f"Known are: {', '.join(known)}."
    return Problem("unknown_value", "error", pointer, f"{shown} is not known here.", hint, fix)
