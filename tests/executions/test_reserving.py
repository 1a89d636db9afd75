"""Tries of one model call that meet at its budgets, each in a connection of its own: nothing is given back twice."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from common.connections import called_with_connection
from executions.budgets.reserving import (
    Call,
    Purse,
    Shortage,
    Wish,
    reserve_model_call,
    settle_model_call,
)
from executions.models import Budget, Reservation, WorkflowExecution
from tests.executions.flows import workflow_of

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 20
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"


@pytest.fixture
def call(alice: User) -> Call:
    """The first turn of a run's only step."""
    run = WorkflowExecution.objects.create(
        id="execution-1", workflow=workflow_of(alice), workflow_version=1, created_by=alice
    )
    return Call(execution_id=run.pk, path="ask", turn=1)


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """Another thread, with connections of its own."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def reserve(call: Call) -> int | Shortage:
    """Set 100 tokens of the question and at most 900 of the answer aside."""
    purse = Purse(
        key=call.execution_id,
        owner="This run",
        execution_id=call.execution_id,
        max_tokens=10_000,
    )
    wish = Wish(input_tokens=100, least_output=1, most_output=900)
    return reserve_model_call(call, [purse], wish, is_last_try=True)


def repeat(elsewhere: ThreadPoolExecutor, call: Call) -> Future[int | Shortage]:
    """The same call is tried again, and waits for what this transaction holds."""
    repeated = elsewhere.submit(called_with_connection, reserve, call)
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while not repeated.done() and time.monotonic() < deadline:
            cursor.execute(WAITING)
            if cursor.fetchone() != (0,):
                return repeated
            time.sleep(0.01)
    raise AssertionError("The repeat waits for nothing.")


def stand(call: Call) -> tuple[int, int]:
    """Tokens spent and set aside."""
    budget = Budget.objects.get(pk=call.execution_id)
    return budget.tokens_spent, budget.tokens_reserved


def test_what_a_late_worker_settles_is_not_given_back_by_the_repeat_that_waited(
    call: Call, elsewhere: ThreadPoolExecutor
) -> None:
    assert reserve(call) == 900
    with transaction.atomic():
        settle_model_call(call, tokens=300, cost_usd=Decimal(0))
        repeated = repeat(elsewhere, call)
    assert repeated.result(PATIENCE_SECONDS) == 900
    assert stand(call) == (300, 1_000)
    settle_model_call(call, tokens=200, cost_usd=Decimal(0))
    assert stand(call) == (500, 0)


def test_two_first_tries_at_the_same_time_set_one_estimate_aside(
    call: Call, elsewhere: ThreadPoolExecutor
) -> None:
    Budget.objects.create(pk=call.execution_id, execution_id=call.execution_id)
    with transaction.atomic():
        assert reserve(call) == 900
        repeated = repeat(elsewhere, call)
    assert repeated.result(PATIENCE_SECONDS) == 900
    assert stand(call) == (0, 1_000)
    assert Reservation.objects.count() == 1
