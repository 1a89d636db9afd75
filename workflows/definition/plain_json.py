"""JSON as plain values: the gate that every definition passes, JSON Pointers, and compact text."""

import json
import math
from typing import Any

from pydantic import JsonValue

from workflows.definition.problems import DefinitionError, Problem

MAX_DEPTH = 64
# More values than 1 MiB of JSON can hold.
MAX_VALUES = 600_000
# The parser refuses longer numbers itself; beyond 64 bits PostgreSQL and JavaScript disagree on them.
MAX_INTEGER = 2**63 - 1


def join(pointer: str, *keys: str | int) -> str:
    """`pointer` extended by `keys`, escaped as in RFC 6901, section 3."""
    for key in keys:
        is_plain = isinstance(key, int) or ("~" not in key and "/" not in key)
        pointer = f"{pointer}/{key if is_plain else _escape(str(key))}"
    return pointer


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def split(pointer: str) -> list[str]:
    """The unescaped keys of a JSON Pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def at(value: object, pointer: str) -> object:
    """What stands at `pointer`; raises LookupError where nothing does."""
    for key in split(pointer):
        if isinstance(value, dict):
            value = value[key]
        elif isinstance(value, list) and key.isdecimal():
            value = value[int(key)]
        else:
            raise KeyError(key)
    return value


def compact(value: JsonValue) -> str:
    """`value` as JSON without spaces, non-ASCII characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def has_foreign_characters(text: str) -> bool:
    """Whether `text` holds what PostgreSQL's jsonb refuses: NUL or a lone surrogate."""
    if text.isascii():
        return "\x00" in text
    return "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text)


def copied(value: object) -> JsonValue:
    """A deep copy of `value`, proven to be JSON that can be stored; raises `DefinitionError`."""
    return _Gate().copy(value, (), 0)


Path = tuple[Any, ...]


class _Gate:
    """Copies values and refuses what is no JSON: the first finding ends it, since the rest can't be trusted."""

    def __init__(self) -> None:
        self.values = 0

    def copy(self, value: object, path: Path, depth: int) -> JsonValue:
        self.values += 1
        if self.values > MAX_VALUES:
            raise _refusal("too_large", (), f"The definition holds more than {MAX_VALUES} values.")
        if depth > MAX_DEPTH:
            raise _refusal("too_deep", path, f"Values are nested more than {MAX_DEPTH} deep.")
        if isinstance(value, dict):
            return {
                _text(key, path): self.copy(inner, (path, key), depth + 1)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.copy(inner, (path, i), depth + 1) for i, inner in enumerate(value)]
        return _scalar(value, path)


def _scalar(value: object, path: Path) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise _refusal("out_of_range", path, "An integer exceeds 64 bits.")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refusal("not_finite", path, "NaN and Infinity are no JSON.")
        return float(value)
    raise _refusal("not_json", path, f"A value of the type {type(value).__name__} is no JSON.")


def _text(value: object, path: Path) -> str:
    if not isinstance(value, str):
        raise _refusal("not_json", path, f"A key of the type {type(value).__name__} is no text.")
    if has_foreign_characters(value):
        raise _refusal("bad_text", path, "Text must not contain NUL characters or lone surrogates.")
    return str(value)


def _refusal(code: str, path: Path, message: str) -> DefinitionError:
    keys: list[str | int] = []
    while path:
        path, key = path
        keys.append(key if isinstance(key, str | int) else "?")
    return DefinitionError([Problem(code, "error", join("", *reversed(keys)), message)])
