"""For whom a call is made, and whether it may be made at all at this moment."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from django.contrib.auth.models import User
from django.db import connection

from common.prepared import prepared
from executions.activities.database import in_database
from executions.activities.failures import before_the_call, failure
from executions.approved_tools import ApprovedTools
from executions.engine.messages.calls import AskModel, CallTool
from executions.models import WorkflowExecution
from workflows.definition.steps import ErrorKind

# Who cancels writes it into the row and tells Temporal right after: the activity is cancelled within this time.
CANCELLING_SECONDS = 30.0
# How old what is known of deactivated users may be for quick native tools, which otherwise need no database.
KNOWN_FOR_SECONDS = 1.0
CODE = "user_inactive"
# Of the user all that rights ask for, in the order of the model's fields.
CALLER_FIELDS = ("id", "username", "is_staff", "is_active")
CALLER = """
SELECT run.cancel_requested_at IS NOT NULL, run.approved_tools, EXISTS ({row}),
    owner.id, owner.username, owner.is_staff, owner.is_active
FROM executions_workflowexecution AS run JOIN auth_user AS owner ON owner.id = run.created_by_id
WHERE run.id = %s
"""
CALLER_OF_TOOL = CALLER.format(
    row="""
SELECT FROM executions_toolcall
WHERE execution_id = run.id AND path = %s AND turn = %s AND call_id = %s
"""
)
CALLER_OF_MODEL = CALLER.format(
    row="""
SELECT FROM executions_modelcall WHERE execution_id = run.id AND path = %s AND turn = %s
"""
)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Caller:
    """Whose rights a call has, and as what the run's tools were approved (null: nothing of it is published).

    `has_row`: something was written down of this very call before.
    """

    user: User
    approved_tools: ApprovedTools | None = None
    has_row: bool = False


class AskedToStop(Exception):
    """Somebody asked for the run's end: no call of it begins any more."""


def caller_of(call: CallTool | AskModel, *, kind: ErrorKind) -> Caller:
    """Whose rights the call has: those of the run's owner. Fails as `kind` where they were deactivated.

    Raises `AskedToStop` and `WorkflowExecution.DoesNotExist`.
    """
    asked: list[str | int] = [call.path, call.turn, call.execution_id]
    if isinstance(call, CallTool):
        statement, asked[2:2] = CALLER_OF_TOOL, [call.call_id]
    else:
        statement = CALLER_OF_MODEL
    with prepared(statement, asked) as cursor:
        found = cursor.fetchone()
    if found is None:
        raise WorkflowExecution.DoesNotExist(f"There is no execution {call.execution_id!r}.")
    is_to_stop, approved, has_row, *values = found
    if is_to_stop:
        raise AskedToStop
    owner = User.from_db(connection.alias, CALLER_FIELDS, values)
    if not owner.is_active:
        raise _inactive(kind)
    return Caller(owner, None if approved is None else json.loads(approved), has_row)


async def before_a_call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What is done in the database before a call. Of a run that was asked to stop, the call waits to be cancelled."""
    with before_the_call():
        try:
            return await in_database(function, *args, **kwargs)
        except AskedToStop:
            await asyncio.sleep(CANCELLING_SECONDS)
            raise failure("cancelled", "The run was asked to stop.") from None


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


def _inactive(kind: ErrorKind) -> Exception:
    return failure(
        kind,
        "The user who owns this run is deactivated, so nothing is called for them any more.",
        code=CODE,
        hint="Activate the user, or start the workflow as another one.",
    )
