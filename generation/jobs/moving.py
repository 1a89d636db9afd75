"""How a generation's row moves on: every step is one conditional update, so that a repeated task does nothing twice."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from generation.jobs.calls import close_lost_calls
from generation.jobs.events import note
from generation.models import Generation

if TYPE_CHECKING:
    # The planner comes with it, which is a third of what a process loads; who designs loads it.
    from generation.drafting import DraftResult

Status, Stage = Generation.Status, Generation.Stage

# A request that no worker took in this time is put on the queue again.
WAITS_AT_MOST = timedelta(seconds=60)
# What a worker may need beyond the time for designing: the planner, and storing the result.
GRACE = timedelta(seconds=60)


@transaction.atomic
def claim(generation_id: str) -> Generation | None:
    """Take a waiting job; null when another worker has it, or it was cancelled."""
    now = timezone.now()
    if not _move(generation_id, Status.PENDING, status=Status.RUNNING, started_at=now):
        return None
    note(generation_id, "generation", {"status": Status.RUNNING})
    return Generation.objects.select_related("created_by").get(pk=generation_id)


@transaction.atomic
def enter(generation_id: str, stage: str) -> bool:
    """Show the stage; whether the job is still wanted."""
    running = Generation.objects.filter(pk=generation_id, status=Status.RUNNING)
    if running.exclude(stage=stage).update(stage=stage):
        note(generation_id, "stage", {"stage": stage})
        return True
    return running.exists()


@transaction.atomic
def finish(generation_id: str, made: "DraftResult") -> bool:
    """Store the result; whether the job was still running."""
    is_first = _end(
        generation_id,
        status=Status.COMPLETED,
        stage=Stage.READY,
        generator=made.generator,
        result=made.drafted.result,
        problems=[problem.to_json() for problem in made.drafted.problems],
    )
    return is_first


def fail(generation_id: str, *, kind: str, message: str) -> bool:
    """End a running job without a result."""
    return _end(generation_id, status=Status.FAILED, error_kind=kind, error=message)


def cancel(generation_id: str) -> bool:
    """End a job that has not ended; whether this did it."""
    return any(
        _end(generation_id, from_status=status, status=Status.CANCELLED)
        for status in (Status.PENDING, Status.RUNNING)
    )


def is_running(generation_id: str) -> bool:
    """Whether the job is still wanted."""
    return Generation.objects.filter(pk=generation_id, status=Status.RUNNING).exists()


def stale() -> tuple[list[str], list[str]]:
    """Ids of jobs that wait too long, and of jobs whose worker is gone."""
    now = timezone.now()
    rows = Generation.objects.order_by("created_at")
    waiting = rows.filter(status=Status.PENDING, created_at__lt=now - WAITS_AT_MOST)
    runs_at_most = timedelta(seconds=settings.GENERATION_TIMEOUT_SECONDS) + GRACE
    lost = rows.filter(status=Status.RUNNING, started_at__lt=now - runs_at_most)
    return (
        list(waiting.values_list("pk", flat=True)[:100]),
        list(lost.values_list("pk", flat=True)[:100]),
    )


def lose(generation_id: str) -> bool:
    """End a job whose worker is gone; a call that it had begun counts as it was estimated."""
    with transaction.atomic():
        is_lost = fail(
            generation_id,
            kind="worker_lost",
            message="The worker that designed this is gone. Nothing was asked again; ask anew.",
        )
        if is_lost:
            close_lost_calls(generation_id)
    return is_lost


@transaction.atomic
def _end(generation_id: str, *, from_status: str = Status.RUNNING, **fields: Any) -> bool:
    if not _move(generation_id, from_status, completed_at=timezone.now(), **fields):
        return False
    if "stage" in fields:
        note(generation_id, "stage", {"stage": fields["stage"]})
    told = ("status", "generator", "error_kind")
    note(generation_id, "generation", {name: fields[name] for name in told if name in fields})
    return True


def _move(generation_id: str, from_status: str, **fields: Any) -> bool:
    rows = Generation.objects.filter(pk=generation_id, status=from_status)
    return bool(rows.update(**fields))
