"""Concurrency without loose ends: tasks that are always waited for, and cancellation that is never lost."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from temporalio import workflow


def require_not_cancelled() -> None:
    """Raise `CancelledError` if this task was asked to end.

    An activity that ends by itself while it is being cancelled swallows the cancellation, so it is asked for anew
    after every call and before every step.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def settle(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel the tasks in order and wait until each has really ended, whatever happens to the caller meanwhile."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        await outlast(task)


async def outlast(task: asyncio.Task[Any]) -> None:
    """Wait for the task's end even if the caller is cancelled meanwhile; its result is not looked at."""
    while not task.done():
        try:
            # Not `wait_condition`: conditions are no longer looked at when a worker lets go of a run.
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue
    # Looking at the exception keeps asyncio from complaining that nobody did.
    if not task.cancelled():
        task.exception()


async def supervise(tasks: Sequence[asyncio.Task[Any]], is_decided: Callable[[], bool]) -> None:
    """Wait until `is_decided`, or one of the tasks raised; then cancel those still running.

    Raises the exception of the first task that raised, in their order.
    """
    # No `finally`: a coroutine that is thrown away at the end of a process must not wait for anything.
    try:
        await workflow.wait_condition(lambda: is_decided() or any(map(_has_raised, tasks)))
    except asyncio.CancelledError:
        await settle(tasks)
        raise
    raised = [task for task in tasks if _has_raised(task)]
    await settle(tasks)
    require_not_cancelled()
    for task in raised:
        task.result()


def are_done(tasks: Sequence[asyncio.Task[Any]]) -> bool:
    """Whether all of them ended."""
    return all(task.done() for task in tasks)


def _has_raised(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
