"""Cron expressions: what they mean, when they fire, and that Temporal means the same, clock changes included."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import ScheduleActionStartWorkflow

from executions import temporal
from executions.triggers import cron
from executions.triggers.models import Schedule
from executions.triggers.temporal_spec import nominal_time, temporal_schedule
from executions.triggers.timing import next_runs

BERLIN = ZoneInfo("Europe/Berlin")


def shown(expression: str, zone: ZoneInfo, after: str, count: int = 5) -> list[str]:
    times = cron.times_after(cron.parse(expression), zone, datetime.fromisoformat(after), count)
    return [moment.astimezone(zone).strftime("%d.%m. %H:%M %z") for moment in times]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 9 * * *", ["04.01. 09:30 +0100", "05.01. 09:30 +0100"]),
        ("0 9 * * mon-fri", ["04.01. 09:00 +0100", "05.01. 09:00 +0100"]),
        ("0 9 * * 7", ["10.01. 09:00 +0100", "17.01. 09:00 +0100"]),
        ("0 0 13 * fri", ["08.01. 00:00 +0100", "13.01. 00:00 +0100"]),
        ("0 0 29 feb *", ["29.02. 00:00 +0100", "29.02. 00:00 +0100"]),
        ("5/20 8,18 * * *", ["04.01. 08:05 +0100", "04.01. 08:25 +0100"]),
        ("*/30 * * * *", ["04.01. 00:30 +0100", "04.01. 01:00 +0100"]),
        ("0 12 1 JAN-MAR/2 *", ["01.03. 12:00 +0100", "01.01. 12:00 +0100"]),
    ],
)
def test_an_expression_fires_when_cron_says(expression: str, expected: list[str]) -> None:
    assert shown(expression, BERLIN, "2027-01-04T00:00:00+01:00", 2) == expected


def test_a_time_that_spring_leaves_out_is_left_out() -> None:
    assert shown("30 2 * * *", BERLIN, "2027-03-27T00:00:00+01:00", 3) == [
        "27.03. 02:30 +0100",
        "29.03. 02:30 +0200",
        "30.03. 02:30 +0200",
    ]


def test_a_time_that_autumn_repeats_fires_once() -> None:
    assert shown("30 2 * * *", BERLIN, "2027-10-30T12:00:00+02:00", 2) == [
        "31.10. 02:30 +0200",
        "01.11. 02:30 +0100",
    ]


def test_what_fires_every_hour_fires_in_the_repeated_hour_too() -> None:
    assert shown("0 * * * *", BERLIN, "2027-10-31T00:30:00+02:00", 4) == [
        "31.10. 01:00 +0200",
        "31.10. 02:00 +0200",
        "31.10. 02:00 +0100",
        "31.10. 03:00 +0100",
    ]


def test_office_hours_stay_office_hours_over_the_change() -> None:
    assert shown("0 9 * * *", BERLIN, "2027-03-27T00:00:00+01:00", 2) == [
        "27.03. 09:00 +0100",
        "28.03. 09:00 +0200",
    ]


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("", "has 0"),
        ("* * * *", "has 4"),
        ("0 0 9 * * *", "has 6"),
        ("@daily", "five fields"),
        ("60 * * * *", "The minute is a number from 0 to 59, not '60'"),
        ("* 24 * * *", "The hour"),
        ("* * 0 * *", "The day of the month"),
        ("* * * 13 *", "The month is a number from 1 to 12 or jan to dec"),
        ("* * * * 8", "The day of the week"),
        ("* * * * monday", "sun to sat"),
        ("*/0 * * * *", "a step of 0"),
        ("30-10 * * * *", "goes backwards"),
        ("1,,2 * * * *", "The minute can't be ''"),
        ("*-5 * * * *", "The minute can't be '*-5'"),
        ("1;2 * * * *", "The minute can't be '1;2'"),
        ("-1 * * * *", "The minute can't be '-1'"),
        ("٣ * * * *", "The minute can't be"),
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
    ],
)
def test_a_wrong_expression_is_named(expression: str, complaint: str) -> None:
    with pytest.raises(cron.InvalidCron) as refused:
        cron.parse(expression)
    assert complaint in str(refused.value)


def test_intervals_count_from_1970() -> None:
    row = Schedule(interval_seconds=3600)
    found = next_runs(row, datetime(2027, 1, 1, 10, 20, tzinfo=UTC), 2)
    assert found == [datetime(2027, 1, 1, 11, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)]


CHANGES = [
    ("Europe/Berlin", "2027-03-27T20:00:00+00:00"),
    ("Europe/Berlin", "2027-10-30T20:10:00+00:00"),
    ("Europe/London", "2027-10-30T22:10:00+00:00"),
    ("America/New_York", "2027-03-14T04:10:00+00:00"),
    ("America/New_York", "2027-11-07T04:10:00+00:00"),
    ("America/Sao_Paulo", "2027-11-07T00:00:00+00:00"),
    ("Australia/Lord_Howe", "2027-04-03T13:10:00+00:00"),
    ("Australia/Lord_Howe", "2027-10-02T13:10:00+00:00"),
    ("Asia/Kathmandu", "2027-01-01T00:00:00+00:00"),
    ("UTC", "2027-10-31T00:00:00+00:00"),
]
EXPRESSIONS = [
    "0 * * * *",
    "*/30 * * * *",
    "*/20 1-3 * * *",
    "30 1 * * *",
    "30 2 * * *",
    "0 2,3 * * *",
    "15 0-23 * * *",
    "0 9 * * mon-fri",
    "15 2 13 * sun",
]


@pytest.mark.parametrize(("zone", "start"), CHANGES)
def test_temporal_fires_when_we_say(zone: str, start: str) -> None:
    """Temporal's own calendars leave out and make up times where a clock is put back."""
    after = datetime.fromisoformat(start)
    for expression in EXPRESSIONS:
        row = Schedule(
            id=f"schedule-{uuid.uuid4()}", cron=expression, time_zone=zone, overlap_policy="skip"
        )
        theirs = [nominal_time(row, moment) for moment in asyncio.run(_described(row, after))]
        ours = next_runs(row, after - timedelta(seconds=1), len(theirs))
        assert (expression, theirs) == (expression, ours)


async def _described(row: Schedule, after: datetime) -> list[datetime]:
    wanted = temporal_schedule(row, after)
    assert isinstance(wanted.action, ScheduleActionStartWorkflow)
    wanted.spec.start_at = after
    client = await temporal.connect()
    handle = await client.create_schedule(row.pk, wanted)
    try:
        return list((await handle.describe()).info.next_action_times)
    finally:
        await handle.delete()
