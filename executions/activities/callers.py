"""For whom a call is made, and whether it may be made at all at this moment."""

import asyncio
import time
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from executions.activities.database import in_database
from executions.activities.failures import failure
from executions.approved_tools import ApprovedTools
from executions.models import WorkflowExecution
from workflows.definition.steps import ErrorKind

# Who cancels writes it into the row and tells Temporal right after: the activity is cancelled within this time.
CANCELLING_SECONDS = 30.0
# How old what is known of deactivated users may be for quick native tools, which otherwise need no database.
KNOWN_FOR_SECONDS = 1.0
CODE = "user_inactive"


@dataclass(frozen=True)
class Caller:
    """Whose rights the calls of a run have, and as what its tools were approved (null: nothing of it is published)."""

    user: User
    approved_tools: ApprovedTools | None = None


async def caller_of(execution_id: str, *, kind: ErrorKind) -> Caller:
    """Whose rights a call has: those of the run's owner. Fails as `kind` where they were deactivated.

    After somebody asked for the run's end no call begins any more: it waits to be cancelled.
    """
    execution = await in_database(_execution, execution_id)
    if execution.cancel_requested_at is not None:
        await asyncio.sleep(CANCELLING_SECONDS)
        raise failure("cancelled", "The run was asked to stop.")
    if not execution.created_by.is_active:
        raise _inactive(kind)
    return Caller(execution.created_by, execution.approved_tools)


async def require_active(owner_id: int | None) -> None:
    """Fails as `tool_missing` for a user who was deactivated more than a second ago; null is not known, and passes."""
    if owner_id is not None and owner_id in await _inactive_owners.read():
        raise _inactive("tool_missing")


@dataclass
class _InactiveOwners:
    """Deactivated users who have runs, read once a second for all runs of this worker."""

    ids: frozenset[int] = frozenset()
    read_at: float = 0.0
    _lock: asyncio.Lock | None = field(default=None, repr=False)

    async def read(self) -> frozenset[int]:
        """The ids, at most a second old."""
        if time.monotonic() - self.read_at > KNOWN_FOR_SECONDS:
            self.ids = await in_database(_inactive_ids)
            self.read_at = time.monotonic()
        return self.ids


_inactive_owners = _InactiveOwners()


def _inactive_ids() -> frozenset[int]:
    unfinished = WorkflowExecution.objects.exclude(status__in=WorkflowExecution.FINAL)
    owners = unfinished.filter(created_by__is_active=False).order_by()
    return frozenset(owners.values_list("created_by_id", flat=True).distinct())


def _execution(execution_id: str) -> WorkflowExecution:
    rows = WorkflowExecution.objects.select_related("created_by")
    columns = ("cancel_requested_at", "approved_tools", "created_by")
    return rows.only(*columns, "created_by__is_active", "created_by__username").get(pk=execution_id)


def _inactive(kind: ErrorKind) -> Exception:
    return failure(
        kind,
        "The user who owns this run is deactivated, so nothing is called for them any more.",
        code=CODE,
        hint="Activate the user, or start the workflow as another one.",
    )
