"""How a period is put together from spans of which sums are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from executions.sums.models import Span

# SQL: the three spans to which a moment belongs.
SPANS_OF_ROW = """(VALUES
    ('quarter', date_bin('15 minutes', raw.created_at, TIMESTAMPTZ 'epoch')),
    ('day', date_trunc('day', raw.created_at, 'UTC')),
    ('month', date_trunc('month', raw.created_at, 'UTC'))
) AS begun(span, begins_at)"""


@dataclass(frozen=True)
class Piece:
    """Spans of one length that begin at `since` or later and, unless it is null, before `until`."""

    span: Span
    since: datetime
    until: datetime | None


def pieces(since: datetime) -> Iterator[Piece]:
    """All from a full quarter of an hour on: quarters until a day begins, days until a month begins, months.

    Midnights of every zone are full quarters of an hour (a test asks all zones), so at most 95 quarters, 30 days and
    a row for each month are read, however long the period is.
    """
    start = since.astimezone(UTC)
    day = _midnight(start) if start == _midnight(start) else _midnight(start + timedelta(days=1))
    month = (
        day if day.day == 1 else _midnight((day.replace(day=1) + timedelta(days=32)).replace(day=1))
    )
    yield Piece(Span.QUARTER, start, day)
    yield Piece(Span.DAY, day, month)
    yield Piece(Span.MONTH, month, None)


def longest_between(moments: Iterable[datetime]) -> Span:
    """The longest spans of which the time between these moments is made."""
    days = all(moment == _midnight(moment.astimezone(UTC)) for moment in moments)
    return Span.DAY if days else Span.QUARTER


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), UTC)
