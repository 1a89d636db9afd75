"""One clause about several time zones: a call for each, where the tool takes one."""

import re
from collections.abc import Mapping
from typing import Any

from generation.planning.arguments import zone_arguments, zone_part
from generation.planning.language.time_zones import zones_in
from generation.planning.language.words import tokens

MOST_ZONES = 5
_EITHER = re.compile(r"\bor\b", re.IGNORECASE)


def tasks_by_zone(input_schema: Mapping[str, Any], text: str) -> list[str]:
    """`text` once for each of the 2 to 5 zones that are meant for one argument: 'the time in Tokyo and in New York';
    [] where there is no such argument, or one zone at most."""
    for name in zone_arguments(input_schema):
        part = zone_part(set(tokens(name)), text)
        zones = zones_in(part)
        if not 2 <= len({zone.name for zone in zones}) <= MOST_ZONES:
            continue
        offset = text.index(part)
        start, end = offset + zones[0].start, offset + zones[-1].end
        if _EITHER.search(text[start:end]):
            return []
        cities = dict.fromkeys(part[zone.start : zone.end] for zone in zones)
        return [f"{text[:start]}{city}{text[end:]}" for city in cities]
    return []
