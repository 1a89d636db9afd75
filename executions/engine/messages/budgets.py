"""What travels with a call about the limits that it counts against."""

from dataclasses import dataclass

# A call under a budget waits so long for what calls on their way may give back.
BUDGET_WAIT_SECONDS = 600


@dataclass(frozen=True)
class BudgetScope:
    """What a run, or one step with all that runs inside it, may spend; null is no limit. `path` is '' for the run."""

    execution_id: str
    path: str = ""
    max_tokens: int | None = None
    max_cost_usd: float | None = None
    max_tool_calls: int | None = None
