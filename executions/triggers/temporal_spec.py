"""A schedule's row as Temporal wants it.

Temporal works out calendars by the clock on the wall, and where a clock is put back it leaves out some times and
makes up others (seen with 1.3x servers: '*/30 * * * *' in Europe/Berlin misses one, '30 1 * * *' gains 02:30). So the
hours around the next clock changes are taken out of the calendar and their firing times are given one by one.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from temporalio import client
from temporalio.client import (
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)

from executions.engine.messages.launches import SCHEDULED_START
from executions.triggers import cron
from executions.triggers.models import Schedule
from executions.triggers.timing import EPOCH

# Long enough for the next change in each direction; the sweep renews it every month.
HORIZON_DAYS = 366
# An interval of this length fires once in twenty years. (Temporal leaves out an offset that lies ahead of now.)
ONCE = timedelta(days=7_300)
# What is taken out of a calendar is taken out to the second, so that a time given beside it stays.
BESIDE = timedelta(seconds=1)
# Local hours before and after the change that Temporal gets wrong.
HOURS_AROUND = 3


def temporal_schedule(row: Schedule, now: datetime) -> client.Schedule:
    """What Temporal is asked to do; its note tells which revision of the row it is."""
    return client.Schedule(
        action=ScheduleActionStartWorkflow(
            SCHEDULED_START,
            row.pk,
            # Temporal appends the firing time.
            id=row.pk,
            task_queue=settings.TEMPORAL_TASK_QUEUE,
            memo={"workflow_id": row.workflow_id},
            static_summary=row.name,
        ),
        spec=spec_of(row, now),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy[row.overlap_policy.upper()],
            catchup_window=timedelta(seconds=row.catchup_window_seconds),
        ),
        state=ScheduleState(note=note_of(row), paused=row.is_paused),
    )


def note_of(row: Schedule) -> str:
    """'r3: the user's note'."""
    return f"r{row.revision}: {row.note}"


def spec_of(row: Schedule, now: datetime) -> ScheduleSpec:
    """The firing times from `now` on."""
    jitter = timedelta(seconds=row.jitter_seconds) if row.jitter_seconds else None
    if row.interval_seconds is not None:
        every = timedelta(seconds=row.interval_seconds)
        return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)], jitter=jitter)
    parsed, zone = cron.parse(row.cron), ZoneInfo(row.time_zone)
    days = list(_days_of_change(zone, now.astimezone(zone).date()))
    return ScheduleSpec(
        calendars=_calendars(parsed, row.cron),
        intervals=[_once(moment) for day in days for moment in _moments_around(parsed, day, zone)],
        skip=[_hours_of(day, zone) for day in days],
        jitter=jitter,
        time_zone_name=row.time_zone,
    )


def nominal_time(row: Schedule, told: datetime) -> datetime:
    """The firing time that Temporal means by the one it tells."""
    return told if row.interval_seconds is not None else told.replace(second=0, microsecond=0)


def _calendars(parsed: cron.Cron, text: str) -> list[ScheduleCalendarSpec]:
    days, weekdays = _ranges(parsed.days), _ranges(parsed.weekdays)
    whole_month, whole_week = [ScheduleRange(1, 31)], [ScheduleRange(0, 6)]
    pairs = [(days, whole_week), (whole_month, weekdays)]
    return [
        ScheduleCalendarSpec(
            minute=_ranges(parsed.minutes),
            hour=_ranges(parsed.hours),
            month=_ranges(parsed.months),
            day_of_month=day,
            day_of_week=weekday,
            comment=text,
        )
        for day, weekday in (pairs if parsed.is_either_day else [(days, weekdays)])
    ]


def _ranges(numbers: Sequence[int]) -> list[ScheduleRange]:
    return [ScheduleRange(number) for number in numbers]


def _days_of_change(zone: ZoneInfo, first: date) -> Iterator[date]:
    for number in range(HORIZON_DAYS):
        day = first + timedelta(days=number)
        if _offset(day, 0, zone) != _offset(day, 24, zone):
            yield day


def _offset(day: date, hour: int, zone: ZoneInfo) -> timedelta | None:
    start = datetime(day.year, day.month, day.day) + timedelta(hours=hour)  # noqa: DTZ001
    return start.replace(tzinfo=zone).utcoffset()


def _hours_around(day: date, zone: ZoneInfo) -> range:
    """The local hours of that day that are given one by one."""
    change = next(
        hour for hour in range(24) if _offset(day, hour, zone) != _offset(day, hour + 1, zone)
    )
    return range(max(change - HOURS_AROUND, 0), min(change + HOURS_AROUND, 23) + 1)


def _hours_of(day: date, zone: ZoneInfo) -> ScheduleCalendarSpec:
    hours = _hours_around(day, zone)
    return ScheduleCalendarSpec(
        minute=[ScheduleRange(0, 59)],
        hour=[ScheduleRange(hours[0], hours[-1])],
        day_of_month=[ScheduleRange(day.day)],
        month=[ScheduleRange(day.month)],
        year=[ScheduleRange(day.year)],
    )


def _moments_around(parsed: cron.Cron, day: date, zone: ZoneInfo) -> list[datetime]:
    hours = _hours_around(day, zone)
    moments = cron.times_of_day(parsed, day, zone)
    return [moment for moment in moments if moment.astimezone(zone).hour in hours]


def _once(moment: datetime) -> ScheduleIntervalSpec:
    return ScheduleIntervalSpec(every=ONCE, offset=(moment - EPOCH + BESIDE) % ONCE)
