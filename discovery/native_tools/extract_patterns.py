"""native:extract_patterns: finds what has a known shape in a text."""

from itertools import islice

from pydantic import JsonValue

from discovery.native_tools.patterns import PATTERNS
from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.native_tools.words import MAX_TEXT_LENGTH


def extract_patterns(arguments: Arguments) -> JsonValue:
    """The matches of each asked pattern in the order of the text, each only once unless `unique` is false."""
    text, limit = arguments["text"], arguments.get("max_matches", 100)
    unique = arguments.get("unique", True)
    matches = {
        name: _find(name, text, limit, unique=unique)
        for name in arguments.get("patterns", list(PATTERNS))
    }
    first: dict[str, JsonValue] = {name: next(iter(found), None) for name, found in matches.items()}
    return {
        "matches": {name: list(found) for name, found in matches.items()},
        "first": first,
        "count": sum(map(len, matches.values())),
    }


def _find(name: str, text: str, limit: int, *, unique: bool) -> list[str]:
    found = PATTERNS[name].find(text)
    if not unique:
        return list(islice(found, limit))
    kept: dict[str, None] = {}
    for match in found:
        kept[match] = None
        if len(kept) == limit:
            break
    return list(kept)


_EXPLAINED = ", ".join(f"'{name}' ({pattern.explained})" for name, pattern in PATTERNS.items())

TOOL = NativeTool(
    name="extract_patterns",
    description=(
        "Extract or find what has a known shape in a text: e-mail addresses, URLs and links, dates, times, amounts of "
        "money and prices, percentages, order and invoice numbers, phone numbers, IP addresses, hashtags, mentions, "
        "UUIDs. Use it to pull contact data or references out of e-mails, tickets and documents."
    ),
    input_schema=closed_object(
        {
            "text": {
                "type": "string",
                "maxLength": MAX_TEXT_LENGTH,
                "description": "The text to search.",
            },
            "patterns": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "enum": list(PATTERNS)},
                "description": f"What to look for (default: everything): {_EXPLAINED}.",
            },
            "max_matches": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "default": 100,
                "description": "At most so many of each pattern.",
            },
            "unique": {
                "type": "boolean",
                "default": True,
                "description": "List equal matches once.",
            },
        },
        required=("text",),
    ),
    output_schema=closed_object(
        {
            "matches": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
                "description": "By pattern, in the order of the text.",
            },
            "first": {
                "type": "object",
                "additionalProperties": {"type": ["string", "null"]},
                "description": "The first match of each pattern, null if there is none.",
            },
            "count": {"type": "integer", "minimum": 0},
        },
        required=("matches", "first", "count"),
    ),
    compute=extract_patterns,
)
