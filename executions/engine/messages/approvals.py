"""What travels when people are asked, and when they have decided."""

from dataclasses import dataclass
from datetime import datetime

from executions.engine.messages.values import Value


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
