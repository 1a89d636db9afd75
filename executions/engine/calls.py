"""Every call that leaves the workflow: which activity, and with what patience."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import JsonValue
from pydantic_core import to_json
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError
from temporalio.workflow import ActivityCancellationType

from executions.engine.errors import of_activity
from executions.engine.messages import children as child_messages
from executions.engine.messages import limits, names
from executions.engine.messages.approvals import AskPeople, Decision, GiveUp
from executions.engine.messages.budgets import BUDGET_WAIT_SECONDS
from executions.engine.messages.calls import AskModel, CallTool, ToolResult, Turn
from executions.engine.messages.changes import Batch
from executions.engine.messages.children import ChildOf, ChildResult, LaunchChild
from executions.engine.messages.iterations import (
    RUN_ITERATIONS,
    IterationsAhead,
    RunIterations,
)
from executions.engine.messages.outcomes import RunOutcome
from executions.engine.messages.segments import (
    MAX_SEGMENT_SECONDS,
    RUN_SEGMENT,
    RunSegment,
    Segment,
)
from executions.engine.messages.values import (
    JoinValues,
    Loaded,
    LoadPart,
    LoadValues,
    ResolveValue,
    StoreValues,
    Value,
)
from executions.engine.patience import deadline_of, policy_of
from executions.engine.sizes import size_of
from executions.engine.way_out import OWN_RETRY, WayOut
from workflows.definition.steps import RetryPolicy as StepRetry

T = TypeVar("T")

# A worker that is only slow, on a loaded machine, must not be taken for lost.
HEARTBEAT_TIMEOUT = timedelta(seconds=20)
# Of all values of one condition, as the activity cuts them off.
MAX_LOADED_BYTES = 256 * 1024


class Calls(WayOut):
    """Everything that one run asks for outside of it."""

    async def ask_model(self, question: AskModel, retry: StepRetry) -> Turn:
        """One turn of an agent. Asking again for a turn that was answered gives the recorded answer."""

        async def call() -> Turn:
            seconds = question.timeout_seconds + BUDGET_WAIT_SECONDS
            with self._news() as news:
                turn: Turn = await workflow.execute_activity(
                    names.ASK_MODEL,
                    replace(question, news=news),
                    result_type=Turn,
                    start_to_close_timeout=deadline_of(seconds),
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
            with self._news() as news:
                result: ToolResult = await workflow.execute_activity(
                    names.CALL_TOOL,
                    replace(request, news=news),
                    result_type=ToolResult,
                    start_to_close_timeout=deadline_of(request.timeout_seconds),
                    heartbeat_timeout=HEARTBEAT_TIMEOUT,
                    retry_policy=policy_of(retry),
                    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                    summary=f"{request.path} {request.tool}",
                )
            return result

        async def may_repeat() -> bool:
            return await self._own(names.MAY_REPEAT, request, bool, summary=request.path)

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
                    names.CALL_TOOL,
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
            expects=limits.MAX_TASK_BYTES,
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
                    summary=_summary(request),
                )
            self._count_local(segment.size_bytes, workflow.now() - started_at)
            return started_at, segment

        # The step that fills the room may go beyond it.
        expects = request.room_bytes + 2 * limits.MAX_TASK_BYTES
        return await self._persistently(
            call, _always, seconds=seconds, max_attempts=1, expects=expects
        )

    async def run_iterations(self, request: RunIterations, seconds: float) -> IterationsAhead:
        """Iterations of a loop, one after the other; `seconds` is what the slowest step may take.

        Raises `FailureError` where no step can be blamed: it is not tried again.
        """

        async def call() -> IterationsAhead:
            started_at = workflow.now()
            with self._briefly():
                ahead: IterationsAhead = await workflow.execute_local_activity(
                    RUN_ITERATIONS,
                    request,
                    result_type=IterationsAhead,
                    start_to_close_timeout=deadline_of(seconds + 2 * MAX_SEGMENT_SECONDS),
                    retry_policy=RetryPolicy(maximum_attempts=1),
                    summary=f"{request.path} from {request.first}",
                )
            self._count_local(ahead.size_bytes, workflow.now() - started_at)
            return ahead

        return await self._outside(call, expects=request.room_bytes + 2 * limits.MAX_TASK_BYTES)

    async def resolve_value(self, request: ResolveValue) -> Value:
        """A template over stored values, filled in."""
        expects = request.max_inline_bytes
        value = await self._own(names.RESOLVE_VALUE, request, Value, expects=expects)
        self._count_local(size_of(value.json))
        return value

    async def load_values(self, request: LoadValues) -> list[Loaded]:
        """Values for a condition, in the order of the bindings."""
        sizes = sum(
            min(binding.value.size, limits.MAX_INLINE_BYTES) for binding in request.bindings
        )
        expects = min(sizes, MAX_LOADED_BYTES)
        loaded = await self._own(names.LOAD_VALUES, request, list[Loaded], expects=expects)
        self._count_local(sum(size_of(value.json) for value in loaded))
        return loaded

    async def join_values(self, request: JoinValues) -> Value:
        """Values of which some are stored, as one."""
        expects = limits.MAX_TASK_BYTES
        value = await self._own(names.JOIN_VALUES, request, Value, expects=expects)
        if self._room:
            self._room.note(size_of(value.json))
        return value

    async def ask_people(self, request: AskPeople) -> Decision | None:
        """Opens an approval; the decision, if it was decided before."""
        answer: Decision | None = await self._own(
            names.ASK_PEOPLE,
            request,
            Decision | None,  # type: ignore[arg-type]
            summary=request.path,
        )
        return answer

    async def give_up(self, request: GiveUp) -> Decision | None:
        """Closes an approval for its time; the decision, if people were first."""
        answer: Decision | None = await self._own(
            names.GIVE_UP,
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
        expects = limits.MAX_INLINE_BYTES
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
        return await self._own(names.STORE_VALUES, request, list[Value])

    async def load_parts(self, parts: list[Value]) -> list[str]:
        """The texts of a state that was too large to travel."""
        texts = []
        for part in parts:
            request = LoadPart(self.execution_id, part)
            text = await self._own(names.LOAD_PART, request, str, expects=part.size)
            self._count_local(len(text))
            texts.append(text)
        return texts

    async def packed(self, value: Value) -> Value:
        """`value` small enough to be an activity's argument."""
        if value.is_stored or size_of(value.json) <= limits.MAX_TASK_BYTES:
            return value
        return (await self.store_values([value.json]))[0]

    async def record(self, batch: Batch) -> RunOutcome | None:
        """Write a batch down; of a run that has ended already, how it did.

        Counts as no call in flight: the recorder is waited for in its own way.
        """
        before: RunOutcome | None = await self._local(
            names.RECORD,
            batch,
            RunOutcome | None,  # type: ignore[arg-type]
        )
        return before


def _summary(request: RunSegment) -> str:
    first, more = request.steps[0], len(request.steps) - 1
    return f"{first.path} and up to {more} after it" if more else f"{first.path} {first.tool}"


async def _always() -> bool:
    return True
