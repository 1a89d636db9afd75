"""What is told of a workflow while it stands published, as `common.live` follows it."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max

from common.live import announcing
from common.live.source import Source, State
from workflows.models import Workflow, WorkflowEvent

# Events of a workflow never end.
STATUS = "open"


def note_event(workflow: Workflow, kind: str, data: Mapping[str, Any]) -> None:
    """Write the next event of a workflow whose row is locked, and wake its readers after the commit."""
    note_events([(workflow.pk, kind, data)])


def note_events(events: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
    """As `note_event`, of several locked workflows: `(workflow id, kind, data)`, in two queries."""
    told = list(events)
    ids = {workflow_id for workflow_id, _, _ in told}
    rows = WorkflowEvent.objects.filter(workflow__in=ids).values("workflow_id").order_by()
    last: dict[str, int] = dict(
        rows.annotate(last=Max("number")).values_list("workflow_id", "last")
    )
    new = []
    for workflow_id, kind, data in told:
        last[workflow_id] = number = last.get(workflow_id, 0) + 1
        new.append(
            WorkflowEvent(workflow_id=workflow_id, number=number, kind=kind, data=dict(data))
        )
    WorkflowEvent.objects.bulk_create(new)
    for workflow_id in ids:
        transaction.on_commit(partial(announcing.announce, _channel(workflow_id)), robust=True)


def source_of(workflow_id: str) -> Source:
    """What can be followed of a workflow."""
    return Source(
        channel=_channel(workflow_id),
        state=partial(state_of, workflow_id),
        events=partial(_events_after, workflow_id),
    )


def state_of(workflow_id: str) -> State:
    """How far it is; it has no end."""
    found = WorkflowEvent.objects.filter(workflow=workflow_id).aggregate(last=Max("number"))
    return State(STATUS, found["last"] or 0, is_final=False)


def _events_after(workflow_id: str, number: int, limit: int) -> list[WorkflowEvent]:
    rows = WorkflowEvent.objects.filter(workflow=workflow_id, number__gt=number)
    return list(rows.order_by("number")[:limit])


def _channel(workflow_id: str) -> str:
    return f"workflow:{workflow_id}"
