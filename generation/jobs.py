"""How a generation's row moves on: every step is one conditional update, so that a repeated task does nothing twice."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from generation import channels
from generation.drafting import DraftResult
from generation.models import Generation

Status, Stage = Generation.Status, Generation.Stage

# A request that no worker took in this time is put on the queue again.
WAITS_AT_MOST = timedelta(seconds=60)
# Longer than Celery lets a task run: its worker is gone.
RUNS_AT_MOST = timedelta(minutes=12)


def claim(generation_id: str) -> Generation | None:
    """Take a waiting job; null when another worker has it, or it was cancelled."""
    taken = _move(
        generation_id,
        from_status=Status.PENDING,
        status=Status.RUNNING,
        stage=Stage.SHORTLISTING,
        started_at=timezone.now(),
    )
    if not taken:
        return None
    return Generation.objects.select_related("created_by").get(pk=generation_id)


def enter(generation_id: str, stage: str) -> bool:
    """Show the stage; whether the job is still wanted."""
    return _move(generation_id, from_status=Status.RUNNING, stage=stage)


def finish(generation_id: str, made: DraftResult) -> bool:
    """Store the result; whether the job was still running."""
    return _end(
        generation_id,
        status=Status.COMPLETED,
        stage=Stage.READY,
        generator=made.generator,
        result=made.drafted.result,
        problems=[problem.to_json() for problem in made.drafted.problems],
        **spent_fields(made),
    )


def fail(generation_id: str, *, kind: str, message: str) -> bool:
    """End a running job without a result."""
    return _end(generation_id, status=Status.FAILED, error_kind=kind, error=message)


def cancel(generation_id: str) -> bool:
    """End a job that has not ended; whether this did it."""
    cancelled = False
    for status in (Status.PENDING, Status.RUNNING):
        cancelled = cancelled or _end(generation_id, from_status=status, status=Status.CANCELLED)
    return cancelled


def spent_fields(made: DraftResult) -> dict[str, Any]:
    """What the model answered and cost, as fields of the row."""
    spent = made.spent
    return {
        "model": spent.model[:100],
        "raw_answers": spent.answers,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cost_usd": spent.cost_usd,
    }


def stale() -> tuple[list[str], list[str]]:
    """Ids of jobs that wait too long, and of jobs whose worker is gone."""
    now = timezone.now()
    rows = Generation.objects.order_by("created_at")
    waiting = rows.filter(status=Status.PENDING, created_at__lt=now - WAITS_AT_MOST)
    lost = rows.filter(status=Status.RUNNING, started_at__lt=now - RUNS_AT_MOST)
    return (
        list(waiting.values_list("pk", flat=True)[:100]),
        list(lost.values_list("pk", flat=True)[:100]),
    )


def _end(generation_id: str, *, from_status: str = Status.RUNNING, **fields: Any) -> bool:
    ended = _move(generation_id, from_status=from_status, completed_at=timezone.now(), **fields)
    if ended:
        transaction.on_commit(lambda: channels.announce(generation_id), robust=True)
    return ended


def _move(generation_id: str, *, from_status: str, **fields: Any) -> bool:
    rows = Generation.objects.filter(pk=generation_id, status=from_status)
    return bool(rows.update(**fields))
