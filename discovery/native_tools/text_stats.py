"""native:text_stats: the numbers of a text."""

from collections import Counter

from pydantic import JsonValue

from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.native_tools.words import (
    MAX_TEXT_LENGTH,
    content_words_of,
    sentences_of,
    words_of,
)

# Silent reading of prose by adults: Brysbaert, "How many words do we read per minute?" (2019).
WORDS_PER_MINUTE = 238


def text_stats(arguments: Arguments) -> JsonValue:
    """Counts, reading time in seconds, and the most frequent words without stop words."""
    text: str = arguments["text"]
    words = words_of(text)
    frequent = Counter(content_words_of(text)).most_common(arguments.get("top", 10))
    return {
        "words": len(words),
        "unique_words": len({word.casefold() for word in words}),
        "sentences": len(sentences_of(text)),
        "paragraphs": sum(1 for block in text.split("\n\n") if block.strip()),
        "lines": len(text.splitlines()),
        "characters": len(text),
        "characters_without_spaces": sum(1 for char in text if not char.isspace()),
        "reading_time_seconds": round(len(words) * 60 / WORDS_PER_MINUTE),
        "most_frequent_words": [{"word": word, "count": count} for word, count in frequent],
    }


_COUNT = {"type": "integer", "minimum": 0}

TOOL = NativeTool(
    name="text_stats",
    description=(
        "Count the words, sentences, paragraphs, lines and characters of a text, estimate its reading time, "
        "and list its most frequent words. Use it to measure the length or the vocabulary of a text."
    ),
    input_schema=closed_object(
        {
            "text": {
                "type": "string",
                "maxLength": MAX_TEXT_LENGTH,
                "description": "The text to measure.",
            },
            "top": {
                "type": "integer",
                "minimum": 0,
                "maximum": 100,
                "default": 10,
                "description": "How many of the most frequent words to list.",
            },
        },
        required=("text",),
    ),
    output_schema=closed_object(
        {
            "words": _COUNT,
            "unique_words": _COUNT,
            "sentences": _COUNT,
            "paragraphs": _COUNT,
            "lines": _COUNT,
            "characters": _COUNT,
            "characters_without_spaces": _COUNT,
            "reading_time_seconds": _COUNT,
            "most_frequent_words": {
                "type": "array",
                "items": closed_object(
                    {"word": {"type": "string"}, "count": _COUNT}, required=("word", "count")
                ),
            },
        },
        required=(
            *("words", "unique_words", "sentences", "paragraphs", "lines", "characters"),
            *("characters_without_spaces", "reading_time_seconds", "most_frequent_words"),
        ),
    ),
    compute=text_stats,
)
