"""The sums of a workflow's runs tell what their rows tell, whatever was added to them when."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from executions.api.stats_serializers import StatsSerializer
from executions.models import RunSums, StepRun, StepSums, WorkflowExecution
from executions.reading import stats
from executions.reading.stats import Period, last_days
from executions.sums import adding
from executions.sums.adding import add_ended_runs, mend_sums
from executions.sums.reading import SeenRuns
from executions.sums.spans import pieces
from tests.executions.flows import finished_run, workflow_of
from tests.executions.sums import exact
from workflows.models import Workflow

STATUSES = ("COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "CANCELLED", "RUNNING", "PENDING")
STEP_STATUSES = ("COMPLETED", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED")
ZONES = ("UTC", "Asia/Kolkata", "America/Los_Angeles", "Pacific/Chatham")
# What is told with an error of 1%.
DURATIONS = {"p50_ms", "p95_ms"}


def load(flow: Workflow, people: list[User], count: int, chance: random.Random) -> None:
    """So many runs of the last 400 days, most of them of the last 40, with three step runs each."""
    now = timezone.now()
    runs, steps = [], []
    for number in range(count):
        reach = chance.choice((2, 40, 40, 400))
        began = now - timedelta(seconds=chance.uniform(0, reach * 86_400))
        status = chance.choice(STATUSES)
        has_ended = status in WorkflowExecution.FINAL
        runs.append(
            WorkflowExecution(
                id=f"execution-{number}",
                workflow=flow,
                workflow_version=chance.randint(1, 3),
                status=status,
                started_at=began if status != "PENDING" else None,
                completed_at=began + timedelta(seconds=chance.expovariate(0.1))
                if has_ended
                else None,
                created_by=chance.choice(people),
                simulated=chance.random() < 0.1,
                tested_step=chance.choice(("", "", "", "call")),
                model_calls=chance.randint(0, 3),
                **spent(chance),
            )
        )
        runs[-1].created_at = began
        steps += [step_of(runs[-1], position, began, chance) for position in (1, 2, 3)]
    moments = {run.pk: run.created_at for run in runs}
    WorkflowExecution.objects.bulk_create(runs)
    for run in runs:
        run.created_at = moments[run.pk]
    WorkflowExecution.objects.bulk_update(runs, ["created_at"])
    StepRun.objects.bulk_create(steps)


def step_of(
    run: WorkflowExecution, position: int, began: datetime, chance: random.Random
) -> StepRun:
    return StepRun(
        execution=run,
        path=f"s{position}",
        step_id=chance.choice(("fetch", "call", "tell")),
        step_type="tool",
        name=f"as of {run.pk}",
        position=position,
        status=chance.choice(STEP_STATUSES),
        attempts=chance.randint(0, 3),
        is_reused=chance.random() < 0.1,
        started_at=began,
        completed_at=began + timedelta(seconds=chance.expovariate(10)),
        **spent(chance),
    )


def spent(chance: random.Random) -> dict[str, Any]:
    tokens = chance.choice((0, 10, 1000))
    cost = chance.choice((None, "0.25")) if tokens else None
    return {"input_tokens": tokens, "output_tokens": tokens // 2, "cost_usd": cost}


def require_equal(told: Any, true: Any, place: str = "") -> None:
    """Everything alike but for the error of durations."""
    if isinstance(true, dict):
        for key, value in true.items():
            require_equal(told[key], value, f"{place}/{key}")
    elif isinstance(true, list):
        assert len(told) == len(true), place
        for index, value in enumerate(true):
            require_equal(told[index], value, f"{place}/{index}")
    elif place.rpartition("/")[2] in DURATIONS and true is not None:
        # Both are whole milliseconds.
        assert abs(told - true) <= 0.01 * true + 1, place
    else:
        assert told == true, place


def compare(flow: Workflow, person: User | None, period: Period) -> None:
    runs = WorkflowExecution.objects.filter(workflow=flow)
    if person is not None:
        runs = runs.filter(created_by=person)
    told = stats.stats_of(SeenRuns(flow.pk, person.pk if person else None), period)
    require_equal(as_told(told), as_told(exact.stats_of(runs, period)))


def as_told(found: dict[str, Any]) -> Any:
    """Plain JSON, as the API tells it."""
    return json.loads(json.dumps(StatsSerializer({"workflow_id": "", **found}).data))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_statistics_equal_those_of_the_rows_whatever_is_added(
    alice: User, bob: User, seed: int
) -> None:
    chance = random.Random(seed)
    flow, other = workflow_of(alice), workflow_of(alice)
    finished_run(other, alice)
    load(flow, [alice, bob], 150, chance)
    now = timezone.now()
    for added in (0, 1, 30, 500):
        add_ended_runs(added) if added else None
        for days in (1, 7, 30, 365):
            zone = ZoneInfo(chance.choice(ZONES))
            compare(flow, chance.choice((None, bob)), last_days(days, now, zone))
    WorkflowExecution.objects.filter(status="RUNNING").update(status="FAILED", completed_at=now)
    for _ in range(2):
        compare(flow, None, last_days(30, now, ZoneInfo("Europe/Berlin")))
        mend_sums()


def test_a_run_is_added_once_and_only_after_its_end(alice: User) -> None:
    flow = workflow_of(alice)
    finished_run(flow, alice)
    open_run = finished_run(flow, alice, status="WAITING", completed_at=None)
    assert [add_ended_runs(), add_ended_runs()] == [1, 0]
    WorkflowExecution.objects.filter(pk=open_run.pk).update(
        status="FAILED", completed_at=timezone.now()
    )
    assert [add_ended_runs(), add_ended_runs()] == [1, 0]
    found = RunSums.objects.values_list("span", "completed", "failed")
    assert sorted(found) == [("day", 1, 1), ("month", 1, 1), ("quarter", 1, 1)]
    assert StepSums.objects.filter(span="day", runs=2).count() == 2


def test_runs_from_before_are_added_in_batches(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = workflow_of(alice)
    for _ in range(5):
        finished_run(flow, alice)
    monkeypatch.setattr(adding, "RUNS_AT_ONCE", 2)
    assert adding.mend_sums() == {"added": 5}
    assert RunSums.objects.get(span="day").completed == 5


def test_every_midnight_is_a_full_quarter_of_an_hour() -> None:
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    for name in sorted(available_timezones()):
        period = last_days(366, noon, ZoneInfo(name))
        assert {moment.timestamp() % 900 for moment in period.midnights} == {0.0}, name


def test_a_period_is_quarters_then_days_then_months() -> None:
    since = datetime(2026, 9, 28, tzinfo=ZoneInfo("Asia/Kolkata"))
    told = [(part.span, part.since, part.until) for part in pieces(since)]
    day, month = datetime(2026, 9, 28, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    assert told == [("quarter", since, day), ("day", day, month), ("month", month, None)]


@pytest.mark.parametrize("hour", [0, 23])
def test_a_period_that_begins_with_a_month_needs_no_days(hour: int) -> None:
    since = datetime(2026, 10, 1, tzinfo=UTC) - timedelta(hours=hour)
    month = datetime(2026, 10, 1, tzinfo=UTC)
    assert [(part.since, part.until) for part in pieces(since)] == [
        (since, month),
        (month, month),
        (month, None),
    ]
