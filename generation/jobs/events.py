"""The events of a job: numbered rows that tell stages, calls and the end, and never a text of either side."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F

from common.live.announcing import announce
from common.live.source import Source, State
from generation.models import Generation, GenerationEvent


def channel_of(generation_id: str) -> str:
    """The Redis channel on which viewers of a job wait, and the worker that designs it."""
    return f"generation:{generation_id}"


def note(generation_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Write the job's next event, within the transaction that makes it true; its commit wakes those who wait."""
    rows = Generation.objects.filter(pk=generation_id)
    # The row stays locked until the commit, so numbers become visible in their order.
    rows.update(last_event_number=F("last_event_number") + 1)
    number = rows.values_list("last_event_number", flat=True).get()
    GenerationEvent.objects.create(
        generation_id=generation_id, number=number, kind=kind, data=dict(data)
    )
    transaction.on_commit(lambda: announce(channel_of(generation_id)), robust=True)


def source_of(generation_id: str) -> Source:
    """What can be followed of a job."""
    return Source(
        channel=channel_of(generation_id),
        state=partial(_state, generation_id),
        events=partial(_events_after, generation_id),
    )


def state_of(generation: Generation) -> State:
    """How far the job is, by its row."""
    return State(generation.status, generation.last_event_number, generation.is_finished)


def _state(generation_id: str) -> State:
    rows = Generation.objects.filter(pk=generation_id)
    status, last = rows.values_list("status", "last_event_number").get()
    return State(status, last, status in Generation.FINAL)


def _events_after(generation_id: str, number: int, limit: int) -> list[GenerationEvent]:
    rows = GenerationEvent.objects.filter(generation_id=generation_id, number__gt=number)
    return list(rows.order_by("number")[:limit])
