"""Asking for a workflow and cancelling that; applying a result is in `applying.py`."""

import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from common.errors import LimitReached
from common.idempotency import first_answer
from common.live.waiting import wait_for
from generation import tasks
from generation.applying import Applied, apply_generation
from generation.cancelling import request_cancellation
from generation.jobs import limits
from generation.jobs.events import channel_of, note
from generation.models import Generation
from generation.refining import repairing
from generation.refining.rebasing import require_refinable
from workflows.models import Workflow

__all__ = [
    "Applied",
    "apply_generation",
    "request_cancellation",
    "request_explanation",
    "request_generation",
    "request_repair",
    "wait_for_result",
]

logger = logging.getLogger(__name__)

WINDOW = timedelta(hours=1)
EXPLAIN = "Explain what this workflow does."


def request_generation(
    *,
    by: User,
    prompt: str,
    context: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    workflow: Workflow | None = None,
    version: int | None = None,
    idempotency_key: str | None = None,
    request_hash: str = "",
) -> Generation:
    """Ask for a workflow, or for a change of `workflow`, which was read at `version`; a worker designs it.

    A repeated request gets the row of the first one. Raises `LimitReached` (too many in an hour), `Unprocessable` (the
    idempotency key was used for another request), and for a workflow `Forbidden` and `PreconditionFailed` (it moved on).
    """
    fields: dict[str, Any] = {"prompt": prompt, "context": context or {}, "options": options or {}}
    if workflow is not None:
        fields |= {"workflow": workflow, "workflow_version": version}
    try:
        row = _stored(by, fields, idempotency_key, request_hash)
    except IntegrityError:
        # The same request sent twice at once: the other one made the row.
        repeated = first_answer(
            Generation.objects.all(), owner=by, key=idempotency_key, request_hash=request_hash
        )
        if repeated is None:
            raise
        return repeated
    return row


def request_repair(*, by: User, workflow: Workflow) -> Generation:
    """Ask for a proposal that puts the current version's problems right; raises as `request_generation`."""
    return request_generation(
        by=by,
        prompt=repairing.PROMPT,
        workflow=workflow,
        version=workflow.version,
        options={"repair": True},
    )


def request_explanation(*, by: User, workflow: Workflow, version: int, language: str) -> Generation:
    """Ask for an explanation of `version` in a model's words, for all who may read it; raises `LimitReached`."""
    fields: dict[str, Any] = {
        "prompt": EXPLAIN,
        "workflow": workflow,
        "workflow_version": version,
        "options": {"explain": True} | ({"language": language} if language else {}),
    }
    return _stored(by, fields, None, "", changes=False)


@transaction.atomic
def _stored(
    by: User,
    fields: dict[str, Any],
    idempotency_key: str | None,
    request_hash: str,
    *,
    changes: bool = True,
) -> Generation:
    """The row, queued; `changes`: a workflow in `fields` is to be changed, which not everybody may."""
    # Held to the end, so that requests sent at once are counted one after the other.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    repeated = first_answer(
        Generation.objects.all(), owner=by, key=idempotency_key, request_hash=request_hash
    )
    if repeated is not None:
        return repeated
    _require_rate(by)
    limits.require_tokens(by)
    if changes and "workflow" in fields:
        require_refinable(fields["workflow"], by=by, version=fields["workflow_version"])
    row = Generation.objects.create(
        id=f"generation-{uuid.uuid4()}",
        created_by=by,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        **fields,
    )
    note(row.pk, "stage", {"stage": row.stage})
    transaction.on_commit(lambda: _enqueue(row.pk), robust=True)
    logger.info("generation %s requested by %s", row.pk, by.pk)
    return row


def wait_for_result(generation: Generation, *, seconds: float) -> Generation:
    """The row once it has ended, or as it stands after `seconds`."""

    def ended() -> Generation | None:
        generation.refresh_from_db()
        return generation if generation.is_finished else None

    wait_for(channel_of(generation.pk), ended, seconds=seconds)
    return generation


def _require_rate(by: User) -> None:
    allowed = settings.GENERATIONS_PER_HOUR
    since = timezone.now() - WINDOW
    recent = Generation.objects.filter(created_by=by, created_at__gte=since)
    if recent.count() < allowed:
        return
    oldest = recent.order_by("-created_at")[allowed - 1 : allowed].first() if allowed else None
    wait = (oldest.created_at + WINDOW - timezone.now()).total_seconds() if oldest else 3600.0
    raise LimitReached(
        f"You asked for {allowed} workflows within an hour. Wait a little, then ask again.",
        extra={"retry_after": max(1, round(wait))},
    )


def _enqueue(generation_id: str) -> None:
    try:
        tasks.design_workflow.delay(generation_id)
    except OperationalError as error:
        # The row is the truth: the next sweep puts it on the queue again.
        logger.warning("generation %s waits for the broker: %s", generation_id, error)
