"""Failures as activities report them: a kind of the language, or one of the interpreter's own answers."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from common.connections import DATABASE_AWAY
from executions.engine.errors import NOTHING, UNAVAILABLE, UNRECORDED
from executions.engine.messages.outcomes import Usage
from workflows.definition.steps import ErrorKind

P = ParamSpec("P")
T = TypeVar("T")


def failure(
    kind: ErrorKind,
    message: str,
    *,
    code: str = "",
    hint: str = "",
    limit_of: str = "",
    is_retryable: bool = False,
    retry_after_seconds: float | None = None,
    usage: Usage = NOTHING,
) -> ApplicationError:
    """A step's error; `is_retryable` leaves it to the step's retry policy to try again, `usage` was paid all the same."""
    delay = timedelta(seconds=retry_after_seconds) if retry_after_seconds is not None else None
    details: dict[str, Any] = {
        "code": code or kind,
        "hint": hint,
        "attempts": activity.info().attempt,
    }
    if limit_of:
        details["limit_of"] = limit_of
    if usage != NOTHING:
        details["usage"] = asdict(usage)
    return ApplicationError(
        message,
        details,
        type=kind,
        non_retryable=not is_retryable,
        next_retry_delay=delay,
        # A step that fails is everyday business: no traceback in the worker's log.
        category=ApplicationErrorCategory.BENIGN,
    )


@contextmanager
def before_the_call() -> Iterator[None]:
    """Nothing was called yet: without a database the interpreter simply comes again."""
    try:
        yield
    except DATABASE_AWAY as error:
        raise ApplicationError(
            "The database does not answer.", type=UNAVAILABLE, non_retryable=True
        ) from error


@contextmanager
def after_the_call() -> Iterator[None]:
    """Something was called but can't be written down: as if the worker had been lost."""
    try:
        yield
    except DATABASE_AWAY as error:
        raise ApplicationError(
            "The call was made, but the database does not answer.",
            type=UNRECORDED,
            non_retryable=True,
        ) from error


def retried_while_away(function: Callable[P, T]) -> Callable[P, T]:
    """For the interpreter's own activities: only a database that is away is tried again, for as long as it takes."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (*DATABASE_AWAY, ApplicationError):
            raise
        except Exception as error:
            # Repeating a mistake of ours would keep the run waiting for ever.
            activity.logger.exception("The activity %s failed", function.__name__)
            raise ApplicationError(
                "The workflow engine made a mistake; its log says more.",
                type="internal",
                non_retryable=True,
            ) from error

    return call
