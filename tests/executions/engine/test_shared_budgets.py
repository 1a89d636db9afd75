"""One budget over what runs apart: branches at the same time, child runs, and the parts of a run that continues as new."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from executions.models import Budget
from tests.executions.conftest import Runner
from tests.executions.engine.building import loop
from tests.executions.engine.test_budgets import ask, branches, error_of
from tests.executions.families import children
from tests.executions.flows import workflow_of
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer


@pytest.fixture
def dear(model_server: ModelServer, settings: Settings) -> ModelServer:
    """A model of a tenth of a cent for a token; each answer counts 600 of them, as many out as the call allows."""
    settings.BUDGET_OUTPUT_TOKENS = 500
    settings.MODEL_PRICES = {"gpt-4o": [1_000.0, 1_000.0]}
    model_server.default = answers.text("ok", usage=(100, 500), model="gpt-4o")
    return model_server


def test_branches_at_the_same_time_can_not_spend_the_same_money(
    runner: Runner, dear: ModelServer
) -> None:
    ran = runner.run({"limits": {"max_cost_usd": 1.9}, "steps": [branches(20, min_success=1)]})
    kind, code, message = error_of(ran)
    assert (kind, code) == ("budget_exceeded", "max_cost_usd")
    assert "max_cost_usd is 1.9, 1.8 US dollars are spent" in message
    assert len(dear.requests) == 3
    assert ran.row.cost_usd == Decimal("1.8")
    budget = Budget.objects.get(pk=ran.id)
    assert (budget.cost_spent, budget.cost_reserved) == (Decimal("1.8"), Decimal(0))


@pytest.mark.parametrize("limits", [{"max_cost_usd": 1.3}, {"max_tokens": 1_300}])
def test_a_child_can_not_spend_what_its_parent_has_spent(
    runner: Runner, dear: ModelServer, limits: dict[str, Any]
) -> None:
    (limit,) = limits
    child = workflow_of(runner.owner, ask("one"), ask("two"))
    step = {"id": "c", "type": "workflow", "workflow_id": child.pk, "on_error": "skip"}
    ran = runner.run({"limits": limits, "steps": [ask(), step]}, user_input="hello")
    assert error_of(ran)[:2] == ("budget_exceeded", limit)
    assert ran.row.failed_step == "c"
    (row,) = children(ran)
    assert (row.status, row.error_kind, row.failed_step) == ("FAILED", "budget_exceeded", "two")
    assert len(dear.requests) == 2
    assert (row.cost_usd, ran.row.cost_usd) == (Decimal("0.6"), Decimal("1.2"))
    budget = Budget.objects.get(pk=ran.id)
    assert (budget.tokens_spent, budget.tokens_reserved) == (1_200, 0)
    assert (budget.cost_spent, budget.cost_reserved) == (Decimal("1.2"), Decimal(0))


def test_a_child_beside_a_branch_shares_its_parents_budget(
    runner: Runner, dear: ModelServer
) -> None:
    child = workflow_of(runner.owner, ask("one"), ask("two"))

    def child_or_own(name: str) -> dict[str, Any]:
        if name == "s0":
            return {"id": name, "type": "workflow", "workflow_id": child.pk, "input": "hello"}
        return ask(name)

    fan = branches(4, child_or_own, min_success=1)
    ran = runner.run({"limits": {"max_cost_usd": 1.9}, "steps": [fan]})
    assert error_of(ran)[:2] == ("budget_exceeded", "max_cost_usd")
    assert len(dear.requests) == 3
    assert (ran.row.cost_usd, ran.row.model_calls) == (Decimal("1.8"), 3)
    assert Budget.objects.get(pk=ran.id).cost_spent == Decimal("1.8")


def test_money_is_counted_on_where_a_run_continues_as_new(
    runner: Runner, dear: ModelServer
) -> None:
    rounds = loop("rounds", "count", [ask()], max_iterations=9)
    ran = runner.run({"limits": {"max_cost_usd": 1.9}, "steps": [rounds]}, continue_after_events=10)
    assert error_of(ran)[:2] == ("budget_exceeded", "max_cost_usd")
    assert len(dear.requests) == 3
    assert len(ran.temporal_runs()) > 1
    assert ran.row.cost_usd == Decimal("1.8")
    assert Budget.objects.get(pk=ran.id).cost_spent == Decimal("1.8")
