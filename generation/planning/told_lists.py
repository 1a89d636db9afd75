"""The items of a list that the request itself tells: 'for each of these cities: Tokyo, Paris and New York'."""

import re
from collections.abc import Sequence

from generation.planning.language.time_zones import zone_in
from generation.planning.language.words import singular

MOST_ITEMS = 100
_TOLD = re.compile(
    r"^(?P<kind>[^:(]*?)\s*(?::\s*(?P<after>\S.*)|\((?P<inside>[^()]+)\)\s*[,.]?\s*)$", re.DOTALL
)
_SEPARATOR = re.compile(r"\s*[;\n]\s*|\s*,\s+(?:and\s+|or\s+|&\s*)?|\s+(?:and|or|&)\s+")
# 'each city (such as Rome and Oslo)' tells of what kind they are, not which.
_FOR_EXAMPLE = re.compile(
    r"\b(?:such as|for example|for instance|e\.?g\.?|like|including|etc)\b|\.\.\.|…", re.IGNORECASE
)
# Without a colon only names make a list: 'for Alice, Bob and Carol'.
_NAME = re.compile(r"[A-Z0-9\"'“„«#@]|https?://")
_QUOTES = "\"'“”„«» "


def told_items(phrase: str) -> list[str]:
    """The items that `phrase`, what a loop goes through, names one by one, in order; [] where it names fewer than two."""
    told = _TOLD.match(phrase.strip())
    named = (told["after"] or told["inside"]) if told else phrase
    if _FOR_EXAMPLE.search(phrase):
        return []
    parts = [part for part in _SEPARATOR.split(named.strip()) if part]
    if not told and not all(_NAME.match(part) for part in parts):
        return []
    items = list(dict.fromkeys(part.strip(_QUOTES).rstrip(".") for part in parts))
    return items[:MOST_ITEMS] if len(items) > 1 else []


def zones_of(items: Sequence[str]) -> list[str]:
    """The time zone that each item names; [] if one of them names none."""
    zones = [zone for item in items if (zone := zone_in(item))]
    return zones if len(zones) == len(items) else []


def kind_of(phrase: str) -> str:
    """What one item is called: 'these cities: Rome, Oslo' → 'City'; 'Item' where the phrase has no name for it."""
    told = _TOLD.match(phrase.strip())
    words = re.findall(r"[^\W\d_]+", told["kind"]) if told else []
    return singular(words[-1].lower()).capitalize() if words else "Item"
