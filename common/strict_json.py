"""The one gate for JSON that comes from outside: request bodies, model answers, tool results, template files.

RFC 8259 leaves duplicate keys, NaN and lone surrogates to the implementation; PostgreSQL's jsonb refuses NUL and
lone surrogates, and deep nesting ends in a RecursionError. Everything is refused here, once, with the place.
"""

import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 64
MAX_BYTES = 2 * 1024 * 1024
# orjson and most readers hold 64-bit integers only.
MAX_INTEGER = 2**63 - 1

# Only in texts with one of these can a value be what `check` refuses: an escaped character, or a long number.
_TO_BE_LOOKED_AT = re.compile(r"\\u|[0-9]{19}")
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class RefusedJson(ValueError):
    """Text that is no acceptable JSON; `pointer` (RFC 6901) is the place, where it is known."""

    def __init__(self, detail: str, *, code: str = "invalid_json", pointer: str | None = None):
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.pointer = pointer


class TooLarge(RefusedJson):
    """More bytes than the caller allows."""


def loads(text: bytes | str, *, max_bytes: int = MAX_BYTES) -> Any:
    """Parse strictly; raises `RefusedJson` (`TooLarge` over `max_bytes`) and nothing else."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > max_bytes:
        raise TooLarge(f"The JSON is larger than {max_bytes} bytes.", code="too_large")
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedJson(f"Not UTF-8 at byte {error.start}.") from error
    _refuse_depth(decoded)
    try:
        value = json.loads(
            decoded,
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RefusedJson:
        raise
    except json.JSONDecodeError as error:
        raise RefusedJson(
            f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except (ValueError, RecursionError) as error:  # int() refuses over 4,300 digits
        raise RefusedJson("A number in the JSON has too many digits.") from error
    if _TO_BE_LOOKED_AT.search(decoded):
        check(value)
    return value


def check(value: Any, *, max_depth: int = MAX_DEPTH) -> None:
    """Refuse what PostgreSQL or a reader could not hold: nesting, NUL, lone surrogates, NaN, foreign types.

    Iterative, so that no depth can exhaust the stack. Raises `RefusedJson`.
    """
    pending: list[tuple[Any, str, int]] = [(value, "", 0)]
    while pending:
        item, pointer, depth = pending.pop()
        if depth > max_depth:
            raise RefusedJson(
                f"Nested more than {max_depth} deep.", code="too_deep", pointer=pointer
            )
        match item:
            case dict():
                for key, inner in item.items():
                    if not isinstance(key, str):
                        raise RefusedJson(f"The key {key!r} is no text.", pointer=pointer)
                    _check_text(key, pointer)
                    pending.append((inner, f"{pointer}/{escape(key)}", depth + 1))
            case list() | tuple():
                pending.extend((inner, f"{pointer}/{i}", depth + 1) for i, inner in enumerate(item))
            case _:
                _check_scalar(item, pointer)


def _check_scalar(item: object, pointer: str) -> None:
    match item:
        case str():
            _check_text(item, pointer)
        case float() if not math.isfinite(item):
            raise RefusedJson("NaN and Infinity are no JSON.", code="not_finite", pointer=pointer)
        case None | bool() | float():
            pass
        case int() if abs(item) > MAX_INTEGER:
            raise RefusedJson("An integer exceeds 64 bits.", code="out_of_range", pointer=pointer)
        case int():
            pass
        case _:
            raise RefusedJson(f"{type(item).__name__} is no JSON.", pointer=pointer)


def escape(key: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def _check_text(text: str, pointer: str) -> None:
    if "\x00" in text:
        raise RefusedJson("Text must not contain NUL characters.", code="nul", pointer=pointer)
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise RefusedJson("Text contains a lone surrogate.", code="surrogate", pointer=pointer)


def _refuse_depth(text: str) -> None:
    """Count brackets outside strings, so that the parser never sees hostile nesting."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        char = text[token.start()]
        if char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise RefusedJson(f"Nested more than {MAX_DEPTH} deep.", code="too_deep")
        elif char in "]}":
            depth -= 1


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RefusedJson(
                    f"The key {key!r} stands twice in one object.", code="duplicate_key"
                )
            seen.add(key)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedJson(f"{name} is no JSON.", code="not_finite")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise RefusedJson(f"The number {text[:40]} is out of range.", code="not_finite")
    return number
