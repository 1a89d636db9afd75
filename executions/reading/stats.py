"""What the runs of a workflow came to: how many, how well, how fast and at what cost. Four queries, whatever the history."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from executions.models import StepRun, WorkflowExecution
from executions.sums.histograms import percentile_ms
from executions.sums.reading import Row, SeenRuns, counts_between, totals_by_key
from executions.sums.rows import RUNS, STEPS

STATUSES = WorkflowExecution.Status.values
COUNTED = ("runs", "completed", "failed")

Json = dict[str, Any]


@dataclass(frozen=True)
class Period:
    """Whole days of a time zone, the last of them today."""

    days: Sequence[date]
    zone: ZoneInfo

    @property
    def midnights(self) -> list[datetime]:
        """When each of the days begins."""
        return [datetime.combine(day, time(), self.zone) for day in self.days]

    @property
    def since(self) -> datetime:
        """When the first day begins."""
        return self.midnights[0]


def zone_of_the_installation() -> ZoneInfo:
    """The setting TIME_ZONE."""
    return ZoneInfo(settings.TIME_ZONE)


def last_days(count: int, now: datetime, zone: ZoneInfo) -> Period:
    """Today in that zone and the `count - 1` days before it."""
    today = now.astimezone(zone).date()
    return Period([today - timedelta(days=back) for back in reversed(range(count))], zone)


def stats_of(seen: SeenRuns, period: Period) -> Json:
    """Everything about those runs in the period, without simulations and trials of one step; four queries."""
    versions = totals_by_key(RUNS, seen, period.since)
    whole, steps = totals(versions), per_step(seen, period)
    whole["usage"]["unpriced_steps"] = sum(step["unpriced_steps"] for step in steps)
    return {
        "days": len(period.days),
        "time_zone": period.zone.key,
        "since": period.since,
        **whole,
        "per_day": per_day(seen, period),
        "per_version": per_version(versions),
        "per_step": steps,
    }


def totals_of(seen: SeenRuns, period: Period) -> Json:
    """Only `runs, by_status, success_rate, p50_ms, p95_ms, usage`; one query."""
    return totals(totals_by_key(RUNS, seen, period.since))


def totals(versions: Sequence[Row]) -> Json:
    """All versions together."""
    by_status = {name: _sum(versions, name.lower()) for name in STATUSES}
    return {
        "runs": sum(by_status.values()),
        "by_status": by_status,
        "success_rate": _rate(by_status["COMPLETED"], by_status["FAILED"]),
        **_durations(*_one_histogram(versions)),
        "usage": {
            "input_tokens": _sum(versions, "input_tokens"),
            "output_tokens": _sum(versions, "output_tokens"),
            "cost_usd": _known_cost(versions),
            "model_calls": _sum(versions, "model_calls"),
            "tool_calls": _sum(versions, "tool_calls"),
            "unpriced_runs": _sum(versions, "unpriced"),
        },
    }


def per_day(seen: SeenRuns, period: Period) -> list[Json]:
    """`date, runs, completed, failed` of every day, those without runs included; one query."""
    # The days are told apart by their beginnings, so PostgreSQL need not know the zone.
    rows = counts_between(seen, period.midnights)
    nothing = dict.fromkeys(COUNTED, 0)
    return [
        {"date": day, **rows.get(place, nothing)} for place, day in enumerate(period.days, start=1)
    ]


def per_version(versions: Iterable[Row]) -> list[Json]:
    """`version, runs, completed, failed, p50_ms, p95_ms`, the newest first."""
    return [
        {
            "version": row["workflow_version"],
            "runs": sum(int(row[name.lower()]) for name in STATUSES),
            "completed": row["completed"],
            "failed": row["failed"],
            **_durations(row["places"], row["counts"]),
        }
        for row in sorted(versions, key=lambda row: -row["workflow_version"])
    ]


def per_step(seen: SeenRuns, period: Period) -> list[Json]:
    """What each step did, in the order of starting; of a loop's steps every iteration counts. Two queries.

    Steps that a fork took over from another run are counted there.
    """
    rows = totals_by_key(STEPS, seen, period.since)
    found = sorted(rows, key=lambda row: (row["first"], row["step_id"]))
    names = _as_last_named([row["newest"] for row in found])
    return [
        {
            **row,
            **names[row["newest"]],
            **_durations(row["places"], row["counts"]),
            "unpriced_steps": row["unpriced"],
        }
        for row in found
    ]


def _as_last_named(keys: list[int]) -> dict[int, dict[str, str]]:
    """A step's type and name may differ between versions: the last run tells them."""
    rows = StepRun.objects.filter(pk__in=keys).order_by().values_list("pk", "step_type", "name")
    return {key: {"type": kind, "name": name} for key, kind, name in rows}


def _sum(rows: Iterable[Row], name: str) -> int:
    return sum(int(row[name]) for row in rows)


def _known_cost(rows: Iterable[Row]) -> Any:
    """The sum of what is known; null where nothing is."""
    known = [row["cost_usd"] for row in rows if row["cost_usd"] is not None]
    return sum(known) if known else None


def _one_histogram(rows: Iterable[Row]) -> tuple[list[int], list[int]]:
    together: Counter[int] = Counter()
    for row in rows:
        together.update(dict(zip(row["places"] or (), row["counts"] or (), strict=True)))
    places = sorted(together)
    return places, [together[place] for place in places]


def _durations(places: Sequence[int] | None, counts: Sequence[int] | None) -> Json:
    return {
        "p50_ms": percentile_ms(places or (), counts or (), 0.5),
        "p95_ms": percentile_ms(places or (), counts or (), 0.95),
    }


def _rate(completed: int, failed: int) -> float | None:
    """Of those that ended by themselves; null where none has."""
    ended = completed + failed
    return round(completed / ended, 4) if ended else None
