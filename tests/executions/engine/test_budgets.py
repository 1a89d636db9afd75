"""Budgets against a model server that counts: set aside before each call, never overdrawn, never caught."""

import time
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from executions.engine.messages.budgets import BudgetScope
from executions.models import Budget, Reservation
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import Step, echo, end, loop, parallel
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer

STATS = {"text": "one two"}
# Each answer of the fake counts a thousand tokens.
THOUSAND = answers.text("ok", usage=(900, 100), model="gpt-4o")


def ask(step_id: str = "ask", **more: Any) -> Step:
    """A step of an agent that needs no row; its question is some 130 tokens by estimate."""
    agent = {"instructions": "Answer.", "model": "gpt-4o"}
    return {"id": step_id, "type": "agent", "agent": agent, **more}


def branches(count: int, make: Any = ask, **more: Any) -> Step:
    """So many branches of one step each."""
    return parallel("fan", {f"b{n}": [make(f"s{n}")] for n in range(count)}, **more)


def error_of(ran: Ran) -> tuple[str, str, str]:
    """Kind, code and message of why the run failed."""
    row = ran.row
    error = ran.step(row.failed_step).error_json
    assert row.status == "FAILED"
    assert error is not None
    return row.error_kind, error["code"], row.error


@pytest.fixture
def thousand(model_server: ModelServer, settings: Settings) -> ModelServer:
    """A model whose every answer counts a thousand tokens."""
    settings.BUDGET_OUTPUT_TOKENS = 500
    model_server.default = THOUSAND
    return model_server


def test_a_run_ends_before_the_call_that_no_longer_fits(
    runner: Runner, thousand: ModelServer
) -> None:
    steps = [loop("rounds", "count", [ask(on_error="skip")], max_iterations=9)]
    ran = runner.run({"limits": {"max_tokens": 3_100}, "steps": steps})
    kind, code, message = error_of(ran)
    assert (kind, code) == ("budget_exceeded", "max_tokens")
    assert "3,100" in message
    assert "3,000 tokens are spent" in message
    assert len(thousand.requests) == 3
    budget = Budget.objects.get(pk=ran.id)
    assert (budget.tokens_spent, budget.tokens_reserved) == (3_000, 0)


def test_branches_at_the_same_time_can_not_spend_the_same_rest(
    runner: Runner, thousand: ModelServer
) -> None:
    # As many tokens out as the call allows.
    thousand.default = answers.text("ok", usage=(100, 500))
    ran = runner.run({"limits": {"max_tokens": 1_900}, "steps": [branches(20, min_success=1)]})
    assert error_of(ran)[0] == "budget_exceeded"
    assert len(thousand.requests) == 3
    assert ran.row.input_tokens + ran.row.output_tokens == 1_800


def test_branches_wait_for_each_other_where_all_of_them_fit(
    runner: Runner, thousand: ModelServer
) -> None:
    thousand.default = answers.text("ok", usage=(150, 10))
    ran = runner.run({"limits": {"max_tokens": 2_000}, "steps": [branches(8)]})
    assert len(ran.output) == 8
    assert len(thousand.requests) == 8


def test_a_steps_budget_counts_what_runs_inside_it_and_nothing_else(
    runner: Runner, thousand: ModelServer
) -> None:
    thousand.default = answers.text("ok", usage=(100, 500))
    inner = branches(6, min_success=1, limits={"max_tokens": 1_300}, on_error="skip")
    ran = runner.run({"steps": [ask("before"), inner, end("done", 1)]})
    kind, code, message = error_of(ran)
    assert (kind, code) == ("budget_exceeded", "max_tokens")
    assert "The step 'fan'" in message
    assert len(thousand.requests) == 3
    assert ran.statuses["fan"] == "FAILED"
    assert "done" not in ran.statuses


def test_an_iteration_has_its_steps_budget_anew(runner: Runner, thousand: ModelServer) -> None:
    inner = ask(limits={"max_tokens": 1_200})
    ran = runner.run({"steps": [loop("rounds", "count", [inner], max_iterations=3)]})
    assert ran.output == "ok"
    assert len(thousand.requests) == 3


def test_a_budget_survives_continuing_as_new(
    runner: Runner, thousand: ModelServer, tap: Tap
) -> None:
    rounds = loop("rounds", "count", [ask()], max_iterations=9, limits={"max_tokens": 3_100})
    ran = runner.run({"steps": [rounds]}, continue_after_events=10)
    assert error_of(ran)[:2] == ("budget_exceeded", "max_tokens")
    assert len(thousand.requests) == 3
    assert len(ran.temporal_runs()) > 1


def test_what_started_a_run_pays_for_it(runner: Runner, thousand: ModelServer) -> None:
    parent = runner.prepare({"steps": []}, {})
    scope = BudgetScope(parent.pk, "child", max_tokens=2_100)
    first = runner.run({"steps": [ask()]}, budgets=[scope])
    assert first.output == "ok"
    second = runner.run({"steps": [ask("one"), ask("two")]}, budgets=[scope])
    _, _, message = error_of(second)
    assert f"The step 'child' of {parent.pk}" in message
    assert len(thousand.requests) == 2


def test_an_answer_may_be_as_long_as_what_is_left(
    runner: Runner, model_server: ModelServer, settings: Settings
) -> None:
    settings.BUDGET_OUTPUT_TOKENS = 4_000
    runner.run({"limits": {"max_tokens": 1_000_000}, "steps": [ask()]})
    runner.run({"limits": {"max_tokens": 700}, "steps": [ask()]})
    runner.run({"steps": [ask()]})
    caps = [request.get("max_completion_tokens") for request in model_server.requests]
    assert caps[0] == 4_000
    assert caps[1] is not None
    assert 400 < caps[1] < 700
    assert caps[2] is None


def test_an_answer_that_the_budget_cut_off_exceeds_it(
    runner: Runner, model_server: ModelServer
) -> None:
    model_server.script([answers.cut_off()])
    ran = runner.run({"limits": {"max_tokens": 700}, "steps": [ask(retries=2, on_error="skip")]})
    assert error_of(ran)[0] == "budget_exceeded"
    assert len(model_server.requests) == 1
    # It was paid for all the same.
    assert Budget.objects.get(pk=ran.id).tokens_spent == 15


def test_a_prompt_that_does_not_fit_is_never_sent(
    runner: Runner, model_server: ModelServer
) -> None:
    ran = runner.run({"limits": {"max_tokens": 50}, "steps": [ask()]}, user_input="x" * 5_000)
    kind, code, message = error_of(ran)
    assert (kind, code) == ("budget_exceeded", "max_tokens")
    assert "max_tokens is 50, 0 tokens are spent, and this call needs 2," in message
    assert model_server.requests == []


def test_money_is_counted_by_the_prices_in_the_settings(
    runner: Runner, thousand: ModelServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = {"gpt-4o": [1_000.0, 1_000.0]}
    steps = [loop("rounds", "count", [ask()], max_iterations=9)]
    ran = runner.run({"limits": {"max_cost_usd": 2.1}, "steps": steps})
    kind, code, message = error_of(ran)
    assert (kind, code) == ("budget_exceeded", "max_cost_usd")
    assert "max_cost_usd is 2.1, 2 US dollars are spent" in message
    assert len(thousand.requests) == 2
    assert ran.row.cost_usd == Decimal(2)
    assert Budget.objects.get(pk=ran.id).cost_spent == Decimal(2)


def test_a_model_without_a_price_is_refused_where_money_is_bounded(
    runner: Runner, model_server: ModelServer
) -> None:
    step = {**ask(), "agent": {"instructions": "Answer.", "model": "unlisted"}}
    ran = runner.run({"limits": {"max_cost_usd": 1}, "steps": [step]})
    assert error_of(ran)[:2] == ("budget_exceeded", "unknown_price")
    error = ran.step("ask").error_json
    assert error is not None
    assert "MODEL_PRICES" in error["hint"]
    assert model_server.requests == []
    assert Reservation.objects.count() == 0


def test_a_service_that_counts_nothing_is_not_free(
    runner: Runner, model_server: ModelServer
) -> None:
    model_server.default = answers.text("x" * 400, usage=None)
    ran = runner.run({"limits": {"max_tokens": 10_000}, "steps": [ask()]})
    assert ran.output == "x" * 400
    assert Budget.objects.get(pk=ran.id).tokens_spent > 300


def test_an_answer_that_filled_its_room_is_not_free_where_nothing_is_counted(
    runner: Runner, model_server: ModelServer, settings: Settings
) -> None:
    settings.BUDGET_OUTPUT_TOKENS = 500
    model_server.script([answers.text("Half a", finish_reason="length", usage=None)])
    ran = runner.run({"limits": {"max_tokens": 10_000}, "steps": [ask()]})
    assert error_of(ran)[:2] == ("agent_error", "truncated")
    budget = Budget.objects.get(pk=ran.id)
    assert 500 < budget.tokens_spent < 1_000
    assert budget.tokens_reserved == 0


def test_a_call_without_an_answer_in_time_counts_as_estimated_and_a_broken_service_is_free(
    runner: Runner, model_server: ModelServer
) -> None:
    retry = {"max_attempts": 2, "initial_interval_seconds": 0.01}
    model_server.script([answers.server_error(), answers.text("ok", usage=(10, 5))])
    ran = runner.run({"limits": {"max_tokens": 100_000}, "steps": [ask(retry=retry)]})
    assert ran.output == "ok"
    assert Budget.objects.get(pk=ran.id).tokens_spent == 15
    model_server.script([answers.hang(5)])
    late = runner.run({"limits": {"max_tokens": 100_000}, "steps": [ask(timeout=1)]})
    assert late.row.error_kind == "timeout"
    budget = Budget.objects.get(pk=late.id)
    assert budget.tokens_spent > 8_000
    assert budget.tokens_reserved == 0


def test_a_repeated_call_takes_the_place_of_its_own_reservation(
    runner: Runner, thousand: ModelServer
) -> None:
    def reserved_before(execution: Any) -> None:
        Budget.objects.create(pk=execution.pk, execution=execution, tokens_reserved=1_500)
        Reservation.objects.create(
            execution=execution, path="ask", turn=1, budgets=[execution.pk], tokens=1_500
        )

    definition = {"limits": {"max_tokens": 1_600}, "steps": [ask()]}
    ran = runner.start_after(definition, reserved_before)
    assert ran.output == "ok"
    budget = Budget.objects.get(pk=ran.id)
    assert (budget.tokens_spent, budget.tokens_reserved) == (1_000, 0)


def test_tool_calls_are_counted_wherever_they_run(runner: Runner, tap: Tap) -> None:
    steps = [branches(10, lambda name: tap.step(name, f"ok/{name}"), min_success=1)]
    ran = runner.run({"limits": {"max_tool_calls": 3}, "steps": steps})
    kind, code, message = error_of(ran)
    assert (kind, code) == ("budget_exceeded", "max_tool_calls")
    assert "3 tool calls are spent" in message
    assert len(tap.hits) == 3


def test_a_tool_calls_retries_count_once(runner: Runner, tap: Tap) -> None:
    retry = {"max_attempts": 4, "initial_interval_seconds": 0.01}
    steps = [tap.step("call", "flaky/3/x", retry=retry), tap.step("more", "ok/more")]
    assert runner.run({"limits": {"max_tool_calls": 2}, "steps": steps}).status == "COMPLETED"
    assert tap.count("x") == 4


def test_quick_native_tools_count_too(runner: Runner) -> None:
    steps = [echo("one"), echo("two"), echo("three", on_error="skip")]
    ran = runner.run({"limits": {"max_tool_calls": 2}, "steps": steps})
    assert error_of(ran)[:2] == ("budget_exceeded", "max_tool_calls")
    assert ran.statuses == {"one": "COMPLETED", "two": "COMPLETED", "three": "FAILED"}


def test_an_agents_tool_calls_count(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    model_server.default = answers.tool_call("native__text_stats", STATS)
    step = {"id": "ask", "type": "agent", "agent_id": "helper", "limits": {"max_tool_calls": 2}}
    ran = runner.run({"steps": [step]})
    assert error_of(ran)[:2] == ("budget_exceeded", "max_tool_calls")
    assert len(model_server.requests) == 3
    assert len(ran.tool_calls) == 2


def test_later_turns_are_estimated_by_what_the_service_counted(
    runner: Runner, model_server: ModelServer, settings: Settings
) -> None:
    settings.BUDGET_OUTPUT_TOKENS = 100
    runner.agent("helper", tools=["native:text_stats"], instructions="y" * 6_000)
    model_server.script(
        [
            answers.tool_call("native__text_stats", STATS, usage=(1_500, 20)),
            answers.text("done", usage=(1_600, 5)),
        ]
    )
    step = {"id": "ask", "type": "agent", "agent_id": "helper"}
    # By its bytes alone the second question would be over 3,000 tokens.
    ran = runner.run({"limits": {"max_tokens": 4_600}, "steps": [step]})
    assert ran.output == "done"


def test_runs_without_budgets_leave_no_trace(runner: Runner, model_server: ModelServer) -> None:
    assert runner.run({"steps": [echo("one"), ask()]}).status == "COMPLETED"
    assert (Budget.objects.count(), Reservation.objects.count()) == (0, 0)


def test_a_users_day_bounds_all_of_their_runs(
    runner: Runner, thousand: ModelServer, settings: Settings
) -> None:
    settings.USER_DAILY_TOKENS = 2_100
    first, second = (runner.run({"steps": [ask("one"), ask("two")]}) for _ in range(2))
    assert first.output == "ok"
    kind, _, message = error_of(second)
    assert kind == "budget_exceeded"
    assert "USER_DAILY_TOKENS of alice" in message
    assert len(thousand.requests) == 2
    settings.USER_DAILY_TOKENS = 0
    assert runner.run({"steps": [ask()]}).output == "ok"


def test_an_old_run_counts_as_it_always_did(runner: Runner, thousand: ModelServer) -> None:
    steps = [ask("one"), ask("two"), ask("three")]
    ran = runner.run({"limits": {"max_tokens": 1_500}, "steps": steps}, engine=1)
    assert error_of(ran)[:2] == ("budget_exceeded", "max_tokens")
    assert len(thousand.requests) == 2
    assert Budget.objects.count() == 0


def test_a_cancelled_call_counts_as_estimated(runner: Runner, model_server: ModelServer) -> None:
    model_server.default = answers.hang(30)
    ran = runner.start({"limits": {"max_tokens": 100_000}, "steps": [ask()]})
    deadline = time.monotonic() + 20
    while not model_server.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    ran.cancel()
    ran.wait()
    budget = Budget.objects.get(pk=ran.id)
    assert budget.tokens_reserved == 0
    assert budget.tokens_spent > 8_000
