"""Schedules on Temporal: put, removed, listed."""

import re
from collections.abc import AsyncIterator

from django.conf import settings
from temporalio import client
from temporalio.client import ScheduleAlreadyRunningError, ScheduleUpdate
from temporalio.service import RPCError

from executions.engine.messages.launches import SCHEDULED_START
from executions.runs_on_temporal import RPC_TIMEOUT, is_gone
from executions.temporal import connect

_REVISION = re.compile(r"r(\d+):")


async def put(schedule_id: str, wanted: client.Schedule) -> None:
    """Create it, or replace what Temporal has under this id. Raises `RPCError`."""
    connection = await connect()
    # The queue tells whose it is where installations share a namespace.
    memo = {"task_queue": settings.TEMPORAL_TASK_QUEUE}
    try:
        await connection.create_schedule(schedule_id, wanted, memo=memo, rpc_timeout=RPC_TIMEOUT)
    except ScheduleAlreadyRunningError:
        handle = connection.get_schedule_handle(schedule_id)
        await handle.update(lambda _: ScheduleUpdate(wanted), rpc_timeout=RPC_TIMEOUT)


async def remove(schedule_id: str) -> None:
    """Delete it; does nothing if Temporal has none. Raises `RPCError`."""
    try:
        await (await connect()).get_schedule_handle(schedule_id).delete(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if not is_gone(error):
            raise


async def listed() -> dict[str, int]:
    """The revision by id of all schedules of this installation that Temporal lists; it lists changes a little late.

    Raises `RPCError`.
    """
    return {schedule_id: revision async for schedule_id, revision in _listed()}


async def _listed() -> AsyncIterator[tuple[str, int]]:
    found = await (await connect()).list_schedules(rpc_timeout=RPC_TIMEOUT)
    async for entry in found:
        if entry.schedule is None or not await _is_ours(entry):
            continue
        revision = _REVISION.match(entry.schedule.state.note or "")
        yield entry.id, int(revision[1]) if revision else 0


async def _is_ours(entry: client.ScheduleListDescription) -> bool:
    action = entry.schedule.action if entry.schedule else None
    if getattr(action, "workflow", None) != SCHEDULED_START:
        return False
    return bool(await entry.memo_value("task_queue", "") == settings.TEMPORAL_TASK_QUEUE)
