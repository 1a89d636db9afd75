"""Checks what goes into a native tool and what comes out, against its own schemas and the strict gate."""

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from pydantic import JsonValue

from common import strict_json
from discovery.native_tools.tool import Arguments, NativeTool
from discovery.tool_errors import ToolCallFailed

_MAX_MESSAGE_LENGTH = 300


def check_arguments(tool: NativeTool, arguments: Arguments) -> None:
    """Raise `ToolCallFailed` (`schema_mismatch`) that names the place and what is wrong there."""
    _check(arguments, tool.argument_validator, code="invalid_arguments", what="arguments")


def check_result(tool: NativeTool, result: JsonValue) -> None:
    """A result that breaks the tool's own promise is refused like one of a stranger's."""
    _check(result, tool.result_validator, code="invalid_result", what="result")


def _check(value: JsonValue, validator: Draft202012Validator, *, code: str, what: str) -> None:
    try:
        strict_json.check(value)
    except strict_json.RefusedJson as refusal:
        detail = f"In the tool's {what}, at {refusal.pointer or '/'}: {refusal.detail}"
        raise ToolCallFailed(detail, kind="schema_mismatch", code=code) from None
    error = best_match(validator.iter_errors(value))
    if error is not None:
        detail = f"In the tool's {what}{_sentence(error)}"
        raise ToolCallFailed(detail, kind="schema_mismatch", code=code)


def _sentence(error: ValidationError) -> str:
    """The place as a JSON Pointer and what is wrong, cut where the message quotes a long value."""
    place = "".join(f"/{strict_json.escape(str(part))}" for part in error.absolute_path)
    message = error.message
    if len(message) > _MAX_MESSAGE_LENGTH:
        message = f"{message[:100]} … {message[-100:]}"
    return f", at {place or '/'}: {message}"
