"""From a tool's answer to the value a workflow goes on with: checked, bounded, structured where possible."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from common import strict_json
from discovery.tool_errors import ToolCallFailed

MAX_MESSAGE = 2_000


def output_of(result: Mapping[str, Any], *, max_bytes: int) -> JsonValue:
    """The structured content of a `tools/call` result (wire names) if there is any, else its text.

    Raises `ToolCallFailed` for a result that is an error, too large, or no JSON that can be stored.
    """
    text = text_of(result.get("content") or ())
    if result.get("isError"):
        raise ToolCallFailed(readable(text) or "The tool failed and did not say why.")
    structured = result.get("structuredContent")
    output: JsonValue = text if structured is None else structured
    try:
        strict_json.check(output)
    except strict_json.RefusedJson as error:
        raise ToolCallFailed(
            f"The tool's answer was refused: {error.detail}", code="invalid_result"
        ) from error
    size = len(json.dumps(output, ensure_ascii=False).encode())
    if size > max_bytes:
        raise ToolCallFailed(
            f"The tool's answer has {size} bytes; at most {max_bytes} are taken.",
            code="result_too_large",
            hint="Ask for less, for example with a limit or a filter among its arguments.",
        )
    return output


def text_of(content: Iterable[Mapping[str, Any]]) -> str:
    """The text of all content blocks, one per line; what is no text is named in brackets."""
    return "\n".join(_text_of_block(block) for block in content)


def readable(text: str) -> str:
    """A server's words as part of an error: without control characters, at most 2,000 characters."""
    shown = "".join(c for c in text if c in "\n\t" or c.isprintable()).strip()
    return shown if len(shown) <= MAX_MESSAGE else f"{shown[: MAX_MESSAGE - 1]}…"


def _text_of_block(block: Mapping[str, Any]) -> str:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "resource", "resource": {"text": str(text)}}:
            return text
        case {"type": "resource_link", "uri": uri}:
            return str(uri)
        case {"type": kind}:
            return f"[{kind} {block.get('mimeType') or ''}]".replace(" ]", "]")
        case _:
            return ""
