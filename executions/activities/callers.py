"""For whom a call is made, and whether it may be made at all at this moment."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec, TypeVar

from django.contrib.auth.models import User
from django.db import connection

from common.json_rows import FIRST, Write
from common.prepared import prepared
from executions.activities.database import in_database
from executions.activities.failures import before_the_call, failure
from executions.approved_tools import ApprovedTools
from executions.engine.messages.calls import AskModel, CallTool
from executions.models import WorkflowExecution
from executions.recorded_run import Event
from executions.recording import Proviso, recorded_unasked
from workflows.definition.steps import ErrorKind

# Who cancels writes it into the row and tells Temporal right after: the activity is cancelled within this time.
CANCELLING_SECONDS = 30.0
# How old what is known of deactivated users may be for quick native tools, which otherwise need no database.
KNOWN_FOR_SECONDS = 1.0
CODE = "user_inactive"
# Of the user all that rights ask for, in the order of the model's fields.
CALLER_FIELDS = ("id", "username", "is_staff", "is_active")
CALLER = """
SELECT json_build_array(
    run.cancel_requested_at IS NOT NULL, run.approved_tools, EXISTS ({row}),
    owner.id, owner.username, owner.is_staff, owner.is_active)
FROM executions_workflowexecution AS run JOIN auth_user AS owner ON owner.id = run.created_by_id
WHERE run.id = %s
"""
ROW_OF_TOOL = """
SELECT FROM executions_toolcall WHERE execution_id = %s AND path = %s AND turn = %s AND call_id = %s
"""
ROW_OF_MODEL = """
SELECT FROM executions_modelcall WHERE execution_id = %s AND path = %s AND turn = %s
"""
# The call is the first of its kind, and nobody minds.
MAY_START = """executions_workflowexecution.cancel_requested_at IS NULL AND NOT EXISTS ({row})
    AND EXISTS (SELECT FROM auth_user WHERE id = executions_workflowexecution.created_by_id AND is_active)
"""
IF_STARTED = f"AND EXISTS (SELECT FROM {FIRST})"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Caller:
    """Whose rights a call has, and as what the run's tools were approved (null: nothing of it is published).

    `has_row`: something was written down of this very call before. `has_started`: its start is told.
    """

    user: User
    approved_tools: ApprovedTools | None = None
    has_row: bool = False
    has_started: bool = False


class AskedToStop(Exception):
    """Somebody asked for the run's end: no call of it begins any more."""


def caller_of(call: CallTool | AskModel, *, kind: ErrorKind) -> Caller:
    """Whose rights the call has: those of the run's owner. Fails as `kind` where they were deactivated.

    Raises `AskedToStop` and `WorkflowExecution.DoesNotExist`.
    """
    statement, values = _asked(call)
    with prepared(statement, values) as cursor:
        found = cursor.fetchone()
    if found is None:
        raise WorkflowExecution.DoesNotExist(f"There is no execution {call.execution_id!r}.")
    return _caller(found[0], kind)


def caller_at_start(call: CallTool | AskModel, start: Event, *, kind: ErrorKind) -> Caller:
    """As `caller_of`; where nothing stands against the call, the same statement tells its start and what came before it.

    Of a call that counts against budgets they are asked first.
    """
    if call.news is None or call.budgets:
        return caller_of(call, kind=kind)
    row, of_row = _row_of(call)
    statement, values = _asked(call)
    reading = Write(statement + IF_STARTED, tuple(values))
    proviso = Proviso(MAY_START.format(row=row), tuple(of_row), reading)
    found = recorded_unasked(call.news, [start], proviso)
    if found is None:
        return caller_of(call, kind=kind)
    return replace(_caller(found, kind), has_started=True)


def _asked(call: CallTool | AskModel) -> tuple[str, list[str | int]]:
    row, of_row = _row_of(call)
    return CALLER.format(row=row), [*of_row, call.execution_id]


def _row_of(call: CallTool | AskModel) -> tuple[str, list[str | int]]:
    """What finds the row of this very call."""
    place: list[str | int] = [call.execution_id, call.path, call.turn]
    if isinstance(call, CallTool):
        return ROW_OF_TOOL, [*place, call.call_id]
    return ROW_OF_MODEL, place


def _caller(found: list[Any], kind: ErrorKind) -> Caller:
    is_to_stop, approved, has_row, *owner = found
    if is_to_stop:
        raise AskedToStop
    user = User.from_db(connection.alias, CALLER_FIELDS, owner)
    if not user.is_active:
        raise _inactive(kind)
    return Caller(user, approved, has_row)


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
