"""What a run must remember to go on elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime

from executions.engine.messages.approvals import Decision
from executions.engine.messages.changes import StepChange
from executions.engine.messages.outcomes import ErrorInfo, Outcome, Usage
from executions.engine.messages.values import Value


@dataclass
class Position:
    """Where a list of steps stands: the next step, how often each was visited, what its references see.

    `writes` is what the list has written to the `context` so far.
    """

    at: str
    visits: dict[str, int] = field(default_factory=dict)
    last_completed: str | None = None
    error: ErrorInfo | None = None
    writes: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class TurnsMade:
    """How far an agent's conversation is: turns that ended with all their calls, and how many there may be."""

    number: int
    limit: int


@dataclass
class RunState:
    """All that a run must remember to go on elsewhere: outcomes by path, the lists' positions, and counters.

    `context` is what the run began with, once `has_context`; what steps wrote since stands with their lists.
    `children` are the runs that steps started, and whether they ended. `waiting_since` is set while every live branch waits, `waited_seconds` is how long that took before.
    `has_told_waiting` is what the run that waits for this one was told last.
    """

    started_at: datetime
    context: dict[str, Value] = field(default_factory=dict)
    has_context: bool = False
    waiting_since: datetime | None = None
    waited_seconds: float = 0.0
    has_told_waiting: bool = False
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    open_steps: dict[str, StepChange] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    children: dict[str, bool] = field(default_factory=dict)
    turns: dict[str, TurnsMade] = field(default_factory=dict)
    steps_started: int = 0
    moments: int = 0
    sequence: int = 0
    usage: Usage = Usage()
