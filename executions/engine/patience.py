"""How long a call may take and how often it is tried, as Temporal wants to hear it."""

from datetime import timedelta

from temporalio.common import RetryPolicy

from workflows.definition.steps import RetryPolicy as StepRetry

# The activity has the same deadline and better words, so it shall come first; afterwards it must be able to write down
# what it got, even if the database is away for a moment. A worker that hangs is found by its missing heartbeats.
GRACE_SECONDS = 60


def deadline_of(seconds: float) -> timedelta:
    """When Temporal gives up a call that has `seconds` itself."""
    return timedelta(seconds=seconds + GRACE_SECONDS)


def policy_of(retry: StepRetry) -> RetryPolicy:
    """A step's retries, carried out by Temporal."""
    return RetryPolicy(
        initial_interval=timedelta(seconds=retry.initial_interval_seconds),
        backoff_coefficient=retry.backoff_coefficient,
        maximum_interval=timedelta(
            seconds=max(retry.maximum_interval_seconds, retry.initial_interval_seconds)
        ),
        maximum_attempts=retry.max_attempts,
    )
