"""Budgets around calls: set aside before, settled after, waiting while calls on their way may give something back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from temporalio import activity

from common.connections import DATABASE_AWAY
from discovery.language_model.client import ModelAnswer, ModelError, prices_of
from discovery.language_model.estimates import tokens_of
from executions.activities.database import in_database
from executions.activities.estimates import LEAST_OUTPUT_TOKENS
from executions.activities.failures import failure
from executions.budgets.reserving import (
    Call,
    LimitName,
    Purse,
    Shortage,
    Wish,
    count_tool_call,
    reserve_model_call,
    settle_model_call,
)
from executions.engine.messages.budgets import BUDGET_WAIT_SECONDS, BudgetScope
from executions.engine.messages.calls import AskModel, CallTool
from executions.engine.messages.outcomes import Usage

POLL_SECONDS = 0.25
NOUNS: dict[LimitName, str] = {
    "max_tokens": "tokens",
    "max_cost_usd": "US dollars",
    "max_tool_calls": "tool calls",
}


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What was set aside for a model call; `output_tokens` is what its answer may have.

    `limit_of` is whose limit is the innermost: a run's id, or the key of a user's budget.
    """

    call: Call
    model: str
    input_tokens: int
    output_tokens: int
    limit_of: str

    @property
    def is_cut_short(self) -> bool:
        """Whether a budget, and not the setting, bounds the answer."""
        return self.output_tokens < int(settings.BUDGET_OUTPUT_TOKENS)


def purses_of(question: AskModel, caller: User) -> list[Purse]:
    """Every limit that the turn counts against; none costs nothing."""
    purses = [_purse(scope, question.execution_id) for scope in question.budgets]
    if settings.USER_DAILY_TOKENS:
        day = timezone.now().date().isoformat()
        purses.append(
            Purse(
                key=f"user:{caller.pk}:{day}",
                owner=f"USER_DAILY_TOKENS of {caller.get_username()} for {day} (UTC)",
                max_tokens=settings.USER_DAILY_TOKENS,
            )
        )
    return purses


async def set_aside(
    question: AskModel, purses: Sequence[Purse], *, model: str, input_tokens: int
) -> Spending:
    """Reserve what the turn may cost; fails as `budget_exceeded` where too little is left for it."""
    is_priced = any(purse.max_cost_usd is not None for purse in purses)
    prices = prices_of(model) if is_priced else None
    if is_priced and prices is None:
        raise _unknown_price(model, [purse for purse in purses if purse.max_cost_usd is not None])
    call = Call(execution_id=question.execution_id, path=question.path, turn=question.turn)
    wish = Wish(
        input_tokens=input_tokens,
        least_output=min(LEAST_OUTPUT_TOKENS, settings.BUDGET_OUTPUT_TOKENS),
        most_output=settings.BUDGET_OUTPUT_TOKENS,
        prices=prices,
    )
    granted = await _granted(call, purses, wish)
    return Spending(
        call=call,
        model=model,
        input_tokens=input_tokens,
        output_tokens=granted,
        limit_of=_innermost(purses),
    )


async def _granted(call: Call, purses: Sequence[Purse], wish: Wish) -> int:
    clock = asyncio.get_running_loop().time
    deadline = clock() + BUDGET_WAIT_SECONDS
    while True:
        granted = await in_database(
            reserve_model_call, call, purses, wish, is_last_try=clock() >= deadline
        )
        if isinstance(granted, int):
            return granted
        if not granted.is_passing:
            raise exceeded(granted)
        await asyncio.sleep(POLL_SECONDS)


def settle_answer(spending: Spending, answer: ModelAnswer) -> None:
    """What the answer cost takes the place of what was set aside."""
    tokens = answer.input_tokens + answer.output_tokens
    # A service that counts nothing is not free.
    inwards = answer.input_tokens if tokens else spending.input_tokens
    outwards = answer.output_tokens if tokens else tokens_of(answer.message)
    cost = answer.cost_usd if tokens else None
    if cost is None and (prices := prices_of(spending.model)) is not None:
        cost = inwards * prices[0] + outwards * prices[1]
    settle_model_call(spending.call, tokens=inwards + outwards, cost_usd=cost or Decimal(0))


def settle_error(spending: Spending, error: ModelError) -> None:
    """A call that failed costs what the service counted; where that is not known of an answer, the estimate stays."""
    if error.spent is not None:
        tokens = error.spent.input_tokens + error.spent.output_tokens
        settle_model_call(spending.call, tokens=tokens, cost_usd=error.spent.cost_usd)
    # It came too late, or filled the room that was set aside for it.
    elif error.kind == "timeout" or error.code == "truncated":
        settle_model_call(spending.call, tokens=None, cost_usd=None)
    else:
        settle_model_call(spending.call, tokens=0, cost_usd=Decimal(0))


async def settle_unknown(spending: Spending) -> None:
    """The call was cut off: the estimate counts. A database that is away keeps it as set aside, which counts too."""
    try:
        await in_database(settle_model_call, spending.call, tokens=None, cost_usd=None)
    except DATABASE_AWAY:
        activity.logger.warning("A call that was cut off could not be settled")


def cut_off(spending: Spending, error: ModelError, usage: Usage) -> Exception:
    """The answer was too long for what the turn was given; `usage` is what the turn was paid for."""
    if spending.is_cut_short:
        return failure(
            "budget_exceeded",
            f"The answer was cut off: the budget left it {spending.output_tokens} tokens.",
            code="max_tokens",
            hint="Raise the limit that is named in the workflow, or ask for less.",
            limit_of=spending.limit_of,
            usage=usage,
        )
    return failure(
        error.kind,
        error.message,
        code=error.code,
        usage=usage,
        hint="A run with a budget lets an answer have at most "
        f"{settings.BUDGET_OUTPUT_TOKENS} tokens (the setting BUDGET_OUTPUT_TOKENS).",
    )


def count_call(request: CallTool) -> None:
    """Count a tool call before it is made; fails as `budget_exceeded`. Needs no database where nothing bounds it."""
    if not request.budgets:
        return
    purses = [_purse(scope, request.execution_id) for scope in request.budgets]
    call = Call(
        execution_id=request.execution_id,
        path=request.path,
        turn=request.turn,
        call_id=request.call_id,
    )
    shortage = count_tool_call(call, purses)
    if shortage is not None:
        raise exceeded(shortage)


def exceeded(shortage: Shortage) -> Exception:
    """The step's error, with the numbers."""
    noun = NOUNS[shortage.limit]
    spent = f"{_number(shortage.spent)} {noun} are spent"
    if shortage.reserved:
        spent += f", {_number(shortage.reserved)} are set aside for calls on their way"
    return failure(
        "budget_exceeded",
        f"{shortage.purse.owner}: {shortage.limit} is {_number(shortage.allowed)}, {spent}, "
        f"and this call needs {_number(shortage.needed)}.",
        code=shortage.limit,
        hint=_what_to_do(shortage),
        limit_of=_holder(shortage.purse),
    )


def _what_to_do(shortage: Shortage) -> str:
    if shortage.purse.execution_id is None:
        return "Wait until tomorrow (UTC), or ask the administrator to raise USER_DAILY_TOKENS."
    return f"Raise {shortage.limit} in `limits`, or let the workflow do less."


def _holder(purse: Purse) -> str:
    """Whose budget it is, for those who ask whether it is theirs to answer for."""
    return purse.execution_id or purse.key


def _innermost(purses: Sequence[Purse]) -> str:
    """Whose limit is the narrowest around a call; a user's is the widest of all."""
    of_runs = [purse for purse in purses if purse.execution_id is not None]
    return _holder((of_runs or list(purses))[-1])


def _unknown_price(model: str, purses: Sequence[Purse]) -> Exception:
    return failure(
        "budget_exceeded",
        f"The price of the model {model!r} is not known, so max_cost_usd can't be kept.",
        code="unknown_price",
        hint="Name its price in the setting MODEL_PRICES, or use max_tokens instead.",
        limit_of=_innermost(purses),
    )


def _purse(scope: BudgetScope, execution_id: str) -> Purse:
    owner = f"The step {scope.path!r}" if scope.path else "This run"
    if scope.execution_id != execution_id:
        owner = f"{owner} of {scope.execution_id}" if scope.path else scope.execution_id
    cost = scope.max_cost_usd
    return Purse(
        key=f"{scope.execution_id}/{scope.path}" if scope.path else scope.execution_id,
        owner=owner,
        execution_id=scope.execution_id,
        max_tokens=scope.max_tokens,
        max_cost_usd=None if cost is None else Decimal(str(cost)),
        max_tool_calls=scope.max_tool_calls,
    )


def _number(value: int | Decimal) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value.normalize():f}"
