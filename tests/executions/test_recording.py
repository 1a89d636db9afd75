"""Recording: the same batch twice, batches that come again with other contents, and what readers see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from pydantic import JsonValue

from executions.channels import channel_of
from executions.engine.messages.changes import Batch, RunChange, StepChange
from executions.engine.messages.outcomes import ErrorInfo, Usage
from executions.engine.messages.values import Value
from executions.heads import heads
from executions.models import ExecutionEvent, ModelCall, StepRun, WorkflowExecution
from executions.recorded_run import Event
from executions.recording import note_event, record
from executions.stored_values import keep
from workflows.models import Workflow

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def execution(alice: User) -> WorkflowExecution:
    """A run that has just been started."""
    workflow = Workflow.objects.create(
        id="w", name="W", definition_json={"id": "w", "name": "W"}, created_by=alice
    )
    return WorkflowExecution.objects.create(
        id="execution-1", workflow=workflow, workflow_version=1, created_by=alice
    )


def started(path: str, opened: int, **more: Any) -> StepChange:
    """A step that runs."""
    fields: dict[str, Any] = {
        "path": path,
        "step_id": path.rsplit("/", 1)[-1],
        "step_type": "tool",
        "name": "",
        "position": opened,
        "iteration": None,
        "status": "RUNNING",
        "started_at": NOW,
        "opened": opened,
    }
    return StepChange(**(fields | more))


def ended(step: StepChange, closed: int, **more: Any) -> StepChange:
    """The step, completed."""
    at = NOW + timedelta(seconds=closed)
    return replace(step, status="COMPLETED", completed_at=at, closed=closed, **more)


def batch(number: int, *steps: StepChange, **more: Any) -> Batch:
    """A batch of the run."""
    return Batch("execution-1", number, list(steps), **more)


def model_call(
    execution: WorkflowExecution, *, turn: int, cost_usd: Decimal = Decimal("0.1")
) -> ModelCall:
    """An answer, as its row keeps it."""
    spent = {"input_tokens": 10, "output_tokens": 5, "cost_usd": cost_usd}
    return ModelCall.objects.create(execution=execution, path="a", turn=turn, model="m", **spent)


def child_of(execution: WorkflowExecution) -> WorkflowExecution:
    """A run that a step of it started, and what it came to."""
    return WorkflowExecution.objects.create(
        id="execution-2",
        workflow=execution.workflow,
        workflow_version=1,
        created_by=execution.created_by,
        parent=execution,
        status="COMPLETED",
        completed_at=NOW,
        input_tokens=900,
        output_tokens=100,
        cost_usd=Decimal("0.5"),
        model_calls=3,
    )


def told(kind: str = "step") -> list[tuple[str, str]]:
    """What events told about steps: path and status, in order."""
    rows = ExecutionEvent.objects.filter(kind=kind).order_by("number")
    return [(row.data.get("path", ""), row.data["status"]) for row in rows]


def snapshot() -> Any:
    """Everything that recording writes."""
    return (
        list(WorkflowExecution.objects.values()),
        list(StepRun.objects.order_by("path").values()),
        list(ExecutionEvent.objects.order_by("number").values("number", "kind", "data")),
    )


def test_a_batch_that_comes_twice_changes_nothing(execution: WorkflowExecution) -> None:
    first = started("a", 1)
    batches = [
        batch(1, first, run=RunChange("RUNNING", NOW)),
        batch(2, ended(first, 2, output=Value({"x": 1})), usage=Usage(10, 5, Decimal("0.1"), 1, 2)),
    ]
    for item in batches:
        record(item)
    before = snapshot()
    for item in batches:
        record(item)
    assert snapshot() == before
    assert told() == [("a", "RUNNING"), ("a", "COMPLETED")]
    execution.refresh_from_db()
    assert (execution.status, execution.input_tokens, execution.tool_calls) == ("RUNNING", 10, 2)
    assert (execution.cost_usd, execution.last_sequence) == (Decimal("0.1"), 2)


def test_what_a_crash_left_out_is_added_under_the_same_number(
    execution: WorkflowExecution,
) -> None:
    a, b = started("a", 1), started("b", 2)
    record(batch(1, a))
    # The worker died; its successor's first batch holds more.
    record(batch(1, a, b))
    assert told() == [("a", "RUNNING"), ("b", "RUNNING")]


def test_a_final_step_does_not_run_again_in_the_record(execution: WorkflowExecution) -> None:
    a = started("a", 1)
    record(batch(1, ended(a, 2, output=Value(1))))
    record(batch(1, a))
    assert StepRun.objects.get(path="a").status == "COMPLETED"
    record(batch(2, ended(a, 2, output=Value(2))))
    assert StepRun.objects.get(path="a").output_json == 2
    assert told() == [("a", "RUNNING"), ("a", "COMPLETED")]


def test_events_follow_the_order_of_what_happened(execution: WorkflowExecution) -> None:
    outer, inner, after = started("box", 1), started("box/1/in", 2), started("z", 5)
    record(batch(1, ended(inner, 3), ended(outer, 4), after))
    assert told() == [
        ("box", "RUNNING"),
        ("box/1/in", "RUNNING"),
        ("box/1/in", "COMPLETED"),
        ("box", "COMPLETED"),
        ("z", "RUNNING"),
    ]
    numbers = ExecutionEvent.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3, 4, 5]


def test_what_came_with_a_call_takes_nothing_newer_back(execution: WorkflowExecution) -> None:
    asked, called, before = started("asked", 1), started("called", 2), started("before", 0)
    late = batch(
        1,
        asked,
        called,
        ended(before, 3),
        run=RunChange("RUNNING", NOW),
        comes_with_a_call=True,
    )
    record(batch(2, replace(asked, status="WAITING"), run=RunChange("WAITING", NOW)))
    record(late)
    statuses = dict(StepRun.objects.values_list("path", "status"))
    assert statuses == {"asked": "WAITING", "called": "RUNNING", "before": "COMPLETED"}
    execution.refresh_from_db()
    assert (execution.status, execution.last_sequence) == ("WAITING", 2)
    assert told() == [
        ("asked", "RUNNING"),
        ("asked", "WAITING"),
        ("before", "RUNNING"),
        ("called", "RUNNING"),
        ("before", "COMPLETED"),
    ]
    record(late)
    assert len(told()) == 5


def test_in_its_order_what_comes_with_a_call_is_as_any_other(execution: WorkflowExecution) -> None:
    a = started("a", 1)
    record(batch(1, a, run=RunChange("RUNNING", NOW)))
    record(batch(2, replace(a, input=Value("given")), comes_with_a_call=True))
    assert StepRun.objects.get(path="a").input_json == "given"


def test_an_event_after_a_batch_has_the_next_number(execution: WorkflowExecution) -> None:
    record(batch(1, started("a", 1)), then=[{"kind": "tool_call", "data": {"path": "a"}}])
    rows = ExecutionEvent.objects.order_by("number").values_list("number", "kind")
    assert list(rows) == [(1, "step"), (2, "tool_call")]


def test_the_end_is_final(execution: WorkflowExecution) -> None:
    error = ErrorInfo("tool_error", "It broke.", code="x", step="a", path="a")
    record(batch(1, run=RunChange("RUNNING", NOW)))
    record(batch(2, run=RunChange("FAILED", NOW + timedelta(seconds=2), error=error)))
    before = snapshot()
    record(batch(3, started("late", 9), run=RunChange("COMPLETED", NOW, Value(1))))
    assert snapshot() == before
    execution.refresh_from_db()
    assert execution.status == "FAILED"
    assert (execution.error, execution.error_kind, execution.failed_step) == (
        "It broke.",
        "tool_error",
        "a",
    )
    assert (execution.started_at, execution.completed_at) == (NOW, NOW + timedelta(seconds=2))
    assert told("run") == [("", "RUNNING"), ("", "FAILED")]


def test_totals_never_shrink(execution: WorkflowExecution) -> None:
    record(batch(2, usage=Usage(10, 5, Decimal("0.2"), 2, 1)))
    record(batch(1, usage=Usage(4, 2, Decimal("0.1"), 1, 0)))
    execution.refresh_from_db()
    assert (execution.input_tokens, execution.cost_usd, execution.model_calls) == (
        10,
        Decimal("0.2"),
        2,
    )


def test_a_stored_value_is_written_out(execution: WorkflowExecution) -> None:
    big: JsonValue = {"text": "x" * 70_000}
    value = keep(execution.pk, big)
    assert value.is_stored
    record(batch(1, ended(started("a", 1), 2, input=value, output=value)))
    row = StepRun.objects.get(path="a")
    assert (row.input_json, row.output_json) == (big, big)


def test_an_unknown_run_is_an_error(db: None) -> None:
    with pytest.raises(WorkflowExecution.DoesNotExist):
        record(batch(1, started("a", 1)))
    assert StepRun.objects.count() == 0


def test_readers_are_woken_after_the_commit(
    execution: WorkflowExecution, django_capture_on_commit_callbacks: Any
) -> None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    listener: Any = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    listener.subscribe(channel_of(execution.pk))
    listener.get_message(timeout=1)
    with django_capture_on_commit_callbacks(execute=True):
        record(batch(1, started("a", 1)))
    assert listener.get_message(timeout=5) is not None
    listener.close()
    client.close()


def whole(*steps: StepChange, **more: Any) -> Batch:
    """A run that began and ended before anything was written."""
    end = RunChange("COMPLETED", NOW + timedelta(seconds=9), Value("done"), began_at=NOW)
    return batch(1, *steps, run=end, **more)


def test_a_short_run_is_recorded_by_one_statement(
    execution: WorkflowExecution, django_assert_num_queries: Any
) -> None:
    first = started("a", 1)
    usage = Usage(tool_calls=1)
    with django_assert_num_queries(1):
        record(whole(ended(first, 2, output=Value({"x": 1})), usage=usage))
    execution.refresh_from_db()
    assert (execution.status, execution.output_json) == ("COMPLETED", "done")
    assert (execution.started_at, execution.completed_at) == (NOW, NOW + timedelta(seconds=9))
    assert (execution.last_sequence, execution.last_event_number) == (1, 4)
    assert execution.tool_calls == 1
    assert told() == [("a", "RUNNING"), ("a", "COMPLETED")]
    assert told("run") == [("", "RUNNING"), ("", "COMPLETED")]
    assert StepRun.objects.get(path="a").output_json == {"x": 1}


def test_the_start_of_a_run_is_recorded_by_one_statement_with_what_comes_then(
    execution: WorkflowExecution, django_assert_num_queries: Any
) -> None:
    call: Event = {"kind": "tool_call", "data": {"path": "a", "status": "started"}}
    with django_assert_num_queries(1):
        record(batch(1, started("a", 1), run=RunChange("RUNNING", NOW)), then=[call])
    rows = ExecutionEvent.objects.order_by("number").values_list("number", "kind")
    assert list(rows) == [(1, "run"), (2, "step"), (3, "tool_call")]
    execution.refresh_from_db()
    assert (execution.status, execution.started_at) == ("RUNNING", NOW)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "RUNNING", "started_at": NOW, "last_sequence": 3, "last_event_number": 5},
        {"last_event_number": 5},
        {"status": "CANCELLED", "completed_at": NOW},
    ],
    ids=["recorded", "told", "ended"],
)
def test_a_first_batch_takes_a_run_as_it_is(
    execution: WorkflowExecution, fields: dict[str, Any]
) -> None:
    WorkflowExecution.objects.filter(pk=execution.pk).update(**fields)
    record(whole(ended(started("a", 1), 2)))
    after = WorkflowExecution.objects.get(pk=execution.pk)
    if "completed_at" in fields:
        assert (after.status, after.last_sequence, StepRun.objects.count()) == ("CANCELLED", 0, 0)
        return
    assert (after.status, after.started_at) == ("COMPLETED", NOW)
    assert after.last_sequence == max(1, fields.get("last_sequence", 0))
    numbers = ExecutionEvent.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(6, after.last_event_number + 1))
    assert StepRun.objects.get().status == "COMPLETED"


@pytest.mark.django_db(transaction=True)
def test_a_batch_after_this_processes_own_asks_nothing(
    execution: WorkflowExecution, django_assert_num_queries: Any
) -> None:
    a, b = started("a", 1), started("b", 3)
    record(batch(1, a, run=RunChange("RUNNING", NOW)))
    assert note_event(execution.pk, "tool_call", {"path": "a", "status": "started"})
    with django_assert_num_queries(1):
        record(batch(2, ended(a, 2, output=Value(1)), b, usage=Usage(tool_calls=1)))
    with django_assert_num_queries(1):
        record(batch(3, ended(b, 4)), then=[{"kind": "model_call", "data": {"path": "c"}}])
    assert told() == [
        ("a", "RUNNING"),
        ("a", "COMPLETED"),
        ("b", "RUNNING"),
        ("b", "COMPLETED"),
    ]
    numbers = list(ExecutionEvent.objects.order_by("number").values_list("number", flat=True))
    execution.refresh_from_db()
    assert numbers == list(range(1, 8))
    assert (execution.last_event_number, execution.last_sequence) == (7, 3)
    assert execution.tool_calls == 1
    assert StepRun.objects.get(path="a").output_json == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model_calls", [0, 1])
def test_the_good_end_after_this_processes_own_batch_asks_nothing(
    execution: WorkflowExecution, model_calls: int, django_assert_num_queries: Any
) -> None:
    a = started("a", 1)
    record(batch(1, a, run=RunChange("RUNNING", NOW)))
    usage = Usage(10, 5, Decimal("0.1"), model_calls) if model_calls else Usage()
    for turn in range(model_calls):
        model_call(execution, turn=turn + 1)
    end = RunChange("COMPLETED", NOW + timedelta(seconds=9), Value("done"))
    with django_assert_num_queries(1):
        record(batch(2, ended(a, 2), usage=usage, run=end))
    execution.refresh_from_db()
    assert (execution.status, execution.output_json) == ("COMPLETED", "done")
    assert (execution.started_at, execution.completed_at) == (NOW, NOW + timedelta(seconds=9))
    assert (execution.model_calls, execution.cost_usd) == (model_calls, usage.cost_usd)
    assert told() == [("a", "RUNNING"), ("a", "COMPLETED")]
    assert told("run") == [("", "RUNNING"), ("", "COMPLETED")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [Usage(10, 5, Decimal("0.1"), 1), Usage(99, 99, None, 2)])
def test_a_good_end_adds_what_a_cancelled_branch_paid_for(
    execution: WorkflowExecution, known: Usage
) -> None:
    a = started("a", 1)
    record(batch(1, a, run=RunChange("RUNNING", NOW)))
    model_call(execution, turn=1)
    model_call(execution, turn=2)
    record(batch(2, ended(a, 2), usage=known, run=RunChange("COMPLETED", NOW)))
    execution.refresh_from_db()
    assert (execution.status, execution.model_calls) == ("COMPLETED", 2)
    assert execution.input_tokens == max(20, known.input_tokens)
    assert execution.cost_usd == Decimal("0.2")
    assert told("run") == [("", "RUNNING"), ("", "COMPLETED")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_an_end_adds_what_was_paid_beside_a_child(
    execution: WorkflowExecution, status: Literal["COMPLETED", "FAILED"]
) -> None:
    a = started("a", 1)
    record(batch(1, a, run=RunChange("RUNNING", NOW)))
    child_of(execution)
    model_call(execution, turn=1)
    known = Usage(900, 100, Decimal("0.5"), 3)
    record(batch(2, ended(a, 2), usage=known, run=RunChange(status, NOW)))
    execution.refresh_from_db()
    assert (execution.status, execution.model_calls) == (status, 4)
    assert (execution.input_tokens, execution.output_tokens) == (910, 105)
    assert execution.cost_usd == Decimal("0.6")


@pytest.mark.django_db(transaction=True)
def test_the_good_end_of_a_run_that_reported_all_asks_nothing(
    execution: WorkflowExecution, django_assert_num_queries: Any
) -> None:
    a = started("a", 1)
    record(batch(1, a, run=RunChange("RUNNING", NOW)))
    child_of(execution)
    # Its row rounds up.
    cost = Decimal("0.0000025")
    model_call(execution, turn=1, cost_usd=Decimal("0.000003"))
    usage = Usage(910, 105, Decimal("0.5") + cost, 4)
    with django_assert_num_queries(1):
        record(batch(2, ended(a, 2), usage=usage, run=RunChange("COMPLETED", NOW)))
    execution.refresh_from_db()
    assert (execution.status, execution.model_calls) == ("COMPLETED", 4)


@pytest.mark.django_db(transaction=True)
def test_what_another_process_wrote_meanwhile_is_not_told_again(
    execution: WorkflowExecution,
) -> None:
    a, b = started("a", 1), started("b", 3)
    record(batch(1, a, run=RunChange("RUNNING", NOW)))
    mine = heads.take(execution.pk)
    assert mine is not None
    record(batch(2, ended(a, 2, output=Value("theirs"))))
    heads.keep(mine)
    record(batch(3, a, b))
    assert told() == [("a", "RUNNING"), ("a", "COMPLETED"), ("b", "RUNNING")]
    row = StepRun.objects.get(path="a")
    assert (row.status, row.output_json) == ("COMPLETED", "theirs")
    assert heads.take(execution.pk) is None


@pytest.mark.django_db(transaction=True)
def test_after_the_end_nothing_is_written_by_a_process_that_does_not_know_of_it(
    execution: WorkflowExecution,
) -> None:
    record(batch(1, started("a", 1), run=RunChange("RUNNING", NOW)))
    mine = heads.take(execution.pk)
    assert mine is not None
    record(batch(1, run=RunChange("CANCELLED", NOW)))
    heads.keep(mine)
    before = snapshot()
    record(batch(2, started("b", 3)))
    assert snapshot() == before
