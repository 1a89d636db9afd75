"""The time zone that a text names: by its IANA name, or by the city that the name ends with."""

import re
from functools import lru_cache
from zoneinfo import available_timezones

_AREAS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")  # fmt: skip
_NAME = re.compile(rf"\b(?:{'|'.join(_AREAS)})/[A-Za-z_]+(?:/[A-Za-z_]+)?\b|\bUTC\b")
_WORD = re.compile(r"[^\W\d_]+")
LONGEST_CITY = 3


def zone_in(text: str) -> str | None:
    """The one zone named in `text`, else None; cities count as they are written, with their capitals."""
    found = set(_NAME.findall(text)) or _by_city(text)
    return found.pop() if len(found) == 1 else None


def _by_city(text: str) -> set[str]:
    words = _WORD.findall(text)
    spans = (
        " ".join(words[start : start + length])
        for length in range(1, LONGEST_CITY + 1)
        for start in range(len(words) - length + 1)
    )
    return {_cities()[span] for span in spans if span in _cities()}


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    """'Berlin' → 'Europe/Berlin'; of several names of one zone the shortest."""
    names = sorted(
        (name for name in available_timezones() if name.partition("/")[0] in _AREAS),
        key=lambda name: (-name.count("/"), name),
    )
    return {name.rpartition("/")[2].replace("_", " "): name for name in names if "/" in name}
