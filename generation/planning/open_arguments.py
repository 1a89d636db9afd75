"""What stands for an argument that neither the words nor the data settle: a field of the run's input."""

import json
import re
from collections.abc import Mapping
from typing import Any

_EMPTY = {"array": [], "object": {}, "boolean": False, "string": "", "integer": 0, "number": 0}
_KEY = re.compile(r"[A-Za-z_][\w-]*\Z")


def open_argument(name: str, described: Mapping[str, Any]) -> str:
    """A template that takes `input.NAME`, or else the schema's default or smallest value of the right type.

    A text in place of a list or a number would fail every run; so the workflow runs, and who runs it can give the value.
    """
    key = name if _KEY.match(name) else re.sub(r"\W", "_", f"_{name}", flags=re.ASCII)
    literal = json.dumps(_fallback(described), ensure_ascii=False)
    return f"${{input.{key} ?? {literal}}}"


def is_open(argument: object) -> bool:
    """Whether `argument` was made by `open_argument`."""
    return isinstance(argument, str) and argument.startswith("${input.")


def _fallback(described: Mapping[str, Any]) -> Any:
    if "default" in described:
        return described["default"]
    choices = described.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    kind = described.get("type")
    smallest = described.get("minimum")
    if kind in ("integer", "number") and isinstance(smallest, int):
        return smallest
    return _EMPTY.get(kind) if isinstance(kind, str) else None
