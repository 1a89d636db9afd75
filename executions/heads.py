"""How runs stand that this process wrote down itself: where nobody else wrote meanwhile, the next batch need not ask."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from executions.models import WorkflowExecution

MAX_RUNS = 500
# Of a longer run the rows are asked again: what is kept here must stay small.
MAX_STEPS = 500


@dataclass
class Head:
    """A run's row as it was written last (the columns that recording needs), and the status of each recorded step."""

    execution: WorkflowExecution
    steps: dict[str, str]


@dataclass
class Heads:
    """The runs that were written last, for all threads. What one of them takes no other one has."""

    _known: OrderedDict[str, Head] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, execution_id: str) -> Head | None:
        """The run's head, which is forgotten until it is kept again."""
        with self._lock:
            return self._known.pop(execution_id, None)

    def keep(self, head: Head) -> None:
        """For the next batch of this run; a long one, and the one that was used longest ago, are forgotten."""
        if len(head.steps) > MAX_STEPS:
            return
        with self._lock:
            self._known[head.execution.pk] = head
            if len(self._known) > MAX_RUNS:
                self._known.popitem(last=False)

    def note_event(self, execution_id: str, number: int) -> None:
        """This process told an event between two batches. If it is taken back the next batch looks for itself."""
        with self._lock:
            head = self._known.get(execution_id)
            if head is not None and head.execution.last_event_number == number - 1:
                head.execution.last_event_number = number


heads = Heads()
