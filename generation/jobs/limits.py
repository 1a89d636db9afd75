"""How much a user and a job may spend on models: told before a call, in tokens of the day (UTC) and US dollars."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.utils import timezone

from common.errors import LimitReached
from discovery.language_model.client import is_configured, prices_of
from generation.modelling.ledger import OutOfMeans
from generation.models import Generation, GenerationCall

# An answer with less room than this holds no plan and is not worth asking for.
LEAST_OUTPUT_TOKENS = 256


@dataclass(frozen=True)
class Estimate:
    """What a call counts while it is under way; `max_output_tokens` null: no limit bounds its answer."""

    tokens: int
    cost_usd: Decimal | None
    max_output_tokens: int | None


def today() -> date:
    """The day (UTC) that calls count against now."""
    return timezone.now().astimezone(UTC).date()


def require_tokens(by: User) -> None:
    """Raises `LimitReached` when the user's tokens of today are spent; open calls may still give some back."""
    allowed = int(settings.GENERATION_TOKENS_PER_DAY)
    if not allowed or not is_configured():
        return
    calls = GenerationCall.objects.filter(user=by, day=today(), completed_at__isnull=False)
    spent = _tokens(calls)
    if spent < allowed:
        return
    raise LimitReached(
        f"Your generations have used {spent:,} of the {allowed:,} tokens that you may use in a day. "
        "Ask again after midnight (UTC), or ask the administrator to raise GENERATION_TOKENS_PER_DAY.",
        extra={"retry_after": _seconds_until_tomorrow()},
    )


def estimate(generation: Generation, *, input_tokens: int, model: str) -> Estimate:
    """What a call with a question of `input_tokens` is to count; raises `OutOfMeans`.

    To be called under the lock of the user's row, so that calls made at once can't spend the same rest.
    """
    most = int(settings.BUDGET_OUTPUT_TOKENS)
    rooms = [
        room
        for room in (
            _room_of_day(generation, input_tokens),
            _room_of_job(generation, input_tokens, model),
        )
        if room is not None
    ]
    output_tokens = min([most, *rooms])
    prices = prices_of(model)
    return Estimate(
        tokens=input_tokens + output_tokens,
        cost_usd=prices and input_tokens * prices[0] + output_tokens * prices[1],
        max_output_tokens=output_tokens if rooms else None,
    )


def _room_of_day(generation: Generation, input_tokens: int) -> int | None:
    allowed = int(settings.GENERATION_TOKENS_PER_DAY)
    if not allowed:
        return None
    used = _tokens(GenerationCall.objects.filter(user_id=generation.created_by_id, day=today()))
    room = allowed - used - input_tokens
    if room < _least():
        raise OutOfMeans(
            f"{used:,} of the {allowed:,} tokens that you may use in a day (UTC) are spent or set aside, "
            "too many for another call. The administrator can raise GENERATION_TOKENS_PER_DAY."
        )
    return room


def _room_of_job(generation: Generation, input_tokens: int, model: str) -> int | None:
    allowed = Decimal(str(settings.GENERATION_MAX_COST_USD))
    if not allowed:
        return None
    prices = prices_of(model)
    if prices is None:
        raise OutOfMeans(
            f"The price of the model {model!r} is not known, so GENERATION_MAX_COST_USD can't be kept. "
            "The administrator can name it in MODEL_PRICES."
        )
    total = generation.calls.aggregate(total=Sum("cost_counted"))["total"]
    used = total or Decimal(0)
    left = allowed - used - input_tokens * prices[0]
    room = int(left / prices[1]) if prices[1] else int(settings.BUDGET_OUTPUT_TOKENS)
    if left < 0 or room < _least():
        raise OutOfMeans(
            f"{used.normalize():f} of the {allowed.normalize():f} US dollars that one generation may cost are spent "
            "or set aside, too many for another call. The administrator can raise GENERATION_MAX_COST_USD."
        )
    return room


def _least() -> int:
    return min(LEAST_OUTPUT_TOKENS, int(settings.BUDGET_OUTPUT_TOKENS))


def _tokens(calls: QuerySet[GenerationCall]) -> int:
    return int(calls.aggregate(total=Sum("tokens_counted"))["total"] or 0)


def _seconds_until_tomorrow() -> int:
    now = timezone.now().astimezone(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return max(1, round((midnight - now).total_seconds()))
