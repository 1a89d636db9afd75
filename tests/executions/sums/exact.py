"""The statistics as they are defined: every run and step counted by its own row, percentiles exact. What the sums must agree with."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    Case,
    Count,
    DateTimeField,
    DurationField,
    F,
    Func,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from executions.models import StepRun, WorkflowExecution
from executions.reading.stats import Period

RUN = WorkflowExecution.Status
STEP = StepRun.Status
# What somebody stopped says nothing about how long it takes or whether it works.
ENDED = Q(status__in=("COMPLETED", "FAILED"))
WITHOUT_PRICE = Q(cost_usd=None) & (Q(input_tokens__gt=0) | Q(output_tokens__gt=0))
FRACTIONS = (0.5, 0.95)
# By the names of the API: an aggregate can't be called like the column that it is about.
SUMS = {name: f"sum_of_{name}" for name in ("input_tokens", "output_tokens", "cost_usd")}


Json = dict[str, Any]


class Percentiles(Aggregate):
    """The median and the 95th percentile, from one sort; null over no row."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[%(fractions)s]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(DurationField())

    def __init__(self, expression: Any, **extra: Any) -> None:
        super().__init__(expression, fractions=", ".join(map(str, FRACTIONS)), **extra)


DURATIONS = Percentiles(F("completed_at") - F("started_at"), filter=ENDED)


def counted(runs: QuerySet[WorkflowExecution], period: Period) -> QuerySet[WorkflowExecution]:
    """Those of the period that were meant: neither simulations nor trials of one step."""
    return runs.filter(created_at__gte=period.since, simulated=False, tested_step="").order_by()


def stats_of(runs: QuerySet[WorkflowExecution], period: Period) -> Json:
    """Everything about those of `runs` that count in the period; five queries."""
    chosen = counted(runs, period)
    whole, steps = totals(chosen), per_step(chosen)
    whole["usage"]["unpriced_steps"] = sum(step["unpriced_steps"] for step in steps)
    return {
        "days": len(period.days),
        "time_zone": period.zone.key,
        "since": period.since,
        **whole,
        "per_day": per_day(chosen, period),
        "per_version": per_version(chosen),
        "per_step": steps,
    }


def totals(runs: QuerySet[WorkflowExecution]) -> Json:
    """`runs, by_status, success_rate, p50_ms, p95_ms, usage`; one query."""
    row = runs.aggregate(
        **{status: Count("pk", filter=Q(status=status)) for status in RUN.values},
        **_spent(),
        calls_of_models=Sum("model_calls", default=0),
        calls_of_tools=Sum("tool_calls", default=0),
        unpriced_runs=Count("pk", filter=WITHOUT_PRICE),
        durations=DURATIONS,
    )
    by_status = {status: row[status] for status in RUN.values}
    return {
        "runs": sum(by_status.values()),
        "by_status": by_status,
        "success_rate": _rate(by_status[RUN.COMPLETED], by_status[RUN.FAILED]),
        **_in_ms(row["durations"]),
        "usage": {
            **_sums(row),
            "model_calls": row["calls_of_models"],
            "tool_calls": row["calls_of_tools"],
            "unpriced_runs": row["unpriced_runs"],
        },
    }


def per_day(runs: QuerySet[WorkflowExecution], period: Period) -> list[Json]:
    """`date, runs, completed, failed` of every day, those without runs included; one query."""
    midnights = Value(period.midnights, output_field=ArrayField(DateTimeField()))
    # The days are told apart by their beginnings, so PostgreSQL need not know the zone.
    number = Func(F("created_at"), midnights, function="width_bucket", output_field=IntegerField())
    counts: Any = runs.values(number=number).annotate(**_outcomes())
    rows = {row["number"]: {name: row[name] for name in _outcomes()} for row in counts}
    nothing = dict.fromkeys(_outcomes(), 0)
    return [
        {"date": day, **rows.get(place, nothing)} for place, day in enumerate(period.days, start=1)
    ]


def per_version(runs: QuerySet[WorkflowExecution]) -> list[Json]:
    """`version, runs, completed, failed, p50_ms, p95_ms`, the newest first; one query."""
    rows = runs.values(version=F("workflow_version")).annotate(**_outcomes(), durations=DURATIONS)
    return [{**row, **_in_ms(row["durations"])} for row in rows.order_by("-version")]


def per_step(runs: QuerySet[WorkflowExecution]) -> list[Json]:
    """What each step did, in the order of starting; of a loop's steps every iteration counts. Two queries.

    Steps that a fork took over from another run are counted there.
    """
    steps = StepRun.objects.filter(execution__in=runs.values("pk"), is_reused=False).order_by()
    rows = steps.values("step_id").annotate(
        newest=Max("pk"),
        first=Min("position"),
        runs=Count("pk", filter=~Q(status=STEP.SKIPPED)),
        skipped=Count("pk", filter=Q(status=STEP.SKIPPED)),
        failures=Count("pk", filter=Q(status=STEP.FAILED)),
        tries=Sum("attempts"),
        retries=Sum(Case(When(attempts__gt=1, then=F("attempts") - 1), default=0)),
        **_spent(),
        unpriced_steps=Count("pk", filter=WITHOUT_PRICE),
        durations=DURATIONS,
    )
    found = sorted(rows, key=lambda row: (row["first"], row["step_id"]))
    names = _as_last_named([row["newest"] for row in found])
    return [
        {
            **row,
            **names[row["newest"]],
            **_sums(row),
            **_in_ms(row["durations"]),
            "attempts": row["tries"],
        }
        for row in found
    ]


def _as_last_named(keys: list[int]) -> dict[int, dict[str, str]]:
    """A step's type and name may differ between versions: the last run tells them."""
    rows = StepRun.objects.filter(pk__in=keys).order_by().values_list("pk", "step_type", "name")
    return {key: {"type": kind, "name": name} for key, kind, name in rows}


def _outcomes() -> Json:
    return {
        "runs": Count("pk"),
        "completed": Count("pk", filter=Q(status=RUN.COMPLETED)),
        "failed": Count("pk", filter=Q(status=RUN.FAILED)),
    }


def _spent() -> Json:
    return {
        SUMS["input_tokens"]: Sum("input_tokens", default=0),
        SUMS["output_tokens"]: Sum("output_tokens", default=0),
        SUMS["cost_usd"]: Sum("cost_usd"),
    }


def _sums(row: Mapping[str, Any]) -> Json:
    return {name: row[alias] for name, alias in SUMS.items()}


def _rate(completed: int, failed: int) -> float | None:
    """Of those that ended by themselves; null where none has."""
    ended = completed + failed
    return round(completed / ended, 4) if ended else None


def _in_ms(durations: Sequence[timedelta | None] | None) -> dict[str, int | None]:
    p50, p95 = durations or (None, None)
    return {"p50_ms": _ms(p50), "p95_ms": _ms(p95)}


def _ms(duration: timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds() * 1000)
