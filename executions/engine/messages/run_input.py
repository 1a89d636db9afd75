"""What a run starts with."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from executions.engine.messages.budgets import BudgetScope
from executions.engine.messages.limits import CONTINUE_AFTER_EVENTS
from executions.engine.messages.outcomes import ErrorInfo, Outcome
from executions.engine.messages.state import RunState
from executions.engine.messages.values import Value

# How runs that start today behave. A change that would break the replay of open runs gets a new number and asks for
# `RunInput.engine`; what older numbers mean stays as long as such runs may be open.
ENGINE = 6


@dataclass(frozen=True)
class GivenLoop:
    """What `loop` means to a step that is tried alone; iterations count from 1, `item_path` leads into the item."""

    iteration: int = 1
    item: Value = Value()
    last: Value = Value()
    parent: "GivenLoop | None" = None
    item_path: tuple[str | int, ...] = ()


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
    that its own steps run, as they were published when it started. With `alone` only that step runs. `request_id` is
    for log lines.
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
    request_id: str = ""
