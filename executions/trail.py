"""What the audit trail keeps of runs, approvals, schedules and webhooks: never a secret, an input or a comment."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from audit.changes import CHANGED, Changes, compared, named
from audit.recording import Action, ObjectKind, Subject, record
from executions.models import Approval, WorkflowExecution
from executions.triggers.models import Schedule, Webhook

_SCHEDULE_FIELDS = (
    *("name", "cron", "time_zone", "interval_seconds", "jitter_seconds", "overlap_policy"),
    *("catchup_window_seconds", "version", "note", "user_input", "input_json", "context_json"),
)
_WEBHOOK_FIELDS = (
    *("name", "signature", "replay_window_seconds", "rate_limit_per_minute", "max_body_bytes"),
    *("expected_fields", "input_map", "user_input_from", "version", "is_active"),
)
# What runs are started with.
_HIDDEN = frozenset({"user_input", "input_json", "context_json"})

State = Mapping[str, Any]


def state_of(row: Schedule | Webhook) -> State:
    """What is compared of a row, before and after a change."""
    if isinstance(row, Schedule):
        state = {name: getattr(row, name) for name in _SCHEDULE_FIELDS}
        return {**state, "is_active": not row.is_paused}
    return {name: getattr(row, name) for name in _WEBHOOK_FIELDS}


def record_trigger(
    action: Action,
    row: Schedule | Webhook,
    *,
    by: User | None,
    changes: Changes | None = None,
) -> None:
    """What was done to a schedule or webhook; the entry names its workflow."""
    kind = ObjectKind.SCHEDULE if isinstance(row, Schedule) else ObjectKind.WEBHOOK
    details = {"workflow": row.workflow_id}
    record(action, Subject(kind, row.pk, row.name), by=by, changes=changes, details=details)


def record_trigger_changed(row: Schedule | Webhook, before: State, *, by: User | None) -> None:
    """A changed schedule or webhook; nothing where it is as it was."""
    changes = compared(before, state_of(row), hidden=_HIDDEN)
    if changes:
        record_trigger(named(changes), row, by=by, changes=changes)


def record_new_secret(row: Webhook, *, by: User) -> None:
    """A webhook's secret was exchanged."""
    record_trigger(Action.SECRET_CHANGED, row, by=by, changes={"secret": dict(CHANGED)})


def record_decision(approval: Approval, *, by: User, approved: bool, edited: bool) -> None:
    """What somebody decided; the approval keeps their words."""
    details = {
        "approved": approved,
        "edited": edited,
        "status": approval.status,
        "execution": approval.execution_id,
    }
    subject = Subject(ObjectKind.APPROVAL, str(approval.pk), approval.path)
    record(Action.DECIDED, subject, by=by, details=details)


def record_run(
    action: Action, execution: WorkflowExecution, *, by: User, details: Mapping[str, Any]
) -> None:
    """What somebody did with a run that was there; that it was started tells its own row."""
    told = {"workflow": execution.workflow_id, **details}
    record(action, Subject(ObjectKind.EXECUTION, execution.pk), by=by, details=told)
