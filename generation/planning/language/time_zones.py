"""The time zone that a text names: by its IANA name, or by the city that the name ends with."""

import re
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import available_timezones

_AREAS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")  # fmt: skip
_NAME = re.compile(rf"\b(?:{'|'.join(_AREAS)})/[A-Za-z_]+(?:/[A-Za-z_]+)?\b|\bUTC\b")
_WORD = re.compile(r"[^\W\d_]+")
LONGEST_CITY = 3


@dataclass(frozen=True)
class NamedZone:
    """A zone, and where in the text its name stands."""

    name: str
    start: int
    end: int


def zone_in(text: str) -> str | None:
    """The one zone named in `text`, else None; cities count as they are written, with their capitals."""
    found = {zone.name for zone in zones_in(text)}
    return found.pop() if len(found) == 1 else None


def zones_in(text: str) -> list[NamedZone]:
    """All zones named in `text`, in order; where one is named by its IANA name, cities don't count."""
    told = [NamedZone(match.group(), *match.span()) for match in _NAME.finditer(text)]
    return told or _by_city(text)


def _by_city(text: str) -> list[NamedZone]:
    words = list(_WORD.finditer(text))
    found: list[NamedZone] = []
    position = 0
    while position < len(words):
        length = _longest_city(words[position : position + LONGEST_CITY])
        if length:
            first, last = words[position], words[position + length - 1]
            name = " ".join(word.group() for word in words[position : position + length])
            found.append(NamedZone(_cities()[name], first.start(), last.end()))
        position += max(length, 1)
    return found


def _longest_city(words: list[re.Match[str]]) -> int:
    """How many of the first words are a city's name."""
    for length in range(len(words), 0, -1):
        if " ".join(word.group() for word in words[:length]) in _cities():
            return length
    return 0


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    """'Berlin' → 'Europe/Berlin'; of several names of one zone the shortest."""
    names = sorted(
        (name for name in available_timezones() if name.partition("/")[0] in _AREAS),
        key=lambda name: (-name.count("/"), name),
    )
    return {name.rpartition("/")[2].replace("_", " "): name for name in names if "/" in name}
