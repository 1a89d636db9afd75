"""How steps and runs end: with an output or an error, and what was spent."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from executions.engine.messages.values import Value
from workflows.definition.steps import ErrorKind

FinalStatus = Literal["COMPLETED", "FAILED", "CANCELLED"]
StepStatus = Literal["RUNNING", "WAITING", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED"]


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


# Nobody changes one; as with `StepChange`, it is not frozen because it is made for each step.
@dataclass
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
class RunOutcome:
    """How a run ended. Its output and steps are in PostgreSQL."""

    status: FinalStatus
    error: ErrorInfo | None = None
