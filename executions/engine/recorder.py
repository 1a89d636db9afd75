"""What happened since the last batch, written down by one local activity at a time or by the call that comes next."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic_core import to_json
from temporalio import workflow
from temporalio.exceptions import FailureError

from executions.engine.messages.changes import Batch, RunChange, StepChange
from executions.engine.messages.outcomes import RunOutcome, Usage
from executions.engine.messages.state import RunState

# What it gives is how the run had ended before the batch came.
Write = Callable[[Batch], Awaitable[RunOutcome | None]]
# So late may a change be written down because a brief call shall be told with it; while one call lasts, no clock ticks.
MAX_DELAY = timedelta(milliseconds=200)
# Before that each batch is a local activity of its own.
FIRST_ENGINE_TO_SEND = 4
# What goes with a call stays in Temporal's history, as its argument.
MAX_SENT_BYTES = 8 * 1024


class Recorder:
    """Collects changes while a batch is being written, so that a busy run needs few batches.

    Changes of one step in one batch melt into one row; the row tells which of its changes are new.
    """

    def __init__(
        self,
        execution_id: str,
        state: RunState,
        write: Write,
        is_brief: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_brief` tells whether more is about to happen, for which a batch waits a little."""
        self._execution_id = execution_id
        self._state = state
        self._write = write
        self._is_brief = is_brief
        self._changed_at: datetime | None = None
        self._steps: dict[str, StepChange] = {}
        self._run: RunChange | None = None
        # What went with a call that has not come back: a call leaves after all local activities of its workflow task.
        self._sent: Batch | None = None
        self._is_writing = False
        self._is_over = False
        self.has_failed = False
        # How the run had ended, as PostgreSQL says, when there was something to write.
        self.ended_before: RunOutcome | None = None

    def step(self, change: StepChange) -> None:
        """Note how a step stands now."""
        if self._is_told(change.status):
            return
        self._note_time()
        self._steps.pop(change.path, None)
        self._steps[change.path] = change

    def run(self, change: RunChange) -> None:
        """Note how the run stands now."""
        if self._is_told(change.status):
            return
        self._note_time()
        before = self._run
        if before is not None and (before.status == "RUNNING" or before.began_at):
            change = replace(change, began_at=before.began_at or before.at)
        self._run = change

    @property
    def is_writing(self) -> bool:
        """Whether a batch is on its way."""
        return self._is_writing

    @property
    def is_idle(self) -> bool:
        """Whether everything is written (or can't be)."""
        return self.has_failed or not (self._is_writing or self._steps or self._run)

    async def keep_writing(self) -> None:
        """Write batch after batch until cancelled, or until one can't be written at all."""
        while not self.has_failed:
            await workflow.wait_condition(self._is_due)
            self._is_writing = True
            if self._sent is not None:
                # The call may leave only when this is written: without it branches would be told before their parallel.
                self._tell_again(self._sent)
                self._sent = None
            try:
                self.ended_before = await self._write(self._next_batch())
            except Exception:  # noqa: BLE001 - the run ends because of it: a run that nobody can follow must not go on
                workflow.logger.exception("Recording failed for good")
                self.has_failed = True
            finally:
                self._is_writing = False

    @contextmanager
    def sent_with_call(self) -> Iterator[Batch | None]:
        """Around a call that writes the batch down before it does anything else; nothing where that must not wait for it.

        Of a call that fails nobody knows whether it came so far: its batch is written again.
        """
        batch = self._next_batch() if self._may_be_sent() else None
        if batch is None:
            yield None
            return
        self._sent = batch
        try:
            yield replace(batch, comes_with_a_call=True)
        # Nothing else: of a coroutine that is thrown away with its worker there is nobody left to tell.
        except (FailureError, asyncio.CancelledError):
            self._note_time()
            self._tell_again(batch)
            raise
        finally:
            # A call takes news along only where it is the only one, so there is no other to forget.
            self._sent = None

    def ending(self, steps: list[StepChange], usage: Usage) -> Batch:
        """What there is to write if these steps go well, and the run ends with them: then `take_as_written`."""
        now = workflow.now()
        run = RunChange("COMPLETED", now, began_at=self._began_at())
        ended = {step.path for step in steps}
        earlier = [step for path, step in self._steps.items() if path not in ended]
        sequence = self._state.sequence + 1
        return Batch(self._execution_id, sequence, [*earlier, *steps], usage, run)

    def take_as_written(self) -> None:
        """The run's good end is written: what the walker comes to know of it on its way there is no news."""
        self._is_over = True
        self._state.sequence += 1
        self._steps, self._run, self._changed_at = {}, None, None

    def _began_at(self) -> datetime | None:
        return None if self._run is None else self._run.began_at or self._run.at

    def _is_told(self, status: str) -> bool:
        return self._is_over and status in ("RUNNING", "COMPLETED")

    async def until_idle(self) -> None:
        """Wait until everything is written, or can't be."""
        await workflow.wait_condition(lambda: self.is_idle)

    def start_over(self, change: RunChange) -> Batch:
        """After a failure: a batch with nothing but the run's end, which may yet be written."""
        self._steps.clear()
        self._run = change
        return self._next_batch()

    def _note_time(self) -> None:
        self._changed_at = self._changed_at or workflow.now()

    def _is_due(self) -> bool:
        if self._changed_at is None:
            return False
        # That a run goes on after a wait is news of its own.
        may_wait = self._run is None or self._state.sequence == 0
        is_late = workflow.now() - self._changed_at >= MAX_DELAY
        return is_late or not (may_wait and self._is_brief())

    def _may_be_sent(self) -> bool:
        """Only starts and ends of steps, and the run's own start: news of waiting must come in their order."""
        if not self._steps and self._run is None:
            return False
        is_waiting = any(step.status == "WAITING" for step in self._steps.values())
        is_start = self._run is not None and self._run.status == "RUNNING"
        if is_waiting or not (self._run is None or (is_start and self._state.sequence == 0)):
            return False
        return len(to_json(list(self._steps.values()))) <= MAX_SENT_BYTES

    def _tell_again(self, batch: Batch) -> None:
        """What the batch told is told with the next one, as far as nothing newer is known."""
        older = {step.path: step for step in batch.steps if step.path not in self._steps}
        self._steps = older | self._steps
        if self._run is None:
            self._run = batch.run
        elif batch.run is not None and self._run.began_at is None:
            self._run = replace(self._run, began_at=batch.run.began_at or batch.run.at)

    def _next_batch(self) -> Batch:
        self._state.sequence += 1
        steps, run = list(self._steps.values()), self._run
        self._steps, self._run, self._changed_at = {}, None, None
        return Batch(self._execution_id, self._state.sequence, steps, self._state.usage, run)
