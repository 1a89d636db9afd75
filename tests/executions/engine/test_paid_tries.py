"""What was paid for answers that are of no use: told once on step, run, statistics and admin, however the run ends."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from common.connections import called_with_connection
from executions.engine.messages.outcomes import ErrorInfo, RunOutcome
from executions.finishing import finish
from executions.models import Budget, ExecutionEvent, WorkflowExecution
from executions.sums.adding import mend_sums
from tests.conftest import ClientFor
from tests.executions.conftest import RUNS, Forks, Runner
from tests.executions.engine.building import Step, echo, parallel
from tests.executions.families import children
from tests.executions.flows import workflow_of
from tests.fakes import model_server as answers
from tests.fakes.model_server import Answer, ModelServer

QUICK = {"initial_interval_seconds": 0.01, "backoff_coefficient": 1}
SLOW = {"max_attempts": 2, "initial_interval_seconds": 600, "maximum_interval_seconds": 600}
# An answer with neither text nor calls is asked for again; it counts a hundred tokens.
EMPTY = answers.completion({"content": None}, usage=(90, 10), model="gpt-4o")
CUT_OFF = answers.text("Half a", finish_reason="length", usage=(90, 10), model="gpt-4o")
GOOD = answers.text("ok", usage=(20, 5), model="gpt-4o")
STATS = {"text": "one two"}


def ask(step_id: str = "ask", *, max_attempts: int = 3, **more: Any) -> Step:
    """A step of an agent that needs no row."""
    agent = {"instructions": "Answer.", "model": "gpt-4o"}
    retry = {"max_attempts": max_attempts, **QUICK}
    return {"id": step_id, "type": "agent", "agent": agent, "retry": retry, **more}


@pytest.fixture(autouse=True)
def prices(settings: Settings) -> None:
    """A thousand dollars for a million tokens."""
    settings.MODEL_PRICES = {"gpt-4o": [1_000.0, 1_000.0]}


def spent(row: Any) -> tuple[int, int, Decimal | None]:
    """What a run, a step or a call came to."""
    return row.input_tokens, row.output_tokens, row.cost_usd


def test_what_each_of_three_failed_tries_cost_is_told(
    runner: Runner, model_server: ModelServer, client_for: ClientFor
) -> None:
    model_server.script([EMPTY, EMPTY, EMPTY])
    ran = runner.run({"limits": {"max_tokens": 100_000}, "steps": [ask()]})
    assert (ran.status, ran.row.error_code, ran.row.model_calls) == ("FAILED", "invalid_answer", 3)
    assert spent(ran.row) == spent(ran.step("ask")) == (270, 30, Decimal("0.3"))
    budget = Budget.objects.get(pk=ran.id)
    assert (budget.tokens_spent, budget.cost_spent) == (300, Decimal("0.3"))
    assert [spent(call) for call in ran.model_calls] == [(90, 10, Decimal("0.1"))] * 3
    step = client_for(runner.owner).get(f"{RUNS}/{ran.id}/steps/ask").json()
    assert [call["error"]["code"] for call in step["model_calls"]] == ["invalid_answer"] * 3
    assert [call["input_tokens"] for call in step["model_calls"]] == [90] * 3
    assert (step["input_tokens"], step["cost_usd"], step["messages"]) == (270, 0.3, [])


def test_an_answer_costs_what_the_tries_before_it_cost_too(
    runner: Runner, model_server: ModelServer
) -> None:
    model_server.script([EMPTY, answers.server_error(), EMPTY, GOOD])
    ran = runner.run({"steps": [ask(max_attempts=4)]})
    assert ran.output == "ok"
    assert spent(ran.row) == spent(ran.step("ask")) == (200, 25, Decimal("0.225"))
    assert ran.row.model_calls == 3
    told = ExecutionEvent.objects.filter(execution_id=ran.id, kind="model_call").order_by("number")
    assert [
        (event.data["status"], event.data.get("input_tokens"))
        for event in told
        if event.data["status"] != "started"
    ] == [("failed", 90), ("failed", None), ("failed", 90), ("completed", 20)]


@pytest.mark.parametrize("limits", [{}, {"max_tokens": 100_000}], ids=["free", "bounded"])
def test_a_failure_that_is_skipped_was_paid_for(
    runner: Runner, model_server: ModelServer, limits: dict[str, int]
) -> None:
    model_server.script([CUT_OFF])
    ran = runner.run({"limits": limits, "steps": [ask(on_error="skip"), echo("after", 1)]})
    assert (ran.status, ran.statuses["ask"]) == ("COMPLETED", "SKIPPED")
    assert spent(ran.row) == spent(ran.step("ask")) == (90, 10, Decimal("0.1"))


def test_a_turn_whose_calls_can_not_be_told_apart_was_paid_for(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    call = ("native__text_stats", STATS)
    model_server.script([answers.tool_calls(call, call, call_ids=("a", "a"), usage=(90, 10))])
    step = {"id": "ask", "type": "agent", "agent_id": "helper", "on_error": "skip"}
    ran = runner.run({"steps": [step]})
    assert ran.statuses["ask"] == "SKIPPED"
    assert (ran.row.input_tokens, ran.row.output_tokens, ran.row.model_calls) == (90, 10, 1)
    assert ran.step("ask").input_tokens == 90


def test_a_run_that_is_cancelled_between_two_tries_was_paid_for(
    runner: Runner, model_server: ModelServer
) -> None:
    model_server.script([EMPTY])
    ran = runner.start({"steps": [ask() | {"retry": SLOW}]})
    ran.wait_until(lambda: len(ran.model_calls) == 1)
    ran.cancel()
    ran.wait()
    assert (ran.status, ran.statuses) == ("CANCELLED", {"ask": "CANCELLED"})
    assert spent(ran.row) == spent(ran.step("ask")) == (90, 10, Decimal("0.1"))


def test_a_branch_that_is_cut_off_between_two_tries_was_paid_for(
    runner: Runner, model_server: ModelServer
) -> None:
    model_server.script([EMPTY])
    wait = {"id": "wait", "type": "wait", "duration_seconds": 3}
    branches = {"slow": [ask() | {"retry": SLOW}], "quick": [wait, echo("done", 1)]}
    ran = runner.run({"steps": [parallel("fan", branches, aggregation="first")]})
    assert (ran.status, ran.statuses["fan/slow/ask"]) == ("COMPLETED", "CANCELLED")
    assert spent(ran.row) == spent(ran.step("fan/slow/ask")) == (90, 10, Decimal("0.1"))
    assert ran.row.model_calls == 1


@pytest.mark.parametrize(
    ("answer", "paid"),
    [(GOOD, (20, 5, Decimal("0.025"))), (EMPTY, (90, 10, Decimal("0.1")))],
    ids=["answer", "failed-try"],
)
@pytest.mark.parametrize("limits", [{}, {"max_tokens": 100_000}], ids=["free", "bounded"])
def test_what_came_after_the_runs_end_was_paid_for(
    runner: Runner, model_server: ModelServer, answer: Answer, paid: Any, limits: dict[str, int]
) -> None:
    def ended_meanwhile(_: Any) -> Answer:
        lost = RunOutcome("FAILED", ErrorInfo(kind="internal", message="Lost."))
        run = called_with_connection(WorkflowExecution.objects.get)
        assert called_with_connection(finish, run.pk, lost)
        return answer

    model_server.script([ended_meanwhile])
    ran = runner.run({"limits": limits, "steps": [ask(max_attempts=1)]})
    assert (ran.row.error, ran.statuses) == ("Lost.", {"ask": "CANCELLED"})
    assert spent(ran.row) == spent(ran.step("ask")) == paid
    assert ran.row.model_calls == 1


def test_what_a_child_paid_for_after_all_had_ended_is_its_parents_too(
    runner: Runner, model_server: ModelServer
) -> None:
    def ended_meanwhile(_: Any) -> Answer:
        for run in called_with_connection(list, WorkflowExecution.objects.order_by("created_at")):
            called_with_connection(finish, run.pk, RunOutcome("CANCELLED"))
        return GOOD

    child = workflow_of(runner.owner, ask())
    model_server.script([ended_meanwhile])
    step = {"id": "c", "type": "workflow", "workflow_id": child.pk}
    ran = runner.run({"steps": [step]}, user_input="hello")
    (row,) = children(ran)
    assert (row.status, ran.status) == ("CANCELLED", "CANCELLED")
    assert spent(row) == spent(ran.row) == (20, 5, Decimal("0.025"))


def test_a_try_that_the_budget_no_longer_allows_hides_none_before_it(
    runner: Runner, model_server: ModelServer, settings: Settings
) -> None:
    settings.BUDGET_OUTPUT_TOKENS = 100
    model_server.default = answers.completion({"content": None}, usage=(700, 100), model="gpt-4o")
    ran = runner.run({"limits": {"max_tokens": 900}, "steps": [ask(max_attempts=5)]})
    assert (ran.row.error_kind, ran.row.error_code) == ("budget_exceeded", "max_tokens")
    assert len(model_server.requests) == 1
    assert Budget.objects.get(pk=ran.id).tokens_spent == 800
    assert spent(ran.row) == spent(ran.step("ask")) == (700, 100, Decimal("0.8"))


def test_a_childs_failed_tries_are_its_parents_too(
    runner: Runner, model_server: ModelServer
) -> None:
    child = workflow_of(runner.owner, ask(max_attempts=2))
    model_server.script([EMPTY, EMPTY])
    step = {"id": "c", "type": "workflow", "workflow_id": child.pk, "on_error": "skip"}
    ran = runner.run({"steps": [step, ask("own")]}, user_input="hello")
    (row,) = children(ran)
    assert (row.status, spent(row)) == ("FAILED", (180, 20, Decimal("0.2")))
    assert spent(ran.step("c")) == spent(row)
    assert ran.row.input_tokens == 180 + ran.step("own").input_tokens


def test_a_conversation_goes_on_without_its_failed_tries(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    runner.agent("helper", tools=["native:text_stats"], model="gpt-4o")
    wanted = answers.tool_call("native__text_stats", STATS, usage=(20, 5), model="gpt-4o")
    model_server.script([EMPTY, wanted, EMPTY, CUT_OFF])
    retry = {"max_attempts": 3, **QUICK}
    step = {"id": "ask", "type": "agent", "agent_id": "helper", "retry": retry}
    ran = runner.run({"steps": [step]}, user_input="hello")
    assert (ran.status, spent(ran.row)) == ("FAILED", (290, 35, Decimal("0.325")))
    roles = [[message["role"] for message in body["messages"]] for body in model_server.requests]
    opening = ["system", "user"]
    assert roles == [opening, opening, *[[*opening, "assistant", "tool"]] * 2]
    model_server.script([GOOD])
    again = forks.retry(ran)
    assert again.output == "ok"
    assert spent(again.row) == spent(again.step("ask")) == (20, 5, Decimal("0.025"))
    assert len(model_server.requests[-1]["messages"]) == 4


def test_a_retry_of_what_was_never_answered_begins_anew(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    model_server.script([CUT_OFF, GOOD])
    ran = runner.run({"steps": [ask(max_attempts=1)]})
    again = forks.retry(ran)
    assert (again.output, spent(again.row)) == ("ok", (20, 5, Decimal("0.025")))
    assert [call.is_reused for call in again.model_calls] == [False]


def test_statistics_and_admin_have_what_failed_tries_cost(
    runner: Runner, model_server: ModelServer, client_for: ClientFor, admin_client: Any
) -> None:
    api = client_for(runner.owner)
    flow = workflow_of(runner.owner, ask())
    model_server.script([EMPTY, EMPTY, EMPTY])
    ran = runner.start_workflow(flow)
    for _ in range(2):
        stats = api.get(f"/api/v1/workflows/{flow.pk}/stats").json()
        assert stats["usage"]["input_tokens"] == 270
        assert (stats["usage"]["cost_usd"], stats["usage"]["model_calls"]) == (0.3, 3)
        (step,) = stats["per_step"]
        assert (step["input_tokens"], step["cost_usd"], step["attempts"]) == (270, 0.3, 3)
        mend_sums()
    page = admin_client.get(reverse("admin:executions_workflowexecution_change", args=[ran.id]))
    assert page.content.decode().count("invalid_answer") >= 3
    listed = admin_client.get(reverse("admin:executions_modelcall_changelist"))
    assert listed.content.decode().count("invalid_answer") == 3
