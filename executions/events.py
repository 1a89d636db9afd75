"""Reading what happened in a run, and waiting for more without asking again and again.

PostgreSQL has the events; Redis only wakes the reader, so a lost message costs a little time and never an event.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import redis
from django.conf import settings
from django.db import connection
from redis.client import PubSub

from executions.channels import channel_of
from executions.models import ExecutionEvent, WorkflowExecution

MAX_EVENTS = 500
# A reader looks again at least this often, should Redis have lost a message.
LONGEST_SLEEP_SECONDS = 5.0


def events_after(
    execution: WorkflowExecution, number: int, limit: int = MAX_EVENTS
) -> list[ExecutionEvent]:
    """At most `limit` events with a greater number, in order."""
    rows = ExecutionEvent.objects.filter(execution=execution, number__gt=number)
    return list(rows.order_by("number")[:limit])


def await_events(
    execution: WorkflowExecution, number: int, timeout_seconds: float, limit: int = MAX_EVENTS
) -> list[ExecutionEvent]:
    """Events after `number`; waits up to `timeout_seconds` for the first of them while the run goes on.

    Returns an empty list when there were none or when the run has ended.
    """
    deadline = time.monotonic() + timeout_seconds
    with _wake_ups(execution.pk) as sleep:
        while True:
            # The status first: events that came before a final status are then seen below.
            execution.refresh_from_db(fields=["status"])
            found = events_after(execution, number, limit)
            left = deadline - time.monotonic()
            if found or execution.is_finished or left <= 0:
                return found
            release_connection()
            sleep(min(left, LONGEST_SLEEP_SECONDS))


def follow(execution: WorkflowExecution, number: int = 0) -> Iterator[list[ExecutionEvent]]:
    """Every event after `number`, in the groups in which they become known, until the run has ended."""
    while True:
        found = await_events(execution, number, LONGEST_SLEEP_SECONDS)
        if found:
            yield found
            number = found[-1].number
        elif execution.is_finished:
            return


def release_connection() -> None:
    """Give the database connection back while nothing is asked of it: a waiting reader must not hold one."""
    if not connection.in_atomic_block:
        connection.close()


@contextmanager
def _wake_ups(execution_id: str) -> Iterator[Callable[[float], None]]:
    """A sleep that ends with news of the run; it listens from the start, so that nothing happens unnoticed."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    subscription: PubSub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    try:
        with suppress(redis.RedisError):
            subscription.subscribe(channel_of(execution_id))
        yield partial(_sleep, subscription)
    finally:
        subscription.close()
        client.close()


def _sleep(subscription: PubSub, seconds: float) -> None:
    try:
        subscription.get_message(timeout=seconds)
    except (redis.RedisError, RuntimeError):
        # Without Redis the reader just looks again.
        time.sleep(min(seconds, 1.0))
