"""What travels between services, workflow and activities: plain dataclasses, small enough for Temporal's history."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import JsonValue

from workflows.definition.steps import ErrorKind

WORKFLOW_TYPE = "InterpreterWorkflow"
ASK_MODEL = "ask_model"
CALL_TOOL = "call_tool"
MAY_REPEAT = "may_repeat"
RESOLVE_VALUE = "resolve_value"
JOIN_VALUES = "join_values"
STORE_VALUES = "store_values"
RECORD = "record"

# An activity's result above this is kept in PostgreSQL and travels as a key; a condition refuses to look at more.
MAX_INLINE_BYTES = 64 * 1024
# Many of these may leave in one workflow task, whose total Temporal caps at 4 MB.
MAX_TASK_BYTES = 16 * 1024
# Temporal's own limits are 51,200 events and 50 MB.
CONTINUE_AFTER_EVENTS = 10_000

FinalStatus = Literal["COMPLETED", "FAILED", "CANCELLED"]
StepStatus = Literal["RUNNING", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED"]


@dataclass(frozen=True)
class Value:
    """A JSON value, or the key of one kept as a `StoredValue`; `length` tells a stored list's items."""

    json: JsonValue = None
    key: str = ""
    size: int = 0
    length: int | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the value lies in PostgreSQL and only its key is here."""
        return bool(self.key)


@dataclass(frozen=True)
class ErrorInfo:
    """Why a step failed: `code` is the tool's or vendor's own, `step` the id of the step, `path` where it ran."""

    kind: ErrorKind
    message: str
    code: str = ""
    hint: str = ""
    step: str = ""
    path: str = ""


@dataclass(frozen=True)
class Usage:
    """What was spent. A cost of null is unknown, never free."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    model_calls: int = 0
    tool_calls: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=sum(costs, Decimal(0)) if costs else None,
            model_calls=self.model_calls + other.model_calls,
            tool_calls=self.tool_calls + other.tool_calls,
        )


@dataclass(frozen=True)
class Outcome:
    """How a step, branch or iteration ended; `next` is where the flow went, `branches` only a parallel has."""

    status: StepStatus
    output: Value = Value()
    error: ErrorInfo | None = None
    next: str | None = None
    branches: dict[str, "Outcome"] | None = None


@dataclass(frozen=True)
class StepChange:
    """A step run as it stands now: a whole row, so that writing it twice changes nothing."""

    path: str
    step_id: str
    step_type: str
    name: str
    position: int
    iteration: int | None
    status: StepStatus
    started_at: datetime
    completed_at: datetime | None = None
    input: Value | None = None
    output: Value | None = None
    error: ErrorInfo | None = None
    attempts: int = 0
    usage: Usage = Usage()


@dataclass(frozen=True)
class Happening:
    """Something that viewers follow: becomes one numbered `ExecutionEvent`."""

    kind: str
    at: datetime
    data: dict[str, JsonValue]


@dataclass(frozen=True)
class RunChange:
    """A change of the run itself; a final status comes with what is final."""

    status: Literal["RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
    at: datetime
    output: Value = Value()
    error: ErrorInfo | None = None


@dataclass(frozen=True)
class Batch:
    """Everything that happened since the last batch; `sequence` grows by one with each."""

    execution_id: str
    sequence: int
    steps: list[StepChange]
    happenings: list[Happening]
    usage: Usage = Usage()
    run: RunChange | None = None


@dataclass
class Position:
    """Where a list of steps stands: the next step, how often each was visited, what its references see."""

    at: str
    visits: dict[str, int] = field(default_factory=dict)
    last_completed: str | None = None
    error: ErrorInfo | None = None


@dataclass
class RunState:
    """All that a run must remember to go on elsewhere: outcomes by path, the lists' positions, and counters."""

    started_at: datetime
    context: dict[str, Value] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    open_steps: dict[str, StepChange] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    steps_started: int = 0
    sequence: int = 0
    usage: Usage = Usage()


@dataclass(frozen=True)
class RunInput:
    """One run. `definition` is canonical JSON; `local_tools` may run as local activities.

    `stand_ins` has the output schemas of agents ('agent:ID') and tools (their id) that a simulation imitates.
    `state` is set when a run continues as new (or starts from another run's outcomes).
    """

    execution_id: str
    definition: dict[str, JsonValue]
    user_input: Value = Value("")
    input: Value = Value()
    context: dict[str, Value] = field(default_factory=dict)
    simulate: bool = False
    local_tools: list[str] = field(default_factory=list)
    stand_ins: dict[str, JsonValue] = field(default_factory=dict)
    continue_after_events: int = CONTINUE_AFTER_EVENTS
    state: RunState | None = None


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. Its output and steps are in PostgreSQL."""

    status: FinalStatus
    error: ErrorInfo | None = None
