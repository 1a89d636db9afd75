"""A part of a run that is walked inside of an activity, by the same code that walks it outside.

It needs nothing that only a workflow has: its clock is the machine's, nothing is recorded, and where a call would have
to leave the workflow it stops. Only what quick tools give is kept, for the walker that comes to the same steps.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn, TypeVar

from temporalio.exceptions import ApplicationError

from executions.engine.calls import Calls
from executions.engine.errors import RunEnded, StepFailed
from executions.engine.loops import Loop
from executions.engine.messages.changes import RunChange, StepChange
from executions.engine.messages.iterations import IterationsAhead, RunIterations, StepAhead
from executions.engine.messages.outcomes import Outcome, StepStatus
from executions.engine.messages.segments import (
    MAX_SEGMENT_SECONDS,
    RESULT_BYTES,
    RunSegment,
    Segment,
    SegmentResult,
)
from executions.engine.messages.state import RunState
from executions.engine.recorder import Recorder
from executions.engine.run import Run
from executions.engine.scopes import Scope
from executions.engine.step_alone import view_of
from executions.engine.walking import run_list
from workflows.definition.steps import Definition, LoopStep

T = TypeVar("T")
# Runs the tools of a line of steps, in this thread.
RunLine = Callable[[RunSegment], Segment]
# No iteration begins after so many steps, and no step after so many more: the walker takes them over without a pause.
MAX_STEPS_BETWEEN_ITERATIONS = 200
MAX_STEPS = 400


def iterations_ahead(request: RunIterations, run_line: RunLine) -> IterationsAhead:
    """The steps of the iterations, as far as they come; called in a thread without an event loop."""
    run = _AheadRun(request, run_line)
    step = run.definition.steps[0]
    assert isinstance(step, LoopStep), "made by `Iterations`"
    alone = run.input.alone
    assert alone is not None, "made by `Iterations`"
    scope = _Around("", [step], step.id, None, loop=view_of(alone.loop), error=alone.error)
    scope.records = dict(alone.outcomes)
    loop = Loop(run, scope, step, request.path, run_list)
    loop.count, loop.items = request.last, request.items
    loop.writes.update(request.writes)
    walk = loop.in_turn(request.first, request.before)
    try:
        # Nothing in there waits, so that it needs no event loop, under which Django would refuse the database.
        walk.send(None)
    except (StopIteration, StepFailed, RunEnded, Enough):
        return IterationsAhead(run.steps, run.size, run.is_stuck)
    walk.close()
    raise RuntimeError(f"Iterations of {request.path} wait for something.")


class Enough(asyncio.CancelledError):
    """The walk ends here, as one that is cancelled does; the walker outside goes on."""


class _Around(Scope):
    """What is around the loop: the records of the steps that it refers to."""

    def record(self, step_id: str) -> Outcome | None:
        return self.records.get(step_id)


class _AheadRun(Run):
    """The run as the loop's steps see it."""

    is_ahead = True

    def __init__(self, request: RunIterations, run_line: RunLine) -> None:
        state = request.run_input.state or RunState(request.begins_at)
        state.context = request.run_input.context
        definition = Definition.model_validate(request.run_input.definition)
        self._begins_at, self._began = request.begins_at, time.monotonic()
        self._room = request.room_bytes
        super().__init__(request.run_input, state, definition)
        self.calls = _NoCalls(self, run_line)
        self.recorder = _Silent(self.input.execution_id, state, self.calls.record)
        self.steps: list[StepAhead] = []
        self.size = 0
        self.is_stuck = False

    def now(self) -> datetime:
        return self._begins_at + timedelta(seconds=time.monotonic() - self._began)

    def _history_bytes(self) -> int:
        return 0

    @property
    def room(self) -> int:
        """What may still be given back, in bytes."""
        return self._room - self.size

    async def before_step(self, path: str) -> None:
        is_late = time.monotonic() - self._began >= MAX_SEGMENT_SECONDS
        if is_late or self.room <= 0 or len(self.steps) >= MAX_STEPS:
            raise Enough

    async def before_iteration(self) -> None:
        if len(self.steps) >= MAX_STEPS_BETWEEN_ITERATIONS:
            raise Enough

    async def pass_known(self) -> None:
        """Nothing to breathe for."""

    def close_step(self, path: str, status: StepStatus, **how: Any) -> None:
        step, ahead = self.state.open_steps[path], self.ahead.get(path)
        super().close_step(path, status, **how)
        is_cut_off = status == "CANCELLED"
        if ahead is not None:
            self._keep(path, ahead.started_at, ahead.completed_at or self.now(), ahead.result)
        elif step.step_type == "loop" or not (is_cut_off or step.step_type == "tool"):
            self._keep(path, step.started_at, self.now(), is_open=is_cut_off)

    def _keep(
        self,
        path: str,
        started_at: datetime,
        ended_at: datetime,
        result: SegmentResult | None = None,
        *,
        is_open: bool = False,
    ) -> None:
        started, ended = (
            (moment - self._begins_at).total_seconds() for moment in (started_at, ended_at)
        )
        result = replace(result or SegmentResult(0, 0), started=started, ended=ended)
        self.steps.append(StepAhead(path, result, is_open))
        self.size += RESULT_BYTES

    def stop(self) -> NoReturn:
        """Something can't be done ahead."""
        self.is_stuck = True
        raise Enough


class _NoCalls(Calls):
    """Calls never leave; lines of quick steps run at once."""

    def __init__(self, run: _AheadRun, run_line: RunLine) -> None:
        super().__init__(run.input.execution_id, engine=run.input.engine)
        self._run = run
        self._run_line = run_line

    async def run_segment(self, request: RunSegment) -> tuple[datetime, Segment]:
        began_at = self._run.now()
        try:
            segment = self._run_line(replace(request, room_bytes=self._run.room))
        except ApplicationError:
            # The database is away: the step outside waits for it.
            self._run.stop()
        self._run.size += segment.size_bytes
        return began_at, segment

    async def _outside(
        self, start: Callable[[], Awaitable[T]], *, sends: int = 0, expects: int = 0
    ) -> T:
        self._run.stop()

    async def _local(self, *args: object) -> NoReturn:
        self._run.stop()


class _Silent(Recorder):
    """Records nothing: the walker outside does."""

    def step(self, change: StepChange) -> None:
        return

    def run(self, change: RunChange) -> None:
        return
