"""What travels between a run and the runs that its `workflow` steps start."""

from dataclasses import dataclass, field

from executions.engine.messages.budgets import BudgetScope
from executions.engine.messages.outcomes import ErrorInfo, FinalStatus, Usage
from executions.engine.messages.values import Value

LAUNCH_CHILD = "launch_child"
COLLECT_CHILD = "collect_child"
STOP_CHILD = "stop_child"
# The signal of a child that began or ended to wait.
CHILD_STANDS = "child_stands"


@dataclass(frozen=True)
class LaunchChild:
    """Start a workflow for a step. `given` is `{input, context}`; a null version is the current one."""

    parent_id: str
    child_id: str
    path: str
    workflow_id: str
    version: int | None
    given: Value
    simulate: bool
    budgets: list[BudgetScope] = field(default_factory=list)


@dataclass(frozen=True)
class ChildOf:
    """One child of one run."""

    parent_id: str
    child_id: str


@dataclass(frozen=True)
class ChildStands:
    """Whether every live branch of a child waits at this moment."""

    child_id: str
    is_waiting: bool


@dataclass(frozen=True)
class ChildResult:
    """How a child ended, its output kept for its parent; no status while it runs."""

    status: FinalStatus | None
    output: Value = field(default_factory=Value)
    error: ErrorInfo | None = None
    usage: Usage = field(default_factory=Usage)
