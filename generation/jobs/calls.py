"""The calls of a job as rows: set aside before the vendor is asked, counted after; sums stand on the job's row."""

from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from discovery.language_model.client import ModelAnswer, ModelError, Spent
from generation.jobs.events import note
from generation.jobs.limits import estimate, today
from generation.modelling.ledger import Cancelled, Permit
from generation.models import Generation, GenerationCall

# What is kept of an answer, to explain a result later.
KEPT_CHARACTERS = 100_000
CUT_OFF = "interrupted"


@transaction.atomic
def open_call(generation_id: str, *, purpose: str, input_tokens: int) -> Permit:
    """Enter a call that is about to be made; raises `Cancelled` unless the job runs, and `OutOfMeans`."""
    generation = _locked(generation_id)
    if generation is None or generation.status != Generation.Status.RUNNING:
        raise Cancelled
    model = str(settings.OPENAI_MODEL)
    granted = estimate(generation, input_tokens=input_tokens, model=model)
    call = GenerationCall.objects.create(
        generation=generation,
        number=generation.calls.count() + 1,
        purpose=purpose[:40],
        user_id=generation.created_by_id,
        day=today(),
        model=model[:100],
        tokens_counted=granted.tokens,
        cost_counted=granted.cost_usd,
    )
    told = {"number": call.number, "purpose": call.purpose, "model": call.model}
    note(generation_id, "model_call", {**told, "status": "started"})
    return Permit(call.number, granted.max_output_tokens)


@transaction.atomic
def close_call(generation_id: str, number: int, outcome: ModelAnswer | ModelError | None) -> None:
    """Enter what came of a call; null: it was cut off. What nobody knows stays as it was estimated."""
    Generation.objects.select_for_update(no_key=True).get(pk=generation_id)
    call = GenerationCall.objects.get(generation_id=generation_id, number=number)
    if call.completed_at is not None:
        return
    _settle(call, outcome)
    call.completed_at = timezone.now()
    call.save()
    _sum_up(generation_id, model=call.model)
    note(generation_id, "model_call", _told(call))


def close_lost_calls(generation_id: str) -> None:
    """The worker is gone: what its open calls cost stays as it was estimated."""
    rows = GenerationCall.objects.filter(generation_id=generation_id, completed_at=None)
    for number in rows.values_list("number", flat=True):
        close_call(generation_id, number, None)


def _locked(generation_id: str) -> Generation | None:
    """The user's row first: their limits hold for all of their jobs together."""
    users = User.objects.select_for_update(no_key=True)
    users.filter(generations=generation_id).order_by("pk").first()
    rows = Generation.objects.select_for_update(no_key=True)
    return rows.filter(pk=generation_id).first()


def _settle(call: GenerationCall, outcome: ModelAnswer | ModelError | None) -> None:
    match outcome:
        case ModelAnswer():
            call.answer = (outcome.text or "")[:KEPT_CHARACTERS].replace("\x00", "\ufffd")
            call.model = outcome.model[:100]
            spent = Spent(outcome.input_tokens, outcome.output_tokens, outcome.cost_usd)
            _count(call, spent)
        case ModelError(spent=Spent() as spent):
            call.error = outcome.code
            _count(call, spent)
        case ModelError(kind="timeout"):
            call.error = "timeout"
        case ModelError():
            # The service did not take the question, or was not there: that costs nothing.
            call.error = outcome.code
            call.tokens_counted, call.cost_counted, call.cost_usd = 0, Decimal(0), Decimal(0)
        case None:
            call.error = CUT_OFF


def _count(call: GenerationCall, spent: Spent) -> None:
    call.input_tokens, call.output_tokens = spent.input_tokens, spent.output_tokens
    call.cost_usd = spent.cost_usd
    # A service that counts nothing is not free: then the estimate stays.
    if spent.input_tokens + spent.output_tokens:
        call.tokens_counted = spent.input_tokens + spent.output_tokens
        call.cost_counted = call.cost_counted if spent.cost_usd is None else spent.cost_usd


def _sum_up(generation_id: str, *, model: str) -> None:
    """One call of unknown cost makes the sum unknown: unknown is not free."""
    over = Q(completed_at__isnull=False)
    found = GenerationCall.objects.filter(generation_id=generation_id).aggregate(
        input=Sum("input_tokens", filter=over),
        output=Sum("output_tokens", filter=over),
        cost=Sum("cost_usd", filter=over),
        unknown=Count("pk", filter=over & Q(cost_usd__isnull=True)),
    )
    Generation.objects.filter(pk=generation_id).update(
        model=model,
        input_tokens=found["input"] or 0,
        output_tokens=found["output"] or 0,
        cost_usd=None if found["unknown"] else found["cost"],
    )


def _told(call: GenerationCall) -> dict[str, object]:
    duration = (call.completed_at or call.started_at) - call.started_at
    told: dict[str, object] = {
        "number": call.number,
        "purpose": call.purpose,
        "model": call.model,
        "status": "failed" if call.error else "completed",
        "duration_ms": round(duration.total_seconds() * 1000),
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "cost_usd": None if call.cost_usd is None else float(call.cost_usd),
    }
    return {**told, "error": call.error} if call.error else told
