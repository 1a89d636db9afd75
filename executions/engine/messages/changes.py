"""What the workflow reports: how its steps and the run itself changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from executions.engine.messages.outcomes import ErrorInfo, StepStatus, Usage
from executions.engine.messages.values import Value


# Nobody changes one. Frozen it would take three times as long to make, which is done twice for each step.
@dataclass
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
    """What changed since the last batch: `steps` in order of their last change, `usage` of the whole run so far.

    One that `comes_with_a_call` may arrive after younger ones.
    """

    execution_id: str
    sequence: int
    steps: list[StepChange] = field(default_factory=list)
    usage: Usage = Usage()
    run: RunChange | None = None
    comes_with_a_call: bool = False
