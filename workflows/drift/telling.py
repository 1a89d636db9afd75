"""Tells, once for each change, that an agent or tool of a published workflow is another, gone, or back."""

import logging
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.dispatch import receiver
from django.utils import timezone

from common.upkeep import Done
from discovery.signals import resources_changed
from workflows.drift.current import uses_of_agent, uses_of_server, with_today
from workflows.drift.events import note_events
from workflows.models import PublishedUse, Workflow

logger = logging.getLogger(__name__)

# Of one transaction, and of one pass: what is left is told by the next.
ROWS_AT_A_TIME = 200
MAX_PER_PASS = 1_000


@receiver(resources_changed)
def tell_of(kind: str, ids: Iterable[str], **_: Any) -> None:
    """Tell of the changes of these agents, or of the tools of these servers."""
    _tell(uses_of_agent(*ids) if kind == "agent" else uses_of_server(*ids))


def tell_of_all() -> Done:
    """A chore: tell of what nobody has told of, because a process died or the product's own tools changed."""
    return {"told": _tell(PublishedUse.objects.all())}


def _tell(uses: QuerySet[PublishedUse]) -> int:
    """How many changes were told of."""
    told = 0
    while told < MAX_PER_PASS:
        due = with_today(uses).exclude(today=F("told_fingerprint")).order_by("pk")
        ids = list(due.values_list("pk", "workflow_id")[:ROWS_AT_A_TIME])
        if not ids:
            break
        done = _tell_these([pk for pk, _ in ids], {workflow for _, workflow in ids})
        told += done
        if not done:
            break
    return told


@transaction.atomic
def _tell_these(ids: list[int], workflows: set[str]) -> int:
    # Events are numbered under the lock of their workflow, always in this order.
    rows = Workflow.objects.select_for_update(no_key=True).filter(pk__in=workflows).order_by("pk")
    list(rows.values_list("pk", flat=True))
    uses = with_today(PublishedUse.objects.filter(pk__in=ids)).exclude(today=F("told_fingerprint"))
    due: list[Any] = list(uses.defer("content_json").order_by("pk"))
    note_events((use.workflow_id, "drift", _said(use)) for use in due)
    now = timezone.now()
    for use in due:
        logger.warning(
            "workflow %s: the %s %s that version %s uses is %s",
            *(use.workflow_id, use.kind, use.resource, use.version, _change(use)),
        )
        use.told_fingerprint = use.today
        use.drifted_at = None if use.today == use.fingerprint else use.drifted_at or now
    PublishedUse.objects.bulk_update(due, ["told_fingerprint", "drifted_at"])
    return len(due)


def _said(use: Any) -> dict[str, Any]:
    return {
        "version": use.version,
        "kind": use.kind,
        "resource": use.resource,
        "change": _change(use),
        "published_fingerprint": use.fingerprint,
        "fingerprint": use.today,
    }


def _change(use: Any) -> str:
    if not use.today:
        return "gone"
    return "back" if use.today == use.fingerprint else "changed"
