"""Values against the JSON Schemas of MCP tools, which strangers wrote."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from common import strict_json

MAX_MESSAGE = 300
# Without a registry of its own, jsonschema fetches whatever address a `$ref` names.
_NO_FETCHING: Registry[Any] = Registry()


def mismatch(value: JsonValue, schema: Mapping[str, Any]) -> str | None:
    """The place (a JSON Pointer) and what is wrong there, or None where the value fits.

    A schema that can't be followed (a `$ref` to nowhere, or to itself) checks nothing: its server has the last word.
    """
    validator = Draft202012Validator(schema, registry=_NO_FETCHING)
    try:
        error = best_match(validator.iter_errors(value))
    except (Unresolvable, RecursionError):
        return None
    return None if error is None else _sentence(error)


def _sentence(error: ValidationError) -> str:
    place = "".join(f"/{strict_json.escape(str(part))}" for part in error.absolute_path)
    message = error.message
    if len(message) > MAX_MESSAGE:
        message = f"{message[:100]} … {message[-100:]}"
    return f"at {place or '/'}: {message}"
