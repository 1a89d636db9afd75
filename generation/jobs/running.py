"""A claimed job at work: its calls are entered, its time is bounded, and a cancellation cuts it off at once."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings

from common.live.wakeups import WakeUps
from discovery.language_model.client import ModelAnswer, ModelError, ModelRequest
from discovery.language_model.estimates import tokens_of_request
from generation.drafting import DraftRequest, DraftResult, OnStage, draft
from generation.explaining.request import ExplainRequest
from generation.explaining.with_model import explain_with_model
from generation.jobs import moving
from generation.jobs.calls import close_call, open_call
from generation.jobs.events import channel_of
from generation.modelling.asking import Asker
from generation.modelling.ledger import Cancelled, Permit
from generation.refining.refinement import refine
from generation.refining.request import RefineRequest

T = TypeVar("T")


async def designed(generation_id: str, request: DraftRequest) -> DraftResult:
    """The draft, the refinement or the explanation of a claimed job; raises `Cancelled`."""
    deadline = time.monotonic() + settings.GENERATION_TIMEOUT_SECONDS
    asker = Asker(ledger=JobLedger(generation_id), deadline=deadline)

    async def on_stage(stage: str) -> bool:
        return await sync_to_async(moving.enter)(generation_id, stage)

    return await unless_cancelled(generation_id, _work(request, on_stage, asker))


def _work(
    request: DraftRequest, on_stage: OnStage, asker: Asker
) -> Coroutine[Any, Any, DraftResult]:
    match request:
        case ExplainRequest():
            return explain_with_model(request, on_stage=on_stage, asker=asker)
        case RefineRequest():
            return refine(request, on_stage=on_stage, asker=asker)
        case _:
            return draft(request, on_stage=on_stage, asker=asker)


class JobLedger:
    """The calls of one job, in the database."""

    def __init__(self, generation_id: str) -> None:
        self.generation_id = generation_id

    async def open(self, purpose: str, request: ModelRequest) -> Permit:
        """Set the call's estimate aside; raises `Cancelled` and `OutOfMeans`."""
        return await sync_to_async(open_call)(
            self.generation_id, purpose=purpose, input_tokens=tokens_of_request(request)
        )

    async def close(self, permit: Permit, outcome: ModelAnswer | ModelError | None) -> None:
        """Put what the call did cost in the estimate's place."""
        await sync_to_async(close_call)(self.generation_id, permit.number, outcome)


async def unless_cancelled(generation_id: str, work: Coroutine[Any, Any, T]) -> T:
    """What comes of `work`; it is cut off, and `Cancelled` raised, as soon as the job is cancelled.

    Redis tells when to look at the row. Without Redis the work goes on until it asks whether it is wanted.
    """
    news = asyncio.Event()
    wake_ups = WakeUps(lambda _channel: news.set())
    await wake_ups.add(channel_of(generation_id))
    working = asyncio.ensure_future(work)
    watching = asyncio.create_task(_until_unwanted(generation_id, news))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done() and watching.exception() is None:
            raise Cancelled
        return await working
    finally:
        await _stopped(working, watching)
        await wake_ups.remove(channel_of(generation_id))


async def _until_unwanted(generation_id: str, news: asyncio.Event) -> None:
    while True:
        await news.wait()
        news.clear()
        if not await sync_to_async(moving.is_running)(generation_id):
            return


async def _stopped(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
