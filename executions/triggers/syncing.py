"""Bringing the rows of schedules to Temporal: after each write, and by a sweep for what a crash or an outage left."""

import logging
import time
from datetime import timedelta

from asgiref.sync import async_to_sync
from django.db.models import Q
from django.utils import timezone

from common.upkeep import Done
from executions.starts.starting import UNREACHABLE
from executions.triggers import temporal_schedules
from executions.triggers.models import Schedule
from executions.triggers.temporal_spec import temporal_schedule

logger = logging.getLogger(__name__)

# What is known of coming clock changes is handed over anew once a month.
RENEW_AFTER = timedelta(days=30)
SECONDS_PER_PASS = 10.0


def push(schedule_id: str) -> bool:
    """Make Temporal's schedule what the row says, or remove it where there is no row; false if Temporal is away."""
    try:
        bring(schedule_id)
    except UNREACHABLE as error:
        logger.warning(
            "schedule %s: Temporal does not answer; it is told within a minute of its return",
            schedule_id,
        )
        logger.debug("schedule %s: %r", schedule_id, error)
        return False
    return True


def bring(schedule_id: str) -> None:
    """As `push`; raises what `executions.starts.starting.UNREACHABLE` lists.

    Two writers may bring their revisions in the wrong order; so each looks afterwards whether its own is still the
    newest, and else brings that.
    """
    while True:
        row = Schedule.objects.filter(pk=schedule_id).first()
        if row is None:
            async_to_sync(temporal_schedules.remove)(schedule_id)
            return
        now = timezone.now()
        async_to_sync(temporal_schedules.put)(row.pk, temporal_schedule(row, now))
        same = Schedule.objects.filter(pk=row.pk, revision=row.revision)
        if same.update(is_synced=True, synced_at=now):
            return


def mend_schedules() -> Done:
    """A chore: as `sync_schedules`; the next pass goes on where this one stopped."""
    try:
        done = sync_schedules(seconds=SECONDS_PER_PASS)
    except UNREACHABLE as error:
        logger.warning(
            "schedules: Temporal does not answer; they are compared with it a minute later"
        )
        logger.debug("schedules: %r", error)
        return {"error": "Temporal does not answer."}
    if done["brought"] or done["removed"]:
        logger.warning(
            "schedules: %s brought to Temporal late, %s removed there",
            len(done["brought"]),
            len(done["removed"]),
        )
    return {word: list(ids) for word, ids in done.items()}


def sync_schedules(*, seconds: float = 600.0) -> dict[str, list[str]]:
    """Bring every row that Temporal does not have as it is, remove what has no row; says what was done, by id.

    Stops after `seconds`. Raises what `executions.starts.starting.UNREACHABLE` lists; what was done until then stays so.
    """
    deadline = time.monotonic() + seconds
    there = async_to_sync(temporal_schedules.listed)()
    rows = dict(Schedule.objects.values_list("pk", "revision"))
    renewed = Q(synced_at__lt=timezone.now() - RENEW_AFTER)
    stale = Schedule.objects.filter(Q(is_synced=False) | renewed).values_list("pk", flat=True)
    wanted = {key for key, revision in rows.items() if there.get(key) != revision}
    done: dict[str, list[str]] = {"brought": [], "removed": []}
    for schedule_id in sorted({*wanted, *stale, *(there.keys() - rows.keys())}):
        if time.monotonic() > deadline:
            break
        bring(schedule_id)
        done["brought" if schedule_id in rows else "removed"].append(schedule_id)
    return done
