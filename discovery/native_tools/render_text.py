"""native:render_text: fills a text with given values.

A placeholder is a path of names and list positions, looked up in plain JSON: no attributes, no formats, no code. What
was filled in is not looked at again, so a value that contains a placeholder stays text.
"""

import json
import re

from pydantic import JsonValue

from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.tool_errors import ToolCallFailed

_MAX_RESULT_LENGTH = 1_000_000
_PATH = r"[A-Za-z_][\w\-]{0,99}(?:\.[\w\-]{1,100}|\[\d{1,6}\]){0,20}"
# `${…}` is the definition language's and stays as it is; `{{name}}` writes `{name}`; other braces are text.
_PLACEHOLDER = re.compile(rf"\$\{{[^{{}}]*\}}|\{{(\{{{_PATH}\}})\}}|\{{({_PATH})\}}")
_PATH_PART = re.compile(r"[^.\[\]]+")


class _Absent:
    """No value stands at a path; null is one."""


_ABSENT = _Absent()


def render_text(arguments: Arguments) -> JsonValue:
    """The text with each `{path}` replaced by its value."""
    values, separator = arguments["values"], arguments.get("separator", ", ")
    policy = arguments.get("missing", "error")
    parts: list[str] = []
    position = length = 0
    for match in _PLACEHOLDER.finditer(arguments["template"]):
        filled = _filled(match, values, separator, policy)
        parts += (arguments["template"][position : match.start()], filled)
        position = match.end()
        length += len(filled)
        if length > _MAX_RESULT_LENGTH:
            raise ToolCallFailed(
                f"The text would be longer than {_MAX_RESULT_LENGTH} characters.", code="too_long"
            )
    return {"text": "".join(parts) + arguments["template"][position:]}


def _filled(match: re.Match[str], values: JsonValue, separator: str, policy: str) -> str:
    escaped, path = match.groups()
    if escaped:
        return str(escaped)
    if not path:
        return match.group()
    value = _look_up(values, path)
    if not isinstance(value, _Absent):
        return _as_text(value, separator)
    match policy:
        case "empty":
            return ""
        case "keep":
            return "{" + path + "}"
    raise ToolCallFailed(
        f"There is no value for {{{path}}}.",
        code="missing_value",
        hint="Give it in 'values', or set 'missing' to 'empty' or 'keep'.",
    )


def _look_up(value: JsonValue, path: str) -> JsonValue | _Absent:
    for part in _PATH_PART.findall(path):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _ABSENT
    return value


def _as_text(value: JsonValue, separator: str) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case list() if not any(isinstance(item, dict | list) for item in value):
            return separator.join(_as_text(item, separator) for item in value)
        case list():
            # A list of objects is a table of sorts: one compact line each.
            return "\n".join(_as_text(item, separator) for item in value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


TOOL = NativeTool(
    name="render_text",
    description=(
        "Fill a text template with values: '{name}' and '{customer.city}' and '{items[0]}' are replaced from a JSON "
        "object. Use it to write a message, an e-mail, a letter or a report from data, or to format and join results."
    ),
    input_schema=closed_object(
        {
            "template": {
                "type": "string",
                "maxLength": 100_000,
                "description": "Text with {placeholders}. '{{name}}' writes '{name}'.",
            },
            "values": {
                "type": "object",
                "description": "What to fill in. Lists are joined, objects written as JSON, null as nothing.",
            },
            "separator": {
                "type": "string",
                "maxLength": 100,
                "default": ", ",
                "description": "What stands between the items of a list.",
            },
            "missing": {
                "type": "string",
                "enum": ["error", "empty", "keep"],
                "default": "error",
                "description": "For a placeholder without a value: fail, write nothing, or leave it.",
            },
        },
        required=("template", "values"),
    ),
    output_schema=closed_object(
        {"text": {"type": "string", "description": "The filled text."}}, required=("text",)
    ),
    compute=render_text,
)
