"""Cron expressions of five fields: what they mean, what is wrong with one, and when they fire.

They are handed to Temporal as sets of numbers, never as text: what is shown here is what is carried out there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, product
from zoneinfo import ZoneInfo

_PART = re.compile(r"(?P<from>\*|[a-z0-9]+)(?:-(?P<to>[a-z0-9]+))?(?:/(?P<step>[0-9]{1,3}))?\Z")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# The 29th of February may be eight years away (1896 to 1904, 2096 to 2104).
_LONGEST_GAP_DAYS = 8 * 366 + 1


class InvalidCron(ValueError):
    """A sentence that says what is wrong with the expression."""


@dataclass(frozen=True)
class Field:
    """One of the five fields: its name, its numbers, and the names that stand for numbers."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    first_name: int = 0


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, _MONTHS, 1),
    Field("day of the week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """The numbers that each field allows; weekdays count from Sunday, 0.

    `is_either_day`: both day fields are restricted, and as in every cron a day that fits one of them is enough.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    is_either_day: bool

    @property
    def is_hourly(self) -> bool:
        """Whether it fires in every hour of the day: such a job follows the real time, not the clock on the wall."""
        return len(self.hours) == 24

    def has_day(self, day: date) -> bool:
        """Whether it fires on that day."""
        if day.month not in self.months:
            return False
        fits = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return any(fits) if self.is_either_day else all(fits)


def parse(text: str) -> Cron:
    """The expression's meaning; raises `InvalidCron`, also for one that never fires."""
    fields = text.lower().split()
    if len(fields) != len(FIELDS):
        raise InvalidCron(
            f"A cron expression has five fields (minute, hour, day of the month, month, day of the week), "
            f"such as '30 9 * * mon-fri'; {text!r} has {len(fields)}."
        )
    minutes, hours, days, months, weekdays = (
        _numbers(part, field) for part, field in zip(fields, FIELDS, strict=True)
    )
    cron = Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=tuple(sorted({day % 7 for day in weekdays})),
        is_either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    if not _ever_fires(cron):
        raise InvalidCron(f"{text!r} never fires: no such month has such a day.")
    return cron


def next_times(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The next firing times in UTC, without end unless none comes within eight years.

    A local time that a clock change leaves out is left out; one that it repeats fires once, the first time, except that
    what fires in every hour fires in the repeated one too.
    """
    first = after.astimezone(zone).date()
    for days in range(_LONGEST_GAP_DAYS):
        moments = times_of_day(cron, first + timedelta(days=days), zone)
        yield from (moment for moment in moments if moment > after)


def times_after(cron: Cron, zone: ZoneInfo, after: datetime, count: int) -> list[datetime]:
    """The next `count` firing times in UTC."""
    return list(islice(next_times(cron, zone, after), count))


def times_of_day(cron: Cron, day: date, zone: ZoneInfo) -> list[datetime]:
    """The firing times of one local day, in UTC and in order."""
    if not cron.has_day(day):
        return []
    moments: set[datetime] = set()
    for hour, minute in product(cron.hours, cron.minutes):
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        moments.update(_moments(local, zone, both=cron.is_hourly))
    return sorted(moments)


def _moments(local: datetime, zone: ZoneInfo, *, both: bool) -> Iterator[datetime]:
    """When the clock on the wall shows `local`: never, once, or twice."""
    for fold in (0, 1) if both else (0,):
        moment = local.replace(fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            yield moment


def _numbers(text: str, field: Field) -> tuple[int, ...]:
    numbers: set[int] = set()
    for part in text.split(","):
        numbers.update(_range(part, field))
    return tuple(sorted(numbers))


def _range(part: str, field: Field) -> range:
    found = _PART.match(part)
    if found is None or (found["from"] == "*" and found["to"]):
        raise InvalidCron(
            f"The {field.name} can't be {part!r}: give a number, a range (1-5), a list (1,15) or a step (*/10)."
        )
    step = int(found["step"] or 1)
    if step < 1:
        raise InvalidCron(f"The {field.name} has a step of 0: {part!r}.")
    if found["from"] == "*":
        return range(field.first, field.last + 1, step)
    first = _number(found["from"], field)
    if found["to"] is None:
        # As in cron, '5/15' goes on to the end of the field.
        return range(first, (field.last if found["step"] else first) + 1, step)
    last = _number(found["to"], field)
    if last < first:
        raise InvalidCron(f"The {field.name} goes backwards: {part!r}.")
    return range(first, last + 1, step)


def _number(text: str, field: Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.first_name
    if not text.isdigit() or len(text) > 2 or not field.first <= int(text) <= field.last:
        names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
        raise InvalidCron(
            f"The {field.name} is a number from {field.first} to {field.last}{names}, not {text!r}."
        )
    return int(text)


def _ever_fires(cron: Cron) -> bool:
    # A leap year has every day there is, and each falls on each weekday in some year.
    leap = date(2028, 1, 1)
    days = {(leap + timedelta(days=number)).timetuple()[1:3] for number in range(366)}
    has_day = any(month in cron.months and day in cron.days for month, day in days)
    return has_day or cron.is_either_day
