"""What travels between services, workflow and activities: plain dataclasses, small enough for Temporal's history."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import JsonValue

from executions.engine.budget_messages import BudgetScope
from workflows.definition.steps import ErrorKind

WORKFLOW_TYPE = "InterpreterWorkflow"
ASK_MODEL = "ask_model"
CALL_TOOL = "call_tool"
MAY_REPEAT = "may_repeat"
RESOLVE_VALUE = "resolve_value"
LOAD_VALUES = "load_values"
JOIN_VALUES = "join_values"
STORE_VALUES = "store_values"
ASK_PEOPLE = "ask_people"
GIVE_UP = "give_up"
# The signal that brings a decision.
DECIDE = "decide"
# The signal of a child that has ended.
CHILD_ENDED = "child_ended"
LOAD_PART = "load_part"
RECORD = "record"

# An activity's result above this is kept in PostgreSQL and travels as a key; a condition refuses to look at more.
MAX_INLINE_BYTES = 64 * 1024
# Many of these may leave in one workflow task, whose total Temporal caps at 4 MB.
MAX_TASK_BYTES = 16 * 1024
# Temporal's own limits are 51,200 events and 50 MB; calls that are under way when a run reaches ours still end in it.
CONTINUE_AFTER_EVENTS = 8_000
CONTINUE_AFTER_BYTES = 2 * 1024 * 1024

# How runs that start today behave. A change that would break the replay of open runs gets a new number and asks for
# `RunInput.engine`; what older numbers mean stays as long as such runs may be open.
ENGINE = 3

FinalStatus = Literal["COMPLETED", "FAILED", "CANCELLED"]
StepStatus = Literal["RUNNING", "WAITING", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED"]


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
    """Why a step failed: `code` is the tool's or vendor's own, `step` the id of the step, `path` where it ran.

    `limit_of` is whose budget was exceeded: a run's id, or the key of a user's.
    """

    kind: ErrorKind
    message: str
    code: str = ""
    hint: str = ""
    step: str = ""
    path: str = ""
    limit_of: str = ""


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
    """How a step, branch or iteration ended; `next` is where the flow went, `branches` only a parallel has.

    `writes` is what it wrote to the `context`, all that ran inside it included.
    """

    status: StepStatus
    output: Value = Value()
    error: ErrorInfo | None = None
    next: str | None = None
    branches: dict[str, "Outcome"] | None = None
    writes: dict[str, Value] | None = None


@dataclass(frozen=True)
class StepChange:
    """A step run as it stands now: a whole row, so that writing it twice changes nothing.

    `opened` and `closed` number the starts and ends of all steps of a run in the order in which they happened.
    """

    path: str
    step_id: str
    step_type: str
    name: str
    position: int
    iteration: int | None
    status: StepStatus
    started_at: datetime
    opened: int
    completed_at: datetime | None = None
    closed: int = 0
    input: Value | None = None
    output: Value | None = None
    error: ErrorInfo | None = None
    attempts: int = 0
    usage: Usage = Usage()
    writes: dict[str, Value] | None = None
    next: str = ""


@dataclass(frozen=True)
class RunChange:
    """A change of the run itself; a final status comes with what is final, `began_at` with a start not told before."""

    status: Literal["RUNNING", "WAITING", "COMPLETED", "FAILED", "CANCELLED"]
    at: datetime
    output: Value = Value()
    error: ErrorInfo | None = None
    began_at: datetime | None = None


@dataclass(frozen=True)
class Batch:
    """What changed since the last batch: `steps` in order of their last change, `usage` of the whole run so far."""

    execution_id: str
    sequence: int
    steps: list[StepChange] = field(default_factory=list)
    usage: Usage = Usage()
    run: RunChange | None = None


@dataclass(frozen=True)
class Binding:
    """What a reference (its text) leads to: the rest of the path is followed inside the value."""

    reference: str
    value: Value
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class ResolveValue:
    """Fill `template` in where some bound value is stored; a result over `max_inline_bytes` is stored again."""

    execution_id: str
    template: JsonValue
    bindings: list[Binding]
    max_inline_bytes: int = MAX_TASK_BYTES


@dataclass(frozen=True)
class LoadValues:
    """Read values for a condition."""

    execution_id: str
    bindings: list[Binding]


@dataclass(frozen=True)
class Loaded:
    """A value for a condition, unless nothing stands there or it is larger than a condition may look at."""

    json: JsonValue = None
    is_missing: bool = False
    is_too_large: bool = False


@dataclass(frozen=True)
class JoinValues:
    """Join values of which some are stored."""

    execution_id: str
    how: Literal["list", "merge"]
    values: list[Value]


@dataclass(frozen=True)
class StoreValues:
    """Keep values in PostgreSQL and give their keys, in order."""

    execution_id: str
    values: list[JsonValue]


@dataclass(frozen=True)
class LoadPart:
    """Read one part of a state that was too large to travel."""

    execution_id: str
    part: Value


@dataclass(frozen=True)
class CallTool:
    """One call of a tool: by a tool step (turn 0, tool and arguments given) or by an agent's turn (by call id).

    An agent's call is looked up in what the model answered; its failures go back to the model.
    """

    execution_id: str
    path: str
    timeout_seconds: float
    tool: str = ""
    arguments: Value = Value()
    turn: int = 0
    call_id: str = ""
    agent: "Agent | None" = None
    max_attempts: int = 1
    budgets: list[BudgetScope] = field(default_factory=list)
    owner_id: int | None = None


@dataclass(frozen=True)
class ToolResult:
    """What a tool step goes on with; for an agent's call the result stays in PostgreSQL and `output` is null."""

    output: Value = Value()
    attempts: int = 1


@dataclass(frozen=True)
class Agent:
    """Who works in an agent step: an agent's row by id, or one written into the step as JSON.

    `tools` narrows its allow-list, `output_schema` replaces its own.
    """

    agent_id: str | None = None
    inline: dict[str, JsonValue] | None = None
    tools: list[str] | None = None
    output_schema: dict[str, JsonValue] | None = None


@dataclass(frozen=True)
class AskModel:
    """One turn of an agent; the conversation before it lies in PostgreSQL. Turns count from 1."""

    execution_id: str
    path: str
    turn: int
    agent: Agent
    input: Value
    timeout_seconds: float
    budgets: list[BudgetScope] = field(default_factory=list)


@dataclass(frozen=True)
class WantedCall:
    """A tool call that the model asks for; its arguments stay in PostgreSQL."""

    id: str
    tool: str


@dataclass(frozen=True)
class Turn:
    """What came of one turn: the final output, or tool calls to make, or `complaint`: why the answer is no good."""

    output: Value | None = None
    calls: list[WantedCall] = field(default_factory=list)
    complaint: str = ""
    max_turns: int = 100
    attempts: int = 1
    usage: Usage = Usage()


@dataclass(frozen=True)
class AskPeople:
    """Open an approval. `asked` is `{message, content}`; nobody in `approvers` means the run's owner."""

    execution_id: str
    path: str
    step_id: str
    asked: Value
    approvers: list[str]
    required_approvals: int
    expires_at: datetime | None


@dataclass(frozen=True)
class GiveUp:
    """Close an approval whose time is over."""

    execution_id: str
    path: str


@dataclass(frozen=True)
class Decision:
    """How people decided an approval: `output` is the step's, `by` and `comment` are for the error of a rejection."""

    path: str
    is_approved: bool
    output: Value
    by: str = ""
    comment: str = ""


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


@dataclass(frozen=True)
class GivenLoop:
    """What `loop` means to a step that is tried alone; iterations count from 1."""

    iteration: int = 1
    item: Value = Value()
    last: Value = Value()
    parent: "GivenLoop | None" = None


@dataclass(frozen=True)
class Alone:
    """One step that is tried alone: what other steps are said to have given, by id, and what is around it."""

    step: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    loop: GivenLoop | None = None
    error: ErrorInfo | None = None


@dataclass(frozen=True)
class RunInput:
    """One run. `definition` is canonical JSON; `local_tools` may run as local activities.

    `stand_ins` has the output schemas of agents ('agent:ID') and tools (their id) that a simulation imitates.
    `state` is set when a run continues as new (or starts from another run's outcomes), `state_parts` instead of it
    when it is too large to travel. `engine` is the `ENGINE` of the moment of its start; runs from before it was
    written down have 1. `budgets` are those of the runs and steps that started this one. `owner_id` is the user whose
    rights its calls have. `parent_id` is the run that waits for this one, `child_versions` the versions of workflows
    that its own steps run, as they were published when it started. With `alone` only that step runs.
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
    engine: int = 1
    budgets: list[BudgetScope] = field(default_factory=list)
    owner_id: int | None = None
    parent_id: str = ""
    child_versions: dict[str, int] = field(default_factory=dict)
    state: RunState | None = None
    state_parts: list[Value] = field(default_factory=list)
    alone: Alone | None = None


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. Its output and steps are in PostgreSQL."""

    status: FinalStatus
    error: ErrorInfo | None = None
