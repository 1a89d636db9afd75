"""How large JSON is on its way through Temporal."""

from pydantic import JsonValue
from pydantic_core import to_json


def size_of(value: JsonValue) -> int:
    """Bytes of the value's JSON text."""
    if value is None or isinstance(value, bool | int | float):
        return 8
    return len(to_json(value))
