"""What a run of many steps leaves behind: events and bytes in each of its Temporal runs."""

from dataclasses import dataclass

from tests.executions.conftest import Ran

MAX_EVENTS = 10_000
MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Histories:
    """One number for each Temporal run of an execution, the last run first."""

    events: list[int]
    sizes: list[int]


def histories_of(ran: Ran) -> Histories:
    """Count events and bytes, the first event with the run's input included."""
    events, sizes = [], []
    for run_id in ran.temporal_runs():
        history = ran.history(run_id).events
        events.append(len(history))
        sizes.append(sum(event.ByteSize() for event in history))
    return Histories(events, sizes)
