"""How large JSON is on its way through Temporal."""

from pydantic import JsonValue
from pydantic_core import to_json

# A tuple: a union would be put together at each call.
SHORT = (bool, int, float)


def size_of(value: JsonValue) -> int:
    """Bytes of the value's JSON text."""
    if value is None or isinstance(value, SHORT):
        return 8
    return len(to_json(value))
