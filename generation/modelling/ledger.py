"""What keeps account of a job's calls; the job's own one is in `generation.jobs`."""

from dataclasses import dataclass
from typing import Protocol

from discovery.language_model.client import ModelAnswer, ModelError, ModelRequest


class Cancelled(Exception):
    """Somebody cancelled the job; no further call is made."""


class OutOfMeans(ModelError):
    """A limit leaves too little for the call, so it was not made; `message` names limit, numbers and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="rate_limited")


@dataclass(frozen=True)
class Permit:
    """A call that may be made; `max_output_tokens` bounds its answer, null: nothing does."""

    number: int
    max_output_tokens: int | None = None


class Ledger(Protocol):
    """Enters a call before it is made, and what came of it afterwards."""

    async def open(self, purpose: str, request: ModelRequest) -> Permit:
        """Set the call's estimate aside; raises `Cancelled` and `OutOfMeans`."""
        ...

    async def close(self, permit: Permit, outcome: ModelAnswer | ModelError | None) -> None:
        """Put what it did cost in the estimate's place; null: it was cut off, and nobody knows."""
        ...


class NoLedger:
    """For calls that belong to no job."""

    async def open(self, purpose: str, request: ModelRequest) -> Permit:
        """Always."""
        return Permit(0)

    async def close(self, permit: Permit, outcome: ModelAnswer | ModelError | None) -> None:
        """Nothing to settle."""
