"""Heartbeats: how Temporal knows that a worker lives, and how an activity learns that it was cancelled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

INTERVAL_SECONDS = 1.0


@asynccontextmanager
async def heartbeats() -> AsyncIterator[None]:
    """Beat every second while the block runs; a call that is over sooner needs none."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        activity.heartbeat()
