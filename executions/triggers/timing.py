"""When a schedule fires next."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from executions.triggers import cron
from executions.triggers.models import Schedule

SHOWN_RUNS = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_runs(schedule: Schedule, after: datetime, count: int = SHOWN_RUNS) -> list[datetime]:
    """The next firing times in UTC, without jitter; none while it is paused."""
    if schedule.is_paused:
        return []
    if schedule.interval_seconds is not None:
        return _of_interval(timedelta(seconds=schedule.interval_seconds), after, count)
    return cron.times_after(cron.parse(schedule.cron), ZoneInfo(schedule.time_zone), after, count)


def _of_interval(every: timedelta, after: datetime, count: int) -> list[datetime]:
    first = EPOCH + ((after - EPOCH) // every + 1) * every
    return [first + number * every for number in range(count)]
