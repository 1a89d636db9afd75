"""When a workflow is to start again and again: 'every morning at 8', 'jeden Montag', 'todos los lunes a las 9'.

No step comes of it: it is taken out of the request and becomes what a schedule of the workflow says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from generation.planning.language.time_zones import zone_in
from generation.planning.language.verbs import starts_with_verb
from generation.planning.language.words import vocabulary_lines

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
# The hours that are meant where none is told.
_HOURS = {"morning": 8, "noon": 12, "afternoon": 15, "evening": 18, "night": 22}
_USUAL_HOUR = 8
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
# Day of the month, month, day of the week.
_DAYS = {
    "day": "* * *", "morning": "* * *", "noon": "* * *", "afternoon": "* * *", "evening": "* * *", "night": "* * *",
    "week": "* * 1", "month": "1 * *", "quarter": "1 1,4,7,10 *", "year": "1 1 *", "weekday": "* * 1-5",
    "weekend": "* * 0,6",
    **{name: f"* * {number}" for number, name in enumerate(_WEEKDAYS)},
}  # fmt: skip
_SECONDS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
_TIME = (
    r"(?:\d{1,2}(?:[:.h]\d{2})?(?:\s?(?:[ap]\.?m\b\.?|uhr|h\b|o'clock|heures?|horas?))?|noon|midday|midnight|mittag|mitternacht|"
    r"mediodía|medianoche|midi|minuit)"
)
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s?([ap])?\.?m?\b")
_NAMED_TIMES = {
    "noon": 12, "midday": 12, "mittag": 12, "mediodía": 12, "midi": 12, "midnight": 0, "mitternacht": 0, "medianoche": 0,
    "minuit": 0,
}  # fmt: skip
_ZONE = r"(?:\s+(?:UTC|[A-Z][a-z]+/[A-Z]\w+|(?:in )?[A-Z]\w+(?: [A-Z]\w+)?(?: time)))"
_MONTHLY = r"on the (?:first|\d{1,2}(?:st|nd|rd|th)?)(?: day)? of (?:every|each|the) month"


_POLLS = re.compile(
    r"\b(?:poll|ping|probe|keep (?:on )?(?:checking|asking|polling|pinging))\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Recurrence:
    """A start that comes back: as `cron` (five fields) or, where no cron says it, `interval_seconds`.

    `words` are those of the request; `time_zone` is the zone that they name, '' for none; `at` is the time of the day
    ('8:00'), '' where it comes more often; `is_hour_told` tells whether that is the request's or a usual one.
    """

    words: str
    cron: str = ""
    interval_seconds: int = 0
    time_zone: str = ""
    at: str = ""
    is_hour_told: bool = True


def take_recurrences(text: str) -> tuple[str, list[Recurrence]]:
    """`text` without the words that tell when it is to start again, and what they say, in their order."""
    found: list[Recurrence] = []
    grammar = _grammar()

    def from_head(match: re.Match[str]) -> str:
        rest = text_now[match.end() :]
        is_alone = grammar.alone.fullmatch(match["core"]) is not None
        if is_alone and "," not in match["joint"] and not starts_with_verb(rest):
            # 'Daily reports are …'
            return match.group()
        found.append(_recurrence(match["core"], grammar))
        return match["before"]

    def from_tail(match: re.Match[str]) -> str:
        sentence = _sentence_around(text_now, match.start())
        if grammar.until.search(sentence) or _POLLS.search(sentence):
            # 'look again every hour until it is there', 'poll it every minute' is a loop.
            return match.group()
        found.append(_recurrence(match["core"], grammar))
        return ""

    text_now = text
    text_now = grammar.head.sub(from_head, text_now)
    text_now = grammar.tail.sub(from_tail, text_now)
    text_now = text_now.strip()
    # A request of nothing but a time stays what it is.
    return (text_now, found) if text_now else (text, [])


def _sentence_around(text: str, position: int) -> str:
    start = max(text.rfind(mark, 0, position) for mark in ".!?\n")
    ends = [end for mark in ".!?\n" if (end := text.find(mark, position)) >= 0]
    return text[start + 1 : min(ends, default=len(text))]


@dataclass(frozen=True)
class _Grammar:
    """How schedules are told, as patterns; `units` are the words of each unit, the longest first."""

    head: re.Pattern[str]
    tail: re.Pattern[str]
    alone: re.Pattern[str]
    until: re.Pattern[str]
    other: re.Pattern[str]
    at: re.Pattern[str]
    units: Mapping[str, str]
    unit: re.Pattern[str]


@cache
def _grammar() -> _Grammar:
    lists = dict[str, list[str]]()
    units, alone = dict[str, str](), dict[str, str]()
    for line in vocabulary_lines("schedules.txt"):
        name, _, told = line.partition(":")
        words = [word.strip() for word in told.split(",")]
        if name.startswith("alone "):
            alone |= dict.fromkeys(words, name.removeprefix("alone "))
        elif name in _DAYS or name in _SECONDS:
            units |= dict.fromkeys(words, name)
        else:
            lists[name] = words
    unit, every, single = _any(units), _any(lists["every"]), _any(alone)
    days = [word for word, name in units.items() if name in (*_WEEKDAYS, "weekday", "weekend")]
    # In English only the plural comes back: 'on Mondays'.
    on_days = [word for word in days if not word.endswith("day")]
    joined = rf"(?:(?:\s*,\s*|\s+(?:{_any(lists['and'])})\s+)(?:(?:{every})\s+)?(?:{_any(days)}))*"
    spoken = (
        rf"(?:(?:{every})\s+(?:(?:\d{{1,3}}|{_any(lists['other'])})\s+)?(?:{unit})|"
        rf"(?:{_any(lists['on'])})\s+(?:{_any(on_days)})|(?:{single})|{_MONTHLY})\b{joined}"
    )
    at = rf"(?:{_any(lists['at'])})\s+{_TIME}"
    core = rf"(?P<core>(?:{at}\s+)?(?:{spoken})(?:\s*,?\s+{at})?(?-i:{_ZONE})?)"
    run = _any(lists["run"])
    before = rf"(?P<before>^\s*|[.!?;:\n]\s*|,\s+|\b(?:that|which)\s+)(?:(?:{run})\s+)?"
    kept = "".join(rf"(?<!\b{word})" for word in lists["governs"])
    return _Grammar(
        head=re.compile(
            rf"{before}{core}(?P<joint>\s*[,:]?)\s+(?:(?:{_any(lists['and'])})\s+)?(?=\w)", re.IGNORECASE
        ),
        tail=re.compile(
            rf"{kept}\s+(?P<inner>(?=(?:{_any(lists['inner'])})\s))?{core}"
            rf"(?=\s*(?:[.,;!?)]|$)|\s+(?:{_any(lists['behind'])})\b|(?(inner)\s|(?!)))",
            re.IGNORECASE,
        ),
        alone=re.compile(single, re.IGNORECASE),
        until=re.compile(rf"\b(?:{_any(lists['until'])})", re.IGNORECASE),
        other=re.compile(rf"\b(?:{_any(lists['other'])})\b", re.IGNORECASE),
        at=re.compile(rf"\b(?:{_any(lists['at'])})\s+({_TIME})", re.IGNORECASE),
        units=units | alone,
        unit=re.compile(rf"\b(?:{_any([*units, *alone])})\b", re.IGNORECASE),
    )  # fmt: skip


def _any(words: list[str] | dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _recurrence(core: str, grammar: _Grammar) -> Recurrence:
    words = core.strip()
    zone = zone_in(words) or ""
    at = grammar.at.search(words)
    spoken = words if at is None else f"{words[: at.start()]} {words[at.end() :]}"
    if first := re.search(r"on the (first|\d{1,2})", spoken, re.IGNORECASE):
        day = 1 if first[1].lower() == "first" else min(int(first[1]), 31)
        return _at(words, zone, f"{day} * *", "month", at)
    units = [grammar.units[unit.lower()] for unit in grammar.unit.findall(spoken)]
    weekdays = sorted({_WEEKDAYS.index(unit) for unit in units if unit in _WEEKDAYS})
    if len(weekdays) > 1:
        return _at(words, zone, f"* * {','.join(map(str, weekdays))}", "week", at)
    unit = units[0]
    number = re.search(r"\d{1,3}", spoken)
    count = int(number[0]) if number else 2 if grammar.other.search(spoken) else 1
    if unit in ("minute", "hour"):
        return _often(words, unit, max(count, 1))
    if count > 1 and unit in _SECONDS:
        return Recurrence(words, interval_seconds=count * _SECONDS[unit])
    return _at(words, zone, _DAYS[unit], unit, at)


def _often(words: str, unit: str, count: int) -> Recurrence:
    if unit == "minute" and 60 % count == 0:
        return Recurrence(words, cron=f"{_each(count, 60)} * * * *")
    if unit == "hour" and 24 % count == 0:
        return Recurrence(words, cron=f"0 {_each(count, 24)} * * *")
    return Recurrence(words, interval_seconds=count * _SECONDS[unit])


def _each(count: int, of: int) -> str:
    """A cron field: every so many of `of`."""
    return "*" if count == 1 else "0" if count == of else f"*/{count}"


def _at(words: str, zone: str, days: str, unit: str, at: re.Match[str] | None) -> Recurrence:
    hour, minute = _HOURS.get(unit, _USUAL_HOUR), 0
    told = _clock(at[1], unit) if at else None
    if told is not None:
        hour, minute = told
    return Recurrence(
        words,
        cron=f"{minute} {hour} {days}",
        time_zone=zone,
        at=f"{hour}:{minute:02}",
        is_hour_told=told is not None,
    )


def _clock(time: str, unit: str) -> tuple[int, int] | None:
    """Hour and minute of '8', '8:30 pm', '17 Uhr', 'noon'; null for what no clock shows."""
    if time.lower() in _NAMED_TIMES:
        return _NAMED_TIMES[time.lower()], 0
    match = _CLOCK.match(time.lower())
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    is_late = unit in ("afternoon", "evening") or (unit == "night" and hour >= 6)
    if half == "p" or (half is None and is_late):
        hour += 12 if hour < 12 else 0
    elif half == "a":
        hour %= 12
    return (hour, minute) if hour < 24 and minute < 60 else None
