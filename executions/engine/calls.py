"""Every call that leaves the workflow: which activity, with what patience, and what a lost worker means."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from pydantic import JsonValue
from pydantic_core import to_json
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError
from temporalio.workflow import ActivityCancellationType

from executions.engine import child_messages, messages
from executions.engine.budget_messages import BUDGET_WAIT_SECONDS
from executions.engine.child_messages import ChildOf, ChildResult, LaunchChild
from executions.engine.errors import failed, is_lost, is_unavailable, of_activity
from executions.engine.messages import (
    AskModel,
    AskPeople,
    Batch,
    CallTool,
    Decision,
    GiveUp,
    JoinValues,
    Loaded,
    LoadPart,
    LoadValues,
    ResolveValue,
    StoreValues,
    ToolResult,
    Turn,
    Value,
)
from executions.engine.patience import deadline_of, policy_of
from executions.engine.room import Room
from executions.engine.segment_messages import (
    MAX_SEGMENT_SECONDS,
    RUN_SEGMENT,
    RunSegment,
    Segment,
)
from executions.engine.sizes import size_of
from executions.engine.tasks import require_not_cancelled
from workflows.definition.steps import RetryPolicy as StepRetry

T = TypeVar("T")

# Temporal takes at most 2,000 pending activities and 4 MB of commands in one workflow task.
MAX_RUNNING_CALLS = 100
MAX_RESCHEDULES = 5
MAX_UNAVAILABLE = 10
# A worker that is only slow, on a loaded machine, must not be taken for lost.
HEARTBEAT_TIMEOUT = timedelta(seconds=20)
# Local results travel with the end of the workflow task: it is ended before they are too many to repeat or to send.
MAX_LOCAL_CALLS_PER_TASK = 200
MAX_LOCAL_BYTES_PER_TASK = 1024 * 1024
# Of all values of one condition, as the activity cuts them off.
MAX_LOADED_BYTES = 256 * 1024
# A workflow task that goes on hears of nothing, a cancellation for example. Older runs have histories without it.
MAX_LOCAL_TIME_PER_TASK = timedelta(seconds=1)
# Our own database: waits for its return as long as it takes.
OWN_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)
)


class Calls:
    """The way out of one run."""

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

    async def ask_model(self, question: AskModel, retry: StepRetry) -> Turn:
        """One turn of an agent. Asking again for a turn that was answered gives the recorded answer."""

        async def call() -> Turn:
            turn: Turn = await workflow.execute_activity(
                messages.ASK_MODEL,
                question,
                result_type=Turn,
                start_to_close_timeout=deadline_of(question.timeout_seconds + BUDGET_WAIT_SECONDS),
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=policy_of(retry),
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=f"{question.path} turn {question.turn}",
            )
            return turn

        sends = size_of(question.input.json) + len(to_json(question.agent))
        return await self._persistently(
            call,
            _always,
            seconds=question.timeout_seconds,
            max_attempts=retry.max_attempts,
            sends=sends,
        )

    async def call_tool(self, request: CallTool, retry: StepRetry) -> ToolResult:
        """One call of a tool of a server."""

        async def call() -> ToolResult:
            result: ToolResult = await workflow.execute_activity(
                messages.CALL_TOOL,
                request,
                result_type=ToolResult,
                start_to_close_timeout=deadline_of(request.timeout_seconds),
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=policy_of(retry),
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=f"{request.path} {request.tool}",
            )
            return result

        async def may_repeat() -> bool:
            return await self._own(messages.MAY_REPEAT, request, bool, summary=request.path)

        return await self._persistently(
            call,
            may_repeat,
            seconds=request.timeout_seconds,
            max_attempts=retry.max_attempts,
            sends=size_of(request.arguments.json),
        )

    async def call_local_tool(self, request: CallTool, retry: StepRetry) -> ToolResult:
        """One call of a native tool that is quick, without effects and may run again."""

        async def call() -> ToolResult:
            started_at = workflow.now()
            # A pause between two tries is not brief.
            with self._briefly(retry.max_attempts == 1):
                result: ToolResult = await workflow.execute_local_activity(
                    messages.CALL_TOOL,
                    request,
                    result_type=ToolResult,
                    start_to_close_timeout=deadline_of(request.timeout_seconds),
                    retry_policy=policy_of(retry),
                    summary=f"{request.path} {request.tool}",
                )
            self._count_local(size_of(result.output.json), workflow.now() - started_at)
            return result

        return await self._persistently(
            call,
            _always,
            seconds=request.timeout_seconds,
            max_attempts=retry.max_attempts,
            expects=messages.MAX_TASK_BYTES,
        )

    async def run_segment(self, request: RunSegment) -> tuple[datetime, Segment]:
        """Several steps that could each be a `call_local_tool` without retries, and when the first began."""
        seconds = max(step.timeout_seconds for step in request.steps)

        async def call() -> tuple[datetime, Segment]:
            started_at = workflow.now()
            with self._briefly():
                segment: Segment = await workflow.execute_local_activity(
                    RUN_SEGMENT,
                    request,
                    result_type=Segment,
                    start_to_close_timeout=deadline_of(seconds + MAX_SEGMENT_SECONDS),
                    retry_policy=RetryPolicy(maximum_attempts=1),
                    summary=f"{request.steps[0].path} and up to {len(request.steps) - 1} after it",
                )
            self._count_local(segment.size_bytes, workflow.now() - started_at)
            return started_at, segment

        # The step that fills the room may go beyond it.
        expects = request.room_bytes + 2 * messages.MAX_TASK_BYTES
        return await self._persistently(
            call, _always, seconds=seconds, max_attempts=1, expects=expects
        )

    async def resolve_value(self, request: ResolveValue) -> Value:
        """A template over stored values, filled in."""
        expects = request.max_inline_bytes
        value = await self._own(messages.RESOLVE_VALUE, request, Value, expects=expects)
        self._count_local(size_of(value.json))
        return value

    async def load_values(self, request: LoadValues) -> list[Loaded]:
        """Values for a condition, in the order of the bindings."""
        sizes = sum(
            min(binding.value.size, messages.MAX_INLINE_BYTES) for binding in request.bindings
        )
        expects = min(sizes, MAX_LOADED_BYTES)
        loaded = await self._own(messages.LOAD_VALUES, request, list[Loaded], expects=expects)
        self._count_local(sum(size_of(value.json) for value in loaded))
        return loaded

    async def join_values(self, request: JoinValues) -> Value:
        """Values of which some are stored, as one."""
        expects = messages.MAX_TASK_BYTES
        value = await self._own(messages.JOIN_VALUES, request, Value, expects=expects)
        if self._room:
            self._room.note(size_of(value.json))
        return value

    async def ask_people(self, request: AskPeople) -> Decision | None:
        """Opens an approval; the decision, if it was decided before."""
        answer: Decision | None = await self._own(
            messages.ASK_PEOPLE,
            request,
            Decision | None,  # type: ignore[arg-type]
            summary=request.path,
        )
        return answer

    async def give_up(self, request: GiveUp) -> Decision | None:
        """Closes an approval for its time; the decision, if people were first."""
        answer: Decision | None = await self._own(
            messages.GIVE_UP,
            request,
            Decision | None,  # type: ignore[arg-type]
            summary=request.path,
        )
        return answer

    async def launch_child(self, request: LaunchChild) -> None:
        """Starts a run for a step; repeated, it finds what was started. Raises `StepFailed`."""

        async def call() -> None:
            await workflow.execute_activity(
                child_messages.LAUNCH_CHILD,
                request,
                start_to_close_timeout=timedelta(seconds=60),
                retry_policy=OWN_RETRY,
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=f"{request.path} {request.workflow_id}",
            )

        try:
            await self._outside(call)
        except FailureError as error:
            raise of_activity(error, seconds=60, max_attempts=1) from None

    async def collect_child(self, child: ChildOf) -> ChildResult:
        """How a child ended, or that it has not."""
        expects = messages.MAX_INLINE_BYTES
        return await self._own(
            child_messages.COLLECT_CHILD,
            child,
            ChildResult,
            expects=expects,
            summary=child.child_id,
        )

    async def stop_child(self, child: ChildOf) -> ChildResult:
        """Cancels a child and waits for its end."""

        async def call() -> ChildResult:
            result: ChildResult = await workflow.execute_activity(
                child_messages.STOP_CHILD,
                child,
                result_type=ChildResult,
                # It lasts as long as the child's last call does.
                start_to_close_timeout=timedelta(days=1),
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=OWN_RETRY,
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=child.child_id,
            )
            return result

        return await self._outside(call)

    async def store_values(self, values: list[JsonValue]) -> list[Value]:
        """The keys of the values, in order."""
        request = StoreValues(self.execution_id, values)
        return await self._own(messages.STORE_VALUES, request, list[Value])

    async def load_parts(self, parts: list[Value]) -> list[str]:
        """The texts of a state that was too large to travel."""
        texts = []
        for part in parts:
            request = LoadPart(self.execution_id, part)
            text = await self._own(messages.LOAD_PART, request, str, expects=part.size)
            self._count_local(len(text))
            texts.append(text)
        return texts

    async def packed(self, value: Value) -> Value:
        """`value` small enough to be an activity's argument."""
        if value.is_stored or size_of(value.json) <= messages.MAX_TASK_BYTES:
            return value
        return (await self.store_values([value.json]))[0]

    async def record(self, batch: Batch) -> None:
        """Write a batch down. Counts as no call in flight: the recorder is waited for in its own way."""
        await self._local(messages.RECORD, batch, type(None))

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


async def _always() -> bool:
    return True


async def _pause(attempt: int) -> None:
    seconds = min(2.0**attempt, 30.0)
    await workflow.sleep(timedelta(seconds=seconds), summary="the database does not answer")


def _worker_lost(times: int) -> Exception:
    return failed(
        "worker_lost",
        f"The worker was lost {times} time{'s'[: times != 1]} in the middle of this call.",
        hint="Look at what the call may have done before you run it again.",
    )
