"""What the statistics of a workflow count, and for whom."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from executions.models import RunSums, WorkflowExecution
from executions.reading.stats import last_days
from executions.sums.adding import mend_sums
from tests.conftest import ClientFor
from tests.executions.flows import finished_run, step_run, workflow_of
from workflows.models import Workflow


@pytest.fixture
def flow(alice: User) -> Workflow:
    """A workflow of alice without runs."""
    return workflow_of(alice)


def stats(client: APIClient, workflow: Workflow, query: str = "") -> Any:
    """Read before and after the runs are added to the sums, which must not make a difference."""
    before = _read(client, workflow, query)
    mend_sums()
    assert _read(client, workflow, query) == before
    return before


def _read(client: APIClient, workflow: Workflow, query: str) -> Any:
    answer = client.get(f"/api/v1/workflows/{workflow.pk}/stats?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def near(milliseconds: float) -> Any:
    """Durations are told with an error of 1%."""
    return pytest.approx(milliseconds, rel=0.01)


def run_of(workflow: Workflow, by: User, seconds: float, **fields: Any) -> WorkflowExecution:
    """A run that took so long, with its two step runs of 1.5 s each."""
    now = timezone.now()
    times = {"started_at": now - timedelta(seconds=seconds), "completed_at": now}
    return finished_run(workflow, by, **{**times, **fields})


def step(found: Any, step_id: str) -> Any:
    (row,) = [row for row in found["per_step"] if row["step_id"] == step_id]
    return row


def test_a_workflow_without_runs_has_zeros_and_nulls(flow: Workflow, api: APIClient) -> None:
    found = stats(api, flow, "days=3")
    assert (found["runs"], found["success_rate"], found["p50_ms"]) == (0, None, None)
    assert set(found["by_status"].values()) == {0}
    assert found["usage"] == {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
        "model_calls": 0,
        "tool_calls": 0,
        "unpriced_runs": 0,
        "unpriced_steps": 0,
    }
    assert [day["runs"] for day in found["per_day"]] == [0, 0, 0]
    assert found["per_step"] == found["per_version"] == []


def test_runs_are_counted_by_status_and_those_that_ended_are_timed(
    flow: Workflow, alice: User, api: APIClient
) -> None:
    for seconds in (1, 2, 3):
        run_of(flow, alice, seconds)
    run_of(flow, alice, 10, status="FAILED")
    run_of(flow, alice, 99, status="CANCELLED")
    run_of(flow, alice, 99, status="RUNNING", completed_at=None)
    found = stats(api, flow)
    assert found["runs"] == 6
    assert found["by_status"] == {
        "PENDING": 0,
        "RUNNING": 1,
        "WAITING": 0,
        "COMPLETED": 3,
        "FAILED": 1,
        "CANCELLED": 1,
    }
    assert found["success_rate"] == 0.75
    assert (found["p50_ms"], found["p95_ms"]) == (near(2500), near(8950))
    today = found["per_day"][-1]
    assert (today["runs"], today["completed"], today["failed"]) == (6, 3, 1)


def test_usage_adds_up_and_says_of_how_much_no_price_is_known(
    flow: Workflow, alice: User, api: APIClient
) -> None:
    priced = run_of(
        flow, alice, 1, input_tokens=100, output_tokens=20, cost_usd="0.5", model_calls=2
    )
    step_run(priced, "ask", position=3, input_tokens=100, output_tokens=20, cost_usd="0.5")
    unpriced = run_of(flow, alice, 1, input_tokens=7, output_tokens=3, model_calls=1, tool_calls=4)
    step_run(unpriced, "ask", position=3, input_tokens=7, output_tokens=3)
    found = stats(api, flow)
    assert found["usage"] == {
        "input_tokens": 107,
        "output_tokens": 23,
        "cost_usd": 0.5,
        "model_calls": 3,
        "tool_calls": 4,
        "unpriced_runs": 1,
        "unpriced_steps": 1,
    }
    asked = step(found, "ask")
    assert (asked["input_tokens"], asked["cost_usd"], asked["unpriced_steps"]) == (107, 0.5, 1)
    assert (step(found, "greet")["cost_usd"], step(found, "greet")["unpriced_steps"]) == (None, 0)


def test_each_step_tells_its_runs_failures_tries_and_times_in_the_order_of_starting(
    flow: Workflow, alice: User, api: APIClient
) -> None:
    run = run_of(flow, alice, 5)
    for number in (1, 2, 3):
        step_run(run, f"loop/{number}/call", position=2 + number, name="Old", attempts=number)
    step_run(run, "loop/4/call", position=6, name="Call it", status="FAILED", step_type="agent")
    step_run(run, "loop/5/call", position=7, name="Call it", status="SKIPPED", attempts=0)
    found = stats(api, flow)
    assert [row["step_id"] for row in found["per_step"]] == ["first", "greet", "call"]
    assert step(found, "call") == {
        "step_id": "call",
        "type": "tool",
        "name": "Call it",
        "runs": 4,
        "failures": 1,
        "skipped": 1,
        "attempts": 7,
        "retries": 3,
        "p50_ms": near(1500),
        "p95_ms": near(1500),
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
        "unpriced_steps": 0,
    }


def test_versions_stand_apart_the_newest_first(flow: Workflow, alice: User, api: APIClient) -> None:
    run_of(flow, alice, 4, workflow_version=1, status="FAILED")
    for seconds in (1, 3):
        run_of(flow, alice, seconds, workflow_version=2)
    newer, older = stats(api, flow)["per_version"]
    times = {"p50_ms": near(2000), "p95_ms": near(2900)}
    assert newer == {"version": 2, "runs": 2, "completed": 2, "failed": 0, **times}
    times = {"p50_ms": near(4000), "p95_ms": near(4000)}
    assert older == {"version": 1, "runs": 1, "completed": 0, "failed": 1, **times}


def test_simulations_trials_of_a_step_and_what_a_fork_took_over_do_not_count(
    flow: Workflow, alice: User, api: APIClient
) -> None:
    run_of(flow, alice, 1, simulated=True)
    run_of(flow, alice, 1, tested_step="greet")
    assert stats(api, flow)["runs"] == 0
    assert not RunSums.objects.exists()
    fork = run_of(flow, alice, 1)
    fork.step_runs.filter(path="first").update(is_reused=True)
    found = stats(api, flow)
    assert (found["runs"], [row["step_id"] for row in found["per_step"]]) == (1, ["greet"])


def test_a_day_belongs_to_the_zone_that_is_asked_for(
    flow: Workflow, alice: User, api: APIClient
) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    period = last_days(2, timezone.now(), zone)
    before, after = period.midnights[1] - timedelta(seconds=1), period.midnights[1]
    for moment in (period.since - timedelta(seconds=1), before, after, after):
        run = run_of(flow, alice, 1)
        WorkflowExecution.objects.filter(pk=run.pk).update(created_at=moment)
    found = stats(api, flow, "days=2&tz=Pacific/Kiritimati")
    assert [day["date"] for day in found["per_day"]] == [str(day) for day in period.days]
    assert [day["runs"] for day in found["per_day"]] == [1, 2]
    assert (found["runs"], found["days"], found["time_zone"]) == (3, 2, "Pacific/Kiritimati")


def test_days_of_a_changed_clock_begin_at_their_own_midnight() -> None:
    zone = ZoneInfo("Europe/Berlin")
    period = last_days(3, datetime(2026, 3, 30, 12, tzinfo=zone), zone)
    hours = [moment.astimezone(ZoneInfo("UTC")).hour for moment in period.midnights]
    assert (period.days[0].day, hours) == (28, [23, 23, 22])


@pytest.mark.parametrize(
    "query",
    [
        *("days=0", "days=366", "days=-1", "days=x", "days=", "days=1.0", "days=+7", "days=1_0"),
        *("tz=Mars/Base", "tz=", "tz=../etc", "tz=Europe", f"tz={'a' * 101}", "tz=%00", "day=3"),
    ],
)
def test_malformed_periods_are_refused(flow: Workflow, api: APIClient, query: str) -> None:
    answer = api.get(f"/api/v1/workflows/{flow.pk}/stats?{query}")
    assert answer.status_code == 400, answer.content
    (error,) = answer.json()["errors"]
    assert query.partition("=")[0] == error["parameter"]


def test_a_group_sees_all_runs_of_a_shared_workflow_and_others_learn_nothing(
    flow: Workflow, alice: User, bob: User, team: Group, carol: User, client_for: ClientFor
) -> None:
    run_of(flow, alice, 1)
    address = f"/api/v1/workflows/{flow.pk}/stats"
    assert client_for(carol).get(address).status_code == 404
    flow.shared_with.add(team)
    assert stats(client_for(carol), flow)["runs"] == 1
    denied = client_for(bob).get(address)
    absent = client_for(bob).get("/api/v1/workflows/flow-none/stats")
    assert (denied.status_code, denied.json()["detail"]) == (404, absent.json()["detail"])


def test_of_a_template_everyone_sees_their_own_runs(
    flow: Workflow, alice: User, bob: User, client_for: ClientFor
) -> None:
    Workflow.objects.filter(pk=flow.pk).update(is_template=True, is_published=True)
    for person in (alice, bob, bob):
        run_of(flow, person, 1)
    assert stats(client_for(alice), flow)["runs"] == 1
    found = stats(client_for(bob), flow)
    assert (found["runs"], step(found, "greet")["runs"]) == (2, 2)


def test_queries_do_not_grow_with_the_history(flow: Workflow, alice: User, api: APIClient) -> None:
    run_of(flow, alice, 1)
    before = _queries(api, flow)
    for number in range(4):
        run = run_of(flow, alice, 1, workflow_version=number + 2)
        step_run(run, f"more{number}", position=3)
    # One looks the token up, one the workflow, four count.
    assert before == _queries(api, flow) == 6


def _queries(api: APIClient, flow: Workflow) -> int:
    with CaptureQueriesContext(connection) as queries:
        _read(api, flow, "")
    return len(queries)
