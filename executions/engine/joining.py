"""How a parallel's outputs, and what was written at the same time, become one: pure functions."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import JsonValue

T = TypeVar("T")


class MergeConflict(ValueError):
    """Values that can't be merged; the message says why."""


def merge(values: list[JsonValue]) -> JsonValue:
    """Objects merged shallowly, lists joined, texts joined by a blank line. Raises `MergeConflict`."""
    if not values:
        return None
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) == len(values):
        return _merged_objects(objects)
    lists = [value for value in values if isinstance(value, list)]
    if len(lists) == len(values):
        return [item for value in lists for item in value]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        return "\n\n".join(texts)
    kinds = ", ".join(dict.fromkeys(map(_kind, values)))
    raise MergeConflict(
        f"Only objects, only lists or only texts can be merged; the branches gave: {kinds}."
    )


def join_writes(writers: Iterable[Mapping[str, T] | None]) -> dict[str, T]:
    """What branches or iterations wrote to the `context`, together. Raises `MergeConflict` for a key of two of them."""
    joined: dict[str, T] = {}
    for writes in writers:
        for key, value in (writes or {}).items():
            if key in joined:
                raise MergeConflict(
                    f"Two branches or iterations that ran at the same time wrote context.{key}."
                )
            joined[key] = value
    return joined


def _merged_objects(objects: list[dict[str, JsonValue]]) -> JsonValue:
    merged: dict[str, JsonValue] = {}
    for value in objects:
        for key, inner in value.items():
            if key in merged:
                raise MergeConflict(f"Two branches gave the key {key!r}.")
            merged[key] = inner
    return merged


def _kind(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case dict():
            return "object"
