"""What happened since the last batch, written down by one local activity at a time."""

from collections.abc import Awaitable, Callable

from temporalio import workflow

from executions.engine.messages import Batch, RunChange, RunState, StepChange

Write = Callable[[Batch], Awaitable[None]]


class Recorder:
    """Collects changes while a batch is being written, so that a busy run needs few batches.

    Changes of one step in one batch melt into one row; the row tells which of its changes are new.
    """

    def __init__(self, execution_id: str, state: RunState, write: Write) -> None:
        self._execution_id = execution_id
        self._state = state
        self._write = write
        self._steps: dict[str, StepChange] = {}
        self._run: RunChange | None = None
        self._is_writing = False
        self.has_failed = False

    def step(self, change: StepChange) -> None:
        """Note how a step stands now."""
        self._steps.pop(change.path, None)
        self._steps[change.path] = change

    def run(self, change: RunChange) -> None:
        """Note how the run stands now."""
        self._run = change

    @property
    def is_idle(self) -> bool:
        """Whether everything is written (or can't be)."""
        return self.has_failed or not (self._is_writing or self._steps or self._run)

    async def keep_writing(self) -> None:
        """Write batch after batch until cancelled, or until one can't be written at all."""
        while not self.has_failed:
            await workflow.wait_condition(lambda: bool(self._steps or self._run))
            self._is_writing = True
            try:
                await self._write(self._next_batch())
            except Exception:  # noqa: BLE001 - the run ends because of it: a run that nobody can follow must not go on
                workflow.logger.exception("Recording failed for good")
                self.has_failed = True
            finally:
                self._is_writing = False

    async def until_idle(self) -> None:
        """Wait until everything is written, or can't be."""
        await workflow.wait_condition(lambda: self.is_idle)

    def start_over(self, change: RunChange) -> Batch:
        """After a failure: a batch with nothing but the run's end, which may yet be written."""
        self._steps.clear()
        self._run = change
        return self._next_batch()

    def _next_batch(self) -> Batch:
        self._state.sequence += 1
        steps, run = list(self._steps.values()), self._run
        self._steps, self._run = {}, None
        return Batch(self._execution_id, self._state.sequence, steps, self._state.usage, run)
