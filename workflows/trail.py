"""What the audit trail keeps of workflows: which version came, and its line; definitions are in the versions."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, Unpack

from django.contrib.auth.models import User

from audit.changes import CHANGED, Changes, compared, named
from audit.recording import Action, ObjectKind, Subject, Told, add, entry
from common.json_rows import Write
from workflows.models import Workflow

_FIELDS = (
    *("name", "description", "category", "is_template", "is_published", "published_version"),
    *("is_active", "version"),
)

State = Mapping[str, Any]


class Made(TypedDict):
    """What is told of a new workflow besides itself: by whom (null: the installation), how, and the groups it is shared with."""

    by: User | None
    action: NotRequired[Action]
    details: NotRequired[Mapping[str, Any] | None]
    shared: NotRequired[Changes]


class Changed(TypedDict):
    """What is told of a change besides itself; without an action the change names it."""

    by: User | None
    action: NotRequired[Action | None]
    details: NotRequired[Mapping[str, Any] | None]
    summary: NotRequired[str]
    shared: NotRequired[Changes | None]
    layout_moved: NotRequired[bool]


def subject_of(row: Workflow) -> Subject:
    """The workflow as what something is done to."""
    return Subject(ObjectKind.WORKFLOW, row.pk, row.name)


def state_of(row: Workflow) -> State:
    """What is compared of a row, before and after a change."""
    return {**{name: getattr(row, name) for name in _FIELDS}, "tags": list(row.tags)}


def entry_of_made(row: Workflow, **made: Unpack[Made]) -> Write:
    """A new workflow, for the statement that writes it; to be made after the row got its time."""
    action = made.get("action", Action.CREATED)
    told: Told = {"changes": made.get("shared"), "details": made.get("details")}
    return entry(action, subject_of(row), by=made["by"], **told)


def record_changed(row: Workflow, before: State, **changed: Unpack[Changed]) -> None:
    """A changed workflow; nothing where it is as it was."""
    add(entry_of_changed(row, before, **changed))


def entry_of_changed(row: Workflow, before: State, **changed: Unpack[Changed]) -> Write | None:
    """As `record_changed`, for the statement that writes the change."""
    changes = {**compared(before, state_of(row)), **(changed.get("shared") or {})}
    if changed.get("layout_moved") and not changes:
        changes["layout"] = dict(CHANGED)
    if not changes:
        return None
    return entry(
        changed.get("action") or named(changes),
        subject_of(row),
        by=changed["by"],
        changes=changes,
        summary=changed.get("summary", ""),
        details=changed.get("details"),
    )
