"""What a request says of when it is to run again: the schedule that is suggested with the workflow."""

from typing import Any

from generation.expanding.naming import shown
from generation.planning.reading.schedules import Recurrence, take_recurrences

MAX_NAME = 100


def suggested_schedule(prompt: str) -> tuple[dict[str, Any] | None, list[str]]:
    """`{"words", "body"}` for the first time that `prompt` tells, with what is to be said about it; null where it tells none.

    `body` is what `POST /workflows/{id}/schedules` takes. Nothing is scheduled by itself.
    """
    told = take_recurrences(prompt)[1]
    if not told:
        return None, []
    first = told[0]
    advice = "store the workflow, then send suggested_schedule.body to /workflows/{id}/schedules."
    warnings = [f"{first.words!r} is no step: {advice}{_assumed(first)}"]
    if len({(other.cron, other.interval_seconds) for other in told}) > 1:
        rest = ", ".join(repr(other.words) for other in told[1:])
        warnings.append(f"Only the first time became a schedule, not {rest}.")
    body = {"name": shown(first.words, MAX_NAME) or "Schedule", **_times(first)}
    return {"words": first.words, "body": body}, warnings


def _times(told: Recurrence) -> dict[str, Any]:
    if told.interval_seconds:
        return {"interval_seconds": told.interval_seconds}
    return {"cron": told.cron, "time_zone": told.time_zone or "UTC"}


def _assumed(told: Recurrence) -> str:
    if not told.at:
        return ""
    if not told.is_hour_told:
        return f" No time was told: it says {told.at}{'' if told.time_zone else ' UTC'}."
    return "" if told.time_zone else f" No time zone was told: {told.at} is meant as UTC."
