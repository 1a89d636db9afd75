"""Pieces of which the shapes of instructions are made: numbers, times, places, and lists of steps."""

import re
from collections.abc import Callable
from typing import Literal

from generation.refining.instructions.wishes import Wish

FLAGS = re.IGNORECASE
_UNITS = {
    "second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3_600, "h": 3_600, "day": 86_400,
}  # fmt: skip
_NUMBERS = {
    "once": 1, "twice": 2, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "a": 1, "an": 1,
}  # fmt: skip
COUNT = rf"(?P<count>\d{{1,6}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
UNIT = r"(?P<unit>seconds?|secs?|minutes?|mins?|hours?|days?|s|h)"
VERB_ADD = r"(?:add|insert|include|append|put in|introduce|create)"
ANCHOR = r"(?P<side>before|after|behind|ahead of|in front of|following)\s+(?P<anchor>.+?)"
AT_ONCE = (
    r"(?:in parallel|at the same time|simultaneously|concurrently|side by side|at once|together)"
)
THE = r"(?:the\s+)?"
END_WORD = r"(?:start|beginning|front|top|end|bottom)"

# A shape of instructions, and the wish that a match of it is; null where it is none after all.
Shape = tuple[re.Pattern[str], Callable[[re.Match[str]], Wish | None]]


def shape(text: str, make: Callable[[re.Match[str]], Wish | None]) -> Shape:
    """A whole instruction of the form `text`."""
    return re.compile(rf"^{text}$", FLAGS), make


def number(text: str) -> int:
    """'3' or 'three'."""
    return _NUMBERS.get(text.lower()) or int(text)


def seconds(match: re.Match[str]) -> int:
    """The time in `COUNT` and `UNIT`."""
    unit = match["unit"].lower()
    return number(match["count"]) * _UNITS[unit if unit in _UNITS else unit.rstrip("s")]


def unquoted(text: str) -> str:
    """`text` without the quotes around it."""
    return text.strip().strip("'\"“”„`").strip()


def several(text: str) -> tuple[str, ...]:
    """'both a and b', 'a, b and c'."""
    text = re.sub(r"^both\s+", "", text.strip(), flags=FLAGS)
    return tuple(p.strip() for p in re.split(r",\s*(?:and\s+)?|\s+and\s+", text) if p.strip())


def side(word: str) -> Literal["before", "after"]:
    """'ahead of' is before."""
    return "before" if word.lower() in ("before", "ahead of", "in front of") else "after"


def end(word: str) -> Literal["start", "end"]:
    """'top', 'front' and 'first' are the start."""
    return "end" if word.lower() in ("end", "bottom", "last") else "start"
