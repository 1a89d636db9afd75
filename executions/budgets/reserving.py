"""Setting aside what a call may cost before it is made, and settling what it did cost.

Every change happens under the locks of the call's own row, and then of all budgets that it counts against, taken in
one order. So calls that are made at the same time can't spend the same rest twice, and two tries of one call, of which
one was taken for lost, can't give the same estimate back twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.db import IntegrityError, transaction

from executions.budgets.models import Budget, Reservation

LimitName = Literal["max_tokens", "max_cost_usd", "max_tool_calls"]
Prices = tuple[Decimal, Decimal]
_STEP_OF_COST = Decimal("0.000000001")


@dataclass(frozen=True, kw_only=True)
class Purse:
    """A budget with its limits; `owner` says whose it is in a message. Without `execution_id` it is a user's."""

    key: str
    owner: str
    execution_id: str | None = None
    max_tokens: int | None = None
    max_cost_usd: Decimal | None = None
    max_tool_calls: int | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """Which call it is: repeats of the same one count once."""

    execution_id: str
    path: str
    turn: int = 0
    call_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a model call needs: tokens in, tokens out at least and at most, and US dollars per token in and out."""

    input_tokens: int
    least_output: int
    most_output: int
    prices: Prices | None = None

    def cost(self, output_tokens: int) -> Decimal:
        """US dollars with that many tokens out; 0 where nobody asks for the price."""
        if self.prices is None:
            return Decimal(0)
        return self.input_tokens * self.prices[0] + output_tokens * self.prices[1]


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """Which limit leaves too little; `is_passing` if calls on their way may give some back."""

    purse: Purse
    limit: LimitName
    allowed: int | Decimal
    spent: int | Decimal
    reserved: int | Decimal
    needed: int | Decimal
    is_passing: bool = False


def reserve_model_call(
    call: Call, purses: Sequence[Purse], wish: Wish, *, is_last_try: bool
) -> int | Shortage:
    """Set aside the call's estimate; gives how many tokens the answer may have.

    As long as it is not the last try, a call that would get more after others have ended is told to wait.
    """
    _open(purses)
    try:
        return _reserved(call, purses, wish, is_last_try=is_last_try)
    except IntegrityError:
        # Another try of the call was the first in this very moment; now its row can be locked.
        return _reserved(call, purses, wish, is_last_try=is_last_try)


def settle_model_call(call: Call, *, tokens: int | None, cost_usd: Decimal | None) -> None:
    """Replace the estimate by what was spent; null means unknown, and keeps the estimate."""
    with transaction.atomic():
        reservation = _reservation(call)
        if not reservation.is_open:
            return
        budgets = _locked(reservation.budgets)
        spent_tokens = reservation.tokens if tokens is None else tokens
        spent_cost = reservation.cost_usd if cost_usd is None else cost_usd
        _give_back(reservation, budgets)
        for key in reservation.budgets:
            budgets[key].tokens_spent += spent_tokens
            budgets[key].cost_spent += spent_cost
        reservation.tokens, reservation.cost_usd = spent_tokens, spent_cost
        reservation.save()
        columns = ["tokens_spent", "tokens_reserved", "cost_spent", "cost_reserved"]
        Budget.objects.bulk_update(budgets.values(), columns)


def count_tool_call(call: Call, purses: Sequence[Purse]) -> Shortage | None:
    """Count the call before it is made, once for all of its tries; gives the limit that allows no more."""
    _open(purses)
    with transaction.atomic():
        budgets = _locked({purse.key for purse in purses})
        reservation = _reservation(call)
        if not reservation._state.adding:
            return None
        for purse in purses:
            made, allowed = budgets[purse.key].tool_calls, purse.max_tool_calls
            if allowed is not None and made >= allowed:
                return Shortage(
                    purse=purse,
                    limit="max_tool_calls",
                    allowed=allowed,
                    spent=made,
                    reserved=0,
                    needed=1,
                )
        for budget in budgets.values():
            budget.tool_calls += 1
        reservation.budgets, reservation.is_open = list(budgets), False
        reservation.save()
        Budget.objects.bulk_update(budgets.values(), ["tool_calls"])
    return None


@transaction.atomic
def _reserved(
    call: Call, purses: Sequence[Purse], wish: Wish, *, is_last_try: bool
) -> int | Shortage:
    reservation = _reservation(call)
    budgets = _locked({*(purse.key for purse in purses), *reservation.budgets})
    _give_back(reservation, budgets)
    granted = _granted(purses, budgets, wish, is_last_try=is_last_try)
    if isinstance(granted, int):
        _set_aside(reservation, budgets, purses, wish, granted)
    elif not reservation._state.adding:
        reservation.save()
    Budget.objects.bulk_update(budgets.values(), ["tokens_reserved", "cost_reserved"])
    return granted


def _open(purses: Sequence[Purse]) -> None:
    """The accounts exist afterwards; made outside of the locks, which are taken in one order."""
    keys = [purse.key for purse in purses]
    known = set(Budget.objects.filter(pk__in=keys).values_list("pk", flat=True))
    missing = [
        Budget(key=purse.key, execution_id=purse.execution_id)
        for purse in purses
        if purse.key not in known
    ]
    if missing:
        Budget.objects.bulk_create(missing, ignore_conflicts=True)


def _locked(keys: Iterable[str]) -> dict[str, Budget]:
    rows = Budget.objects.select_for_update().filter(pk__in=set(keys)).order_by("pk")
    return {row.pk: row for row in rows}


def _reservation(call: Call) -> Reservation:
    """The row of the call, locked, or a new one that is not saved."""
    rows = Reservation.objects.select_for_update().filter(
        execution_id=call.execution_id, path=call.path, turn=call.turn, call_id=call.call_id
    )
    known = rows.first()
    return known or Reservation(
        execution_id=call.execution_id,
        path=call.path,
        turn=call.turn,
        call_id=call.call_id,
        is_open=False,
    )


def _give_back(reservation: Reservation, budgets: dict[str, Budget]) -> None:
    if not reservation.is_open:
        return
    for key in reservation.budgets:
        budgets[key].tokens_reserved -= reservation.tokens
        budgets[key].cost_reserved -= reservation.cost_usd
    reservation.is_open = False
    reservation.tokens, reservation.cost_usd = 0, Decimal(0)


def _set_aside(
    reservation: Reservation,
    budgets: dict[str, Budget],
    purses: Sequence[Purse],
    wish: Wish,
    output_tokens: int,
) -> None:
    reservation.budgets = [purse.key for purse in purses]
    reservation.tokens = wish.input_tokens + output_tokens
    reservation.cost_usd = wish.cost(output_tokens).quantize(_STEP_OF_COST)
    reservation.is_open = True
    reservation.save()
    for key in reservation.budgets:
        budgets[key].tokens_reserved += reservation.tokens
        budgets[key].cost_reserved += reservation.cost_usd


def _granted(
    purses: Sequence[Purse], budgets: dict[str, Budget], wish: Wish, *, is_last_try: bool
) -> int | Shortage:
    """How many tokens the answer may have, or the first limit in the way."""
    granted = wish.most_output
    for purse in purses:
        budget = budgets[purse.key]
        now = _room(purse, budget, wish, with_reserved=True)
        later = _room(purse, budget, wish, with_reserved=False)
        is_short = now < wish.least_output
        may_grow = now < min(wish.most_output, later)
        if is_short or (may_grow and not is_last_try):
            return _shortage(purse, budget, wish, is_passing=may_grow and not is_last_try)
        granted = min(granted, now)
    return granted


def _room(purse: Purse, budget: Budget, wish: Wish, *, with_reserved: bool) -> int:
    """How many tokens the answer may have by this purse alone; below 0 if not even the question fits."""
    room = wish.most_output
    if purse.max_tokens is not None:
        used = budget.tokens_spent + (budget.tokens_reserved if with_reserved else 0)
        room = min(room, purse.max_tokens - used - wish.input_tokens)
    if purse.max_cost_usd is not None and wish.prices is not None:
        used_cost = budget.cost_spent + (budget.cost_reserved if with_reserved else 0)
        left = purse.max_cost_usd - used_cost - wish.cost(0)
        if left < 0:
            return -1
        if wish.prices[1] > 0:
            room = min(room, int(left / wish.prices[1]))
    return room


def _shortage(purse: Purse, budget: Budget, wish: Wish, *, is_passing: bool) -> Shortage:
    tokens = wish.input_tokens + wish.least_output
    used = budget.tokens_spent + budget.tokens_reserved
    if purse.max_tokens is not None and used + tokens > purse.max_tokens:
        return Shortage(
            purse=purse,
            limit="max_tokens",
            allowed=purse.max_tokens,
            spent=budget.tokens_spent,
            reserved=budget.tokens_reserved,
            needed=tokens,
            is_passing=is_passing,
        )
    is_by_cost = purse.max_cost_usd is not None
    return Shortage(
        purse=purse,
        limit="max_cost_usd" if is_by_cost else "max_tokens",
        allowed=(purse.max_cost_usd if is_by_cost else purse.max_tokens) or 0,
        spent=budget.cost_spent if is_by_cost else budget.tokens_spent,
        reserved=budget.cost_reserved if is_by_cost else budget.tokens_reserved,
        needed=wish.cost(wish.least_output) if is_by_cost else tokens,
        is_passing=is_passing,
    )
