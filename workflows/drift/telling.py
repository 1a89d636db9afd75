"""Tells, once for each change, that an agent or tool of a published workflow is another, gone, or back; and marks it.

What is marked (`PublishedUse.drifted_at`) is what lists are narrowed by.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.dispatch import receiver
from django.utils import timezone

from common.upkeep import Done
from discovery.models import ResourceChange
from discovery.signals import resources_changed
from workflows.drift.current import uses_of_agent, uses_of_server, with_today
from workflows.drift.events import note_events
from workflows.models import PublishedUse, Workflow

logger = logging.getLogger(__name__)

# Of one transaction, and of one pass: what is left is told by the next.
ROWS_AT_A_TIME = 200
MAX_PER_PASS = 1_000
MAX_CHANGES_PER_PASS = 500
_compared = threading.Event()


@receiver(resources_changed)
def tell_of(kind: str, ids: Iterable[str], **_: Any) -> None:
    """Tell of the changes of these agents, or of the tools of these servers."""
    named = list(ids)
    _settle(ResourceChange.objects.filter(kind=kind, resource__in=named))


def tell_of_workflow(workflow_id: str) -> None:
    """Tell of what changed while the workflow was being published."""
    _tell(PublishedUse.objects.filter(workflow=workflow_id))


def tell_of_changes() -> Done:
    """A chore: tell of what nobody has told of, because a process died or there was too much at once.

    A new process compares everything once: the product's own tools change with the product.
    """
    told = _settle(ResourceChange.objects.all())
    if not _compared.is_set():
        everything = tell_of_all()
        told += everything
        if everything < MAX_PER_PASS:
            _compared.set()
    return {"told": told}


def tell_of_all() -> int:
    """Compare all that is published with today, whoever changed it and how; how much was told of."""
    return _tell(PublishedUse.objects.all())


def _settle(changes: QuerySet[ResourceChange]) -> int:
    """Tell of what these changes did and forget them, unless there is too much of it for one pass."""
    rows = changes.order_by("pk").values_list("pk", "kind", "resource")[:MAX_CHANGES_PER_PASS]
    heard: list[int] = []
    ids: dict[str, set[str]] = defaultdict(set)
    for pk, kind, resource in rows:
        heard.append(pk)
        ids[kind].add(resource)
    told = 0
    for kind, named in ids.items():
        uses = uses_of_agent if kind == ResourceChange.Kind.AGENT else uses_of_server
        told += _tell(uses(*named))
    if heard and told < MAX_PER_PASS:
        ResourceChange.objects.filter(pk__in=heard).delete()
    return told


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
