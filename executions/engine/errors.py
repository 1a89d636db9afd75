"""How a step fails inside the engine, and how Temporal's failures become the language's error kinds."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    FailureError,
    TimeoutError,
    TimeoutType,
)

from executions.engine.messages.outcomes import ErrorInfo, Usage
from executions.engine.messages.values import Value
from workflows.definition.steps import ERROR_KINDS, UNCATCHABLE, ErrorKind

KINDS = frozenset(ERROR_KINDS)
NOTHING = Usage()
# Types of activity failures that are no kind of the language; the interpreter answers them itself.
UNAVAILABLE = "unavailable"
UNRECORDED = "unrecorded"
# What Temporal's SDK reports for a call that a stopping worker could not wait for.
WORKER_SHUTDOWN = "WorkerShutdown"


class StepFailed(Exception):
    """A step, branch or iteration failed and nothing inside it caught that."""

    def __init__(self, error: ErrorInfo, attempts: int = 0, usage: Usage = NOTHING) -> None:
        """`usage` is what the call was paid for that failed; who made it counts it, once."""
        super().__init__(error.message)
        self.error = error
        self.attempts = attempts
        self.usage = usage

    @property
    def is_catchable(self) -> bool:
        """Whether an `on_error` or a tolerant parallel may go on after it."""
        return self.error.kind not in UNCATCHABLE


class RunEnded(Exception):
    """An `end` step of scope `run` was reached: ends every list around it; a null `output` leaves it to the run's."""

    def __init__(self, output: Value | None, error: ErrorInfo | None) -> None:
        super().__init__("The run ended.")
        self.output = output
        self.error = error


def failed(
    kind: ErrorKind, message: str, *, code: str = "", hint: str = "", attempts: int = 0
) -> StepFailed:
    """A failure whose place is filled in by the step that it leaves."""
    return StepFailed(ErrorInfo(kind=kind, message=message, code=code or kind, hint=hint), attempts)


def placed(failure: StepFailed, *, step: str, path: str) -> StepFailed:
    """The failure with the innermost step that it left, which is the first to say so."""
    if failure.error.path:
        return failure
    return StepFailed(replace(failure.error, step=step, path=path), failure.attempts)


def is_lost(error: FailureError) -> bool:
    """Whether the worker vanished or was stopped in the middle of the call, or could not write down that it was made."""
    cause = _cause(error)
    if isinstance(cause, CancelledError):
        return True
    if isinstance(cause, TimeoutError):
        return cause.type == TimeoutType.HEARTBEAT
    return isinstance(cause, ApplicationError) and cause.type in (UNRECORDED, WORKER_SHUTDOWN)


def is_unavailable(error: FailureError) -> bool:
    """Whether our own database could not be reached, before anything was called."""
    cause = _cause(error)
    return isinstance(cause, ApplicationError) and cause.type == UNAVAILABLE


def of_activity(error: FailureError, *, seconds: float, max_attempts: int) -> StepFailed:
    """The failure of a step whose activity failed."""
    cause = _cause(error)
    if isinstance(cause, TimeoutError):
        message = f"No answer within {seconds:g} seconds."
        return StepFailed(ErrorInfo("timeout", message, code="timeout"), max_attempts)
    if isinstance(cause, ApplicationError) and cause.type in KINDS:
        return _of_application(cause, cause.type)
    return failed("internal", "Something went wrong inside the workflow engine; its log says more.")


def _cause(error: FailureError) -> BaseException | None:
    """What went wrong; only an activity that is not local wraps it."""
    return error.cause if isinstance(error, ActivityError) else error


def _of_application(cause: ApplicationError, kind: Any) -> StepFailed:
    details = cause.details[0] if cause.details and isinstance(cause.details[0], dict) else {}
    error = ErrorInfo(
        kind=kind,
        message=cause.message,
        code=str(details.get("code", "")) or kind,
        hint=str(details.get("hint", "")),
        limit_of=str(details.get("limit_of", "")),
    )
    return StepFailed(error, int(details.get("attempts", 1)), _usage_of(details.get("usage")))


def _usage_of(told: Any) -> Usage:
    """As an activity tells it; nothing where it tells none."""
    if not isinstance(told, dict):
        return NOTHING
    cost = told.get("cost_usd")
    return Usage(**told | {"cost_usd": None if cost is None else Decimal(cost)})
