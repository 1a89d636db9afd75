"""Whether a run works or waits: it waits while steps wait for people or time and no other step works."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow

from executions.engine.messages.changes import RunChange, StepChange
from executions.engine.messages.state import RunState

# Containers are open while their steps run, so they say nothing about whether somebody works.
CONTAINERS = frozenset({"parallel", "loop"})


class Standing:
    """Follows the open steps, and tells when the run begins and ends to wait."""

    def __init__(self, state: RunState, report: Callable[[RunChange], None]) -> None:
        self._state = state
        self._report = report
        self._waiting: set[str] = set()
        self._working: set[str] = set()
        # Set while branches stop to continue as new: that nobody works then means nothing.
        self.is_frozen = False
        for step in state.open_steps.values():
            self._sort(step)

    @property
    def is_waiting(self) -> bool:
        """Whether every live branch waits."""
        return self._state.waiting_since is not None

    @property
    def waited(self) -> timedelta:
        """How long every live branch waited, all such times together."""
        since = self._state.waiting_since
        now = workflow.now() - since if since is not None else timedelta(0)
        return timedelta(seconds=self._state.waited_seconds) + now

    def note(self, step: StepChange) -> None:
        """A step opened, or began or ended to wait."""
        self._sort(step)
        self._update()

    def note_end(self, path: str) -> None:
        """A step ended."""
        self._waiting.discard(path)
        self._working.discard(path)
        self._update()

    def _sort(self, step: StepChange) -> None:
        if step.step_type in CONTAINERS:
            return
        is_waiting = step.status == "WAITING"
        (self._waiting if is_waiting else self._working).add(step.path)
        (self._working if is_waiting else self._waiting).discard(step.path)

    def _update(self) -> None:
        is_waiting = bool(self._waiting) and not self._working
        if self.is_frozen or is_waiting == self.is_waiting:
            return
        now = workflow.now()
        if is_waiting:
            self._state.waiting_since = now
        else:
            self._state.waited_seconds = self.waited.total_seconds()
            self._state.waiting_since = None
        self._report(RunChange("WAITING" if is_waiting else "RUNNING", now))
