"""How any call leaves the workflow: room for it, no more than may be under way, and what a lost worker means."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    contextmanager,
    nullcontext,
)
from datetime import timedelta
from functools import partial
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

from executions.engine.errors import failed, is_lost, is_unavailable, of_activity
from executions.engine.messages.changes import Batch
from executions.engine.room import Room
from executions.engine.tasks import require_not_cancelled

T = TypeVar("T")

# Temporal takes at most 2,000 pending activities and 4 MB of commands in one workflow task.
MAX_RUNNING_CALLS = 100
MAX_RESCHEDULES = 5
MAX_UNAVAILABLE = 10
# Local results travel with the end of the workflow task: it is ended before they are too many to repeat or to send.
MAX_LOCAL_CALLS_PER_TASK = 200
MAX_LOCAL_BYTES_PER_TASK = 1024 * 1024
# A workflow task that goes on hears of nothing, a cancellation for example. Older runs have histories without it.
MAX_LOCAL_TIME_PER_TASK = timedelta(seconds=1)
# Our own database: waits for its return as long as it takes.
OWN_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)
)


class WayOut:
    """What all calls of one run share: its slots, its room, and what its workflow task carries already."""

    def __init__(self, execution_id: str, *, engine: int) -> None:
        self.execution_id = execution_id
        # The first engine let everything leave at once, and local calls go on for as long as they like.
        self._room = Room() if engine >= 2 else None
        self._local_time = timedelta()
        self.in_flight = 0
        self.brief_in_flight = 0
        self._slots = asyncio.Semaphore(MAX_RUNNING_CALLS)
        self._local_calls = 0
        self._local_bytes = 0
        # What goes with a call to be written down before it, and is told again if the call fails.
        self.sent_news: Callable[[], AbstractContextManager[Batch | None]] = nullcontext

    async def end_task_if_long(self) -> None:
        """Let the workflow task end where it carries many local results: what it holds is then in the history."""
        is_long = self._room is not None and self._local_time >= MAX_LOCAL_TIME_PER_TASK
        is_long = is_long or self._local_calls >= MAX_LOCAL_CALLS_PER_TASK
        if is_long or self._local_bytes >= MAX_LOCAL_BYTES_PER_TASK:
            self._local_calls = self._local_bytes = 0
            self._local_time = timedelta()
            await workflow.sleep(timedelta(milliseconds=1), summary="end of a long workflow task")
            if self._room:
                self._room.turned()

    async def _persistently(
        self,
        call: Callable[[], Awaitable[T]],
        may_repeat: Callable[[], Awaitable[bool]],
        *,
        seconds: float,
        max_attempts: int,
        sends: int = 0,
        expects: int = 0,
    ) -> T:
        """The call's result, asked for again when the worker was lost or our database was away."""
        lost = unavailable = 0
        while True:
            try:
                return await self._outside(call, sends=sends, expects=expects)
            except FailureError as error:
                if is_lost(error):
                    lost += 1
                    if lost > MAX_RESCHEDULES or not await may_repeat():
                        raise _worker_lost(lost) from None
                elif is_unavailable(error) and unavailable < MAX_UNAVAILABLE:
                    unavailable += 1
                    await self._outside(partial(_pause, unavailable))
                else:
                    raise of_activity(error, seconds=seconds, max_attempts=max_attempts) from None

    async def _own(
        self,
        activity: str,
        request: object,
        result_type: type[T],
        *,
        expects: int = 0,
        summary: str | None = None,
    ) -> T:
        async def call() -> T:
            return await self._local(activity, request, result_type, summary)

        try:
            return await self._outside(call, expects=expects)
        except FailureError as error:
            raise of_activity(error, seconds=0, max_attempts=1) from None

    async def _local(
        self, activity: str, request: object, result_type: type[T], summary: str | None = None
    ) -> T:
        self._count_local(0)
        result: T = await workflow.execute_local_activity(
            activity,
            request,
            result_type=result_type,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=OWN_RETRY,
            summary=summary,
        )
        return result

    async def _outside(
        self, start: Callable[[], Awaitable[T]], *, sends: int = 0, expects: int = 0
    ) -> T:
        require_not_cancelled()
        self.in_flight += 1
        try:
            async with self._slots, self._held(sends=sends, expects=expects):
                result = await start()
        except FailureError:
            require_not_cancelled()
            raise
        finally:
            self.in_flight -= 1
        require_not_cancelled()
        return result

    def _held(self, *, sends: int, expects: int) -> AbstractAsyncContextManager[None]:
        return self._room.held(sends=sends, expects=expects) if self._room else nullcontext()

    def _news(self) -> AbstractContextManager[Batch | None]:
        """For a call that is the only one: beside others, one local activity writes down what happened to all of them."""
        return self.sent_news() if self.in_flight == 1 else nullcontext()

    @contextmanager
    def _briefly(self, is_brief: bool = True) -> Iterator[None]:
        """Around a call that ends at once, as a rule: what it brings may be written down with what is known."""
        self.brief_in_flight += is_brief
        try:
            yield
        finally:
            self.brief_in_flight -= is_brief

    def _count_local(self, result_bytes: int, time: timedelta = timedelta()) -> None:
        self._local_calls += 1
        self._local_bytes += result_bytes
        self._local_time += time
        if self._room:
            self._room.note(result_bytes)


async def _pause(attempt: int) -> None:
    seconds = min(2.0**attempt, 30.0)
    await workflow.sleep(timedelta(seconds=seconds), summary="the database does not answer")


def _worker_lost(times: int) -> Exception:
    return failed(
        "worker_lost",
        f"The worker was lost {times} time{'s'[: times != 1]} in the middle of this call.",
        hint="Look at what the call may have done before you run it again.",
        attempts=times,
    )
