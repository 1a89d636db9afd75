"""The start of a call: told, with what came before it, by the statement that asks whose rights the call has."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from executions.activities.call_events import start_of_call, start_of_turn
from executions.activities.callers import AskedToStop, Caller, caller_at_start
from executions.engine.messages.budgets import BudgetScope
from executions.engine.messages.calls import Agent, AskModel, CallTool
from executions.engine.messages.changes import Batch, RunChange, StepChange
from executions.engine.messages.values import Value
from executions.models import ExecutionEvent, ModelCall, StepRun, ToolCall, WorkflowExecution
from workflows.models import Workflow

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TOLD = [("run", "RUNNING"), ("step", "RUNNING")]


@pytest.fixture
def execution(alice: User) -> WorkflowExecution:
    """A run that has just been started."""
    workflow = Workflow.objects.create(
        id="w", name="W", definition_json={"id": "w", "name": "W"}, created_by=alice
    )
    return WorkflowExecution.objects.create(
        id="execution-1",
        workflow=workflow,
        workflow_version=1,
        created_by=alice,
        approved_tools={"s:t": ["a", "b"]},
    )


def news() -> Batch:
    """The run has begun, and so has its first step."""
    step = StepChange("a", "a", "tool", "", 1, None, "RUNNING", NOW, 1)
    return Batch("execution-1", 1, [step], run=RunChange("RUNNING", NOW), comes_with_a_call=True)


def tool_call(**more: Any) -> CallTool:
    """A tool step's call."""
    fields: dict[str, Any] = {"arguments": Value({}), "timeout_seconds": 60, "news": news()}
    return CallTool(execution_id="execution-1", path="a", tool="s:t", **(fields | more))


def model_call() -> AskModel:
    """An agent's first turn."""
    return AskModel(
        execution_id="execution-1",
        path="a",
        turn=1,
        agent=Agent(inline={"instructions": "Answer."}),
        input=Value("hello"),
        timeout_seconds=60,
        news=news(),
    )


def begun(call: CallTool | AskModel) -> Caller:
    """The call as it begins."""

    def begin() -> Caller:
        start = start_of_call(call) if isinstance(call, CallTool) else start_of_turn(call, "m")
        return caller_at_start(call, start, kind="tool_missing")

    return ActivityEnvironment().run(begin)


def told() -> list[tuple[str, str]]:
    """Kind and status of all events, in order."""
    rows = ExecutionEvent.objects.order_by("number")
    return [(row.kind, row.data["status"]) for row in rows]


@pytest.mark.parametrize("kind", ["tool_call", "model_call"])
def test_a_call_starts_with_one_statement(
    execution: WorkflowExecution, kind: str, django_assert_num_queries: Any
) -> None:
    call = tool_call() if kind == "tool_call" else model_call()
    with django_assert_num_queries(1):
        caller = begun(call)
    assert (caller.user, caller.has_started) == (execution.created_by, True)
    assert caller.approved_tools == execution.approved_tools
    assert told() == [*TOLD, (kind, "started")]
    assert StepRun.objects.get().status == "RUNNING"


def test_nothing_is_told_of_a_call_of_a_run_that_was_asked_to_stop(
    execution: WorkflowExecution,
) -> None:
    WorkflowExecution.objects.update(cancel_requested_at=NOW)
    with pytest.raises(AskedToStop):
        begun(tool_call())
    assert told() == []


def test_nothing_is_told_of_a_call_for_somebody_who_was_deactivated(
    execution: WorkflowExecution,
) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(ApplicationError, match="deactivated"):
        begun(tool_call())
    assert told() == []


@pytest.mark.parametrize("model", [ToolCall, ModelCall])
def test_a_call_that_was_made_before_does_not_start_again(
    execution: WorkflowExecution, model: type[ToolCall | ModelCall]
) -> None:
    is_tool = model is ToolCall
    model.objects.create(execution=execution, path="a", turn=0 if is_tool else 1)
    caller = begun(tool_call() if is_tool else model_call())
    assert (caller.has_row, caller.has_started) == (True, False)
    assert told() == []


def test_who_counts_against_a_budget_asks_it_before_the_start(
    execution: WorkflowExecution,
) -> None:
    caller = begun(tool_call(budgets=[BudgetScope("execution-1", "", max_tool_calls=1)]))
    assert (caller.has_row, caller.has_started) == (False, False)
    assert told() == []


def test_a_run_that_stands_otherwise_than_known_is_left_to_be_asked(
    execution: WorkflowExecution,
) -> None:
    WorkflowExecution.objects.update(last_event_number=3)
    assert begun(tool_call()).has_started is False
    assert told() == []
