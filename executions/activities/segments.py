"""`run_segment`: quick native tools one after the other, each with the results of those before it."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pydantic import JsonValue
from temporalio import activity

from common.connections import DATABASE_AWAY, with_connection
from discovery.calling import compute
from discovery.tool_errors import ToolCallFailed
from executions.activities.call_events import tool_call_failed
from executions.activities.callers import require_active
from executions.activities.failures import before_the_call
from executions.engine.messages.calls import CallTool
from executions.engine.messages.changes import Batch
from executions.engine.messages.limits import MAX_TASK_BYTES
from executions.engine.messages.outcomes import ErrorInfo
from executions.engine.messages.segments import (
    MAX_SEGMENT_SECONDS,
    RESULT_BYTES,
    RUN_SEGMENT,
    Ending,
    RunSegment,
    Segment,
    SegmentResult,
    SegmentStep,
)
from executions.engine.messages.values import Value
from executions.engine.sizes import size_of
from executions.recording import record
from executions.stored_values import follow_all, keep
from workflows.definition import references
from workflows.definition.references import MISSING, Missing, Reference, TemplateFailed, follow


@activity.defn(name=RUN_SEGMENT)
async def run_segment(request: RunSegment) -> Segment:
    """Run the steps in a thread. Fails as `tool_missing` for a deactivated user."""
    with before_the_call():
        await require_active(request.owner_id)
    # One thread for all: to change threads costs as much as such a step does.
    return await asyncio.to_thread(run_line, request)


def run_line(request: RunSegment) -> Segment:
    """Run the steps until one fails, the time is over, or what they gave fills the room; at least the first."""
    running = _Running(request)
    running.prepare()
    running.run_all()
    return Segment(running.results, running.size, running.is_recorded)


@dataclass
class _Running:
    """A segment on its way; `outputs` has what its steps gave, by their ids."""

    request: RunSegment
    given: dict[str, JsonValue | Missing] = field(default_factory=dict)
    outputs: dict[str, JsonValue] = field(default_factory=dict)
    results: list[SegmentResult] = field(default_factory=list)
    size: int = 0
    is_recorded: bool = False
    started_at: float = field(default_factory=time.monotonic)

    def prepare(self) -> None:
        """Have at hand what the steps refer to."""
        bindings = self.request.bindings
        self.given = {bound.reference: bound.value.json for bound in bindings}
        stored = [bound for bound in bindings if bound.value.is_stored]
        if not stored:
            return
        with before_the_call():
            values = with_connection(follow_all)(self.request.execution_id, stored)
        self.given |= {bound.reference: value for bound, value in zip(stored, values, strict=True)}

    def run_all(self) -> None:
        """Run step after step and note how each went."""
        for step in self.request.steps:
            result = self._run(step, self._elapsed())
            self.results.append(result)
            if result.error is not None:
                return
            if self._is_over():
                break
        if self.request.ending is not None and len(self.results) == len(self.request.steps):
            self._record_end(self.request.ending)

    def _record_end(self, ending: Ending) -> None:
        """Write down how the run ended; a database that is away is left to the recording that waits for it."""
        try:
            before = with_connection(record)(_filled(ending, self.results))
        except DATABASE_AWAY as error:
            activity.logger.warning("The end of a run is recorded later: %s", error)
        else:
            # One that ended otherwise is left to the recording that learns how.
            self.is_recorded = before is None or before.status == "COMPLETED"

    def _is_over(self) -> bool:
        """Whether the next step must wait for another segment."""
        is_late = self._elapsed() >= MAX_SEGMENT_SECONDS
        return is_late or self.size >= self.request.room_bytes

    def _run(self, step: SegmentStep, started: float) -> SegmentResult:
        try:
            arguments = references.resolve(step.arguments, self._look_up)
        except TemplateFailed as error:
            failure = ErrorInfo("template_error", str(error), code="template_error")
            return SegmentResult(started, self._elapsed(), error=failure)
        assert isinstance(arguments, dict), "a tool step's arguments are an object"
        kept = self._kept(arguments)
        try:
            output = compute(step.tool, arguments, timeout_seconds=step.timeout_seconds)
        except ToolCallFailed as error:
            self._tell(step, error, self._elapsed() - started)
            return SegmentResult(started, self._elapsed(), kept, error=_tool_error(error))
        self.outputs[step.step_id] = output
        ended = self._elapsed()
        return SegmentResult(started, ended, kept, self._kept(output))

    def _tell(self, step: SegmentStep, error: ToolCallFailed, seconds: float) -> None:
        """The failed call as an event, as every other call tells its failure."""
        call = CallTool(self.request.execution_id, step.path, step.timeout_seconds, step.tool)
        with before_the_call():
            with_connection(tool_call_failed)(
                call, step.tool, error, duration_ms=round(seconds * 1000)
            )

    def _kept(self, value: JsonValue) -> Value:
        """The value as it travels; only a large one needs the database."""
        size = size_of(value)
        if size > MAX_TASK_BYTES:
            with before_the_call():
                return with_connection(keep)(
                    self.request.execution_id, value, max_inline_bytes=MAX_TASK_BYTES
                )
        self.size += size + RESULT_BYTES
        return Value(value)

    def _look_up(self, reference: Reference) -> JsonValue | Missing:
        step_id, path = str(reference.path[0]) if reference.path else "", reference.path[1:]
        if reference.root != "steps" or step_id not in self.outputs:
            return self.given.get(reference.text, MISSING)
        match path[0]:
            case "output":
                return follow(self.outputs[step_id], path[1:])
            case "status":
                return follow("COMPLETED", path[1:])
            case _:
                return MISSING

    def _elapsed(self) -> float:
        return time.monotonic() - self.started_at


def _filled(ending: Ending, results: list[SegmentResult]) -> Batch:
    """The batch with what the steps gave."""
    batch, run = ending.batch, ending.batch.run
    assert run is not None, "an ending ends the run"
    begins_at = ending.begins_at
    before = batch.steps[: -len(results)]
    steps = [
        replace(
            step,
            started_at=begins_at + timedelta(seconds=result.started),
            completed_at=begins_at + timedelta(seconds=result.ended),
            input=result.input,
            output=result.output,
        )
        for step, result in zip(batch.steps[-len(results) :], results, strict=True)
    ]
    ended_at = begins_at + timedelta(seconds=results[-1].ended)
    end = replace(run, at=ended_at, output=results[-1].output)
    return replace(batch, steps=[*before, *steps], run=end)


def _tool_error(error: ToolCallFailed) -> ErrorInfo:
    return ErrorInfo(error.kind, error.message, code=error.code, hint=error.hint)
