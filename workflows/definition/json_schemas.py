"""JSON Schema validation that an untrusted schema can neither hang nor lead elsewhere.

Schemas come from MCP servers. Nothing is fetched, regular expressions are not run, and the work is bounded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from json import loads
from typing import Any

import referencing
import referencing.exceptions
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError, ValidationError
from pydantic import JsonValue

from workflows.definition.plain_json import compact

MAX_SCHEMA_BYTES = 256 * 1024
MAX_WORK = 20_000
MAX_UNIQUE_ITEMS = 1_000
MAX_VIOLATIONS = 100

# What a malformed schema makes the library raise in places where it trusts the schema.
_SCHEMA_FAULTS = (
    SchemaError,
    referencing.exceptions.Unresolvable,
    referencing.exceptions.NoSuchResource,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

_work_left: ContextVar[list[int]] = ContextVar("work left in a schema validation")


class UnusableSchema(ValueError):
    """A schema that is malformed, too large or too costly; the message is a sentence."""


@dataclass(frozen=True)
class Violation:
    """Where and how an instance breaks its schema: the keyword that does not hold, its value, and a sentence."""

    path: tuple[str | int, ...]
    keyword: str
    expected: Any
    schema: Mapping[str, Any]
    message: str


class JsonSchema:
    """A schema ready for use. Raises `UnusableSchema` if it is none; patterns and formats are not looked at."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator = _validator(_text(schema))

    def violations(self, instance: JsonValue) -> list[Violation]:
        """How `instance` breaks the schema, at most `MAX_VIOLATIONS`. Raises `UnusableSchema` if that is too costly."""
        token = _work_left.set([MAX_WORK])
        try:
            errors = islice(self._validator.iter_errors(instance), MAX_VIOLATIONS)
            return [_violation(error) for error in errors]
        except _SCHEMA_FAULTS as error:
            raise UnusableSchema("This JSON Schema can't be used.") from error
        finally:
            _work_left.reset(token)


def _text(schema: Mapping[str, Any]) -> str:
    try:
        text = compact(dict(schema))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableSchema("This JSON Schema is no JSON.") from error
    if len(text) > MAX_SCHEMA_BYTES:
        raise UnusableSchema(f"This JSON Schema is larger than {MAX_SCHEMA_BYTES // 1024} KiB.")
    return text


@lru_cache(maxsize=512)
def _validator(text: str) -> Any:
    schema = loads(text)
    standard = validators.validator_for(schema, default=Draft202012Validator)
    try:
        standard.check_schema(schema)
    except SchemaError as error:
        raise UnusableSchema(f"This is no JSON Schema: {error.message[:200]}") from error
    except _SCHEMA_FAULTS as error:
        raise UnusableSchema("This JSON Schema can't be used.") from error
    # An empty registry without a way to retrieve: a reference to elsewhere fails instead of being fetched.
    return _bounded(standard)(schema, registry=referencing.Registry())


@lru_cache(maxsize=16)
def _bounded(standard: Any) -> Any:
    """`standard` without regular expressions, and with its branching keywords counted."""
    ignored = ("pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems")
    counted = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "items", "properties")
    own: dict[str, Any] = dict.fromkeys(ignored, _nothing)
    own |= {
        name: _counted(standard.VALIDATORS[name]) for name in counted if name in standard.VALIDATORS
    }
    own["additionalProperties"] = _additional(standard.VALIDATORS["additionalProperties"])
    own["uniqueItems"] = _unique(standard.VALIDATORS["uniqueItems"])
    extend: Callable[..., Any] = validators.extend
    return extend(standard, own)


def _nothing(*_: Any) -> Iterable[ValidationError]:
    return ()


def _counted(keyword: Any) -> Any:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        left = _work_left.get()
        left[0] -= 1
        if left[0] < 0:
            raise ValueError("too costly")
        yield from keyword(validator, value, instance, schema) or ()

    return check


def _additional(keyword: Any) -> Any:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        # The library would search with the patterns.
        if "patternProperties" not in schema:
            yield from keyword(validator, value, instance, schema) or ()

    return check


def _unique(keyword: Any) -> Any:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, list) or len(instance) <= MAX_UNIQUE_ITEMS:
            yield from keyword(validator, value, instance, schema) or ()

    return check


def _violation(error: ValidationError) -> Violation:
    schema = error.schema if isinstance(error.schema, dict) else {}
    message = error.message if len(error.message) <= 300 else f"{error.message[:300]}…"
    return Violation(
        tuple(error.absolute_path), str(error.validator), error.validator_value, schema, message
    )
