"""What travels with a call of a tool or of an agent's model, and back."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from executions.engine.messages.budgets import BudgetScope
from executions.engine.messages.changes import Batch
from executions.engine.messages.outcomes import Usage
from executions.engine.messages.values import Value


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
class CallTool:
    """One call of a tool: by a tool step (turn 0, tool and arguments given) or by an agent's turn (by call id).

    An agent's call is looked up in what the model answered; its failures go back to the model. `news` is written down
    before the call.
    """

    execution_id: str
    path: str
    timeout_seconds: float
    tool: str = ""
    arguments: Value = Value()
    turn: int = 0
    call_id: str = ""
    agent: Agent | None = None
    max_attempts: int = 1
    budgets: list[BudgetScope] = field(default_factory=list)
    owner_id: int | None = None
    news: Batch | None = None


@dataclass(frozen=True)
class ToolResult:
    """What a tool step goes on with; for an agent's call the result stays in PostgreSQL and `output` is null."""

    output: Value = Value()
    attempts: int = 1


@dataclass(frozen=True)
class AskModel:
    """One turn of an agent; the conversation before it lies in PostgreSQL. Turns count from 1.

    `news` is written down before the model is asked.
    """

    execution_id: str
    path: str
    turn: int
    agent: Agent
    input: Value
    timeout_seconds: float
    budgets: list[BudgetScope] = field(default_factory=list)
    news: Batch | None = None


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
