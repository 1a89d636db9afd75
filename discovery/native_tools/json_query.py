"""native:json_query: picks, filters and reshapes JSON with a JMESPath expression (https://jmespath.org)."""

from typing import NoReturn

from pydantic import JsonValue

from common import strict_json
from discovery.native_tools import bounded_query
from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.tool_errors import ToolCallFailed

_MAX_EXPRESSION_LENGTH = 2_000


def json_query(arguments: Arguments) -> JsonValue:
    """The query's result; null where it finds nothing, as JMESPath has it, or the given default."""
    expression = arguments["expression"]
    result = _search(expression, _data(arguments["data"]))
    if result is None:
        result = arguments.get("default")
    try:
        strict_json.check(result)
    except strict_json.RefusedJson as error:
        _refuse("no_json", f"The result of {expression!r} is no JSON: {error.detail}")
    return {"result": result, "found": result is not None}


def _data(data: JsonValue) -> JsonValue:
    """JSON that came as text, for example from a tool that answers in text, is parsed first."""
    if not isinstance(data, str):
        return data
    try:
        parsed: JsonValue = strict_json.loads(data)
    except strict_json.RefusedJson as error:
        _refuse("invalid_data", f"The text in 'data' is no JSON: {error.detail}")
    return parsed


def _search(expression: str, data: JsonValue) -> JsonValue:
    try:
        found: JsonValue = bounded_query.search(expression, data)
    except bounded_query.TooMuchWork:
        _refuse("too_much_work", "The query needs more work on this data than is allowed.")
    except RecursionError:
        _refuse("too_deep", "The expression is nested too deeply.")
    # jmespath's own errors are ValueErrors; the others slip through it, such as for 'a' < 1 or ceil() of infinity.
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        _refuse("invalid_expression", f"{expression!r} can't be evaluated: {reason}")
    return found


def _refuse(code: str, message: str) -> NoReturn:
    raise ToolCallFailed(
        message[:1000], code=code, hint="See https://jmespath.org for the expressions."
    )


TOOL = NativeTool(
    name="json_query",
    description=(
        "Query JSON data with a JMESPath expression: pick fields, filter lists, sort, count, sum and reshape. "
        "Use it to select or transform part of an API response or of another step's output."
    ),
    input_schema=closed_object(
        {
            "data": {"description": "The JSON value to query; a text is parsed as JSON first."},
            "expression": {
                "type": "string",
                "minLength": 1,
                "maxLength": _MAX_EXPRESSION_LENGTH,
                "description": "JMESPath, such as \"items[?price > `10`].name\" or 'sort_by(items, &date)[-1]'.",
            },
            "default": {"description": "The result if the expression finds nothing."},
        },
        required=("data", "expression"),
    ),
    output_schema=closed_object(
        {
            "result": {"description": "What the expression found, null if nothing."},
            "found": {"type": "boolean", "description": "False if the result is null."},
        },
        required=("result", "found"),
    ),
    compute=json_query,
)
