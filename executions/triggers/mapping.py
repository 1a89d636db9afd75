"""From a webhook's body to what the run is started with; whatever does not fit is named."""

from typing import Any

from pydantic import JsonValue

from common import strict_json
from common.errors import Invalid
from discovery.native_tools import bounded_query
from executions.triggers.models import Webhook
from workflows.definition.json_schemas import JsonSchema, UnusableSchema

MAX_FIELDS = 100
MAX_EXPRESSION_CHARACTERS = 2000


def require_expected(webhook: Webhook, body: JsonValue) -> None:
    """Raise `Invalid` for a body that lacks expected fields or breaks the schema."""
    expected = webhook.expected_fields
    if isinstance(expected, dict):
        _require_schema(expected, body)
        return
    if expected and not isinstance(body, dict):
        raise Invalid("The body must be an object.", code="missing_fields")
    missing = [name for name in expected if isinstance(body, dict) and name not in body]
    if missing:
        raise Invalid(
            f"The body lacks {', '.join(map(repr, missing))}.",
            code="missing_fields",
            pointer=f"/{strict_json.escape(missing[0])}",
        )


def input_of(webhook: Webhook, body: JsonValue) -> JsonValue:
    """The whole body, or an object of what `input_map` finds in it; null where it finds nothing."""
    if not webhook.input_map:
        return body
    return {name: found(expression, body) for name, expression in webhook.input_map.items()}


def user_input_of(webhook: Webhook, body: JsonValue) -> str:
    """The text that `user_input_from` finds; raises `Invalid` if it is no text or number."""
    if not webhook.user_input_from:
        return ""
    value = found(webhook.user_input_from, body)
    if value is None:
        return ""
    if isinstance(value, dict | list | bool):
        raise Invalid(
            f"{webhook.user_input_from!r} leads to no text in the body.", code="user_input_no_text"
        )
    return str(value)


def found(expression: str, body: JsonValue) -> JsonValue:
    """What a JSON Pointer (RFC 6901, begins with '/') or a JMESPath finds; null for nothing. Raises `Invalid`."""
    if expression.startswith("/"):
        return _pointed(expression, body)
    try:
        value: JsonValue = bounded_query.search(expression, body)
        strict_json.check(value)
    # jmespath's own errors are ValueErrors; the others slip through it, such as for 'a' < 1.
    except (
        bounded_query.TooMuchWork,
        *(RecursionError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError),
    ) as error:
        raise Invalid(
            f"{expression[:200]!r} can't be evaluated on this body.", code="invalid_expression"
        ) from error
    return value


def _pointed(pointer: str, body: JsonValue) -> JsonValue:
    value: Any = body
    for part in pointer[1:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        match value:
            case dict() if key in value:
                value = value[key]
            case list() if key.isascii() and key.isdigit() and int(key[:9]) < len(value):
                value = value[int(key[:9])]
            case _:
                return None
    return value  # type: ignore[no-any-return]


def _require_schema(schema: dict[str, Any], body: JsonValue) -> None:
    try:
        violations = JsonSchema(schema).violations(body)
    except UnusableSchema as broken:
        raise Invalid(f"'expected_fields' can't be used: {broken}", code="invalid_schema") from None
    if violations:
        place = "".join(f"/{strict_json.escape(str(part))}" for part in violations[0].path)
        raise Invalid(
            f"The body is not as expected: {violations[0].message}",
            code="unexpected_body",
            pointer=place or None,
        )
