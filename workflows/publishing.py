"""Publishing a version: what schedules, webhooks and other workflows run while its author edits on."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from audit.recording import Action, record
from common.errors import NotExecutable
from workflows.checking import check
from workflows.definition.diff import Difference, difference
from workflows.definition.steps import Definition
from workflows.definition.validate import Report
from workflows.drift.events import note_event
from workflows.drift.reading import ChangedResource
from workflows.drift.recording import forget_unused, record_uses
from workflows.drift.seen import Acceptance, acceptance_of
from workflows.models import Workflow, WorkflowUse
from workflows.selectors import catalogue_for, definition_of
from workflows.trail import record_changed, state_of, subject_of
from workflows.writing import locked, rewrite_workflow_uses

logger = logging.getLogger(__name__)

# Of the agents and tools that were accepted, in events and the audit trail.
MOST_TOLD = 30


@dataclass(frozen=True)
class Publication:
    """What publishing does: for whom (how many of each follow the published version) and what changes for them.

    `accepted` are the agents and tools that became others since they were kept, `state` names all that is used.
    """

    workflow: Workflow
    published_version: int
    previous_version: int
    changes: Difference
    report: Report
    followers: Mapping[str, int]
    state: str
    accepted: Sequence[ChangedResource]


@transaction.atomic
def publish(
    workflow: Workflow,
    *,
    by: User,
    version: int | None = None,
    state: str | None = None,
    expected_revision: int | None = None,
    is_dry_run: bool = False,
) -> Publication:
    """Make a version (null: the current one) the published one; a dry run only tells what that would do.

    What it uses is kept as it is now, which accepts what has changed since it was last kept; `state` says that this
    was seen. Raises `Forbidden`, `PreconditionFailed`, `NotFound` (no such version), `NotExecutable` (it has errors)
    and `Conflict` (it would accept what was not seen).
    """
    row = locked(workflow, by=by, expected_revision=expected_revision)
    number, definition = definition_of(row, version)
    report = required_sound(number, definition, by)
    previous, before = definition_of(row, row.published_version)
    now = acceptance_of(row, definition, by, versions=[row.published_version, number])
    if not is_dry_run:
        now.require_seen(state)
        told = _told(now)
        if row.published_version != number:
            _write(row, number, by, told)
        else:
            again = {"version": number, "again": True}
            record(Action.PUBLISHED, subject_of(row), by=by, details=again | told)
        _keep(row, number, now, by)
        logger.info("workflow %s: version %s published by %s", row.pk, number, by.pk)
    return Publication(
        workflow=row,
        published_version=number,
        previous_version=previous,
        changes=difference(before, definition),
        report=report,
        followers=followers_of(row),
        state=now.state,
        accepted=now.changed,
    )


@transaction.atomic
def unpublish(workflow: Workflow, *, by: User, expected_revision: int | None = None) -> Workflow:
    """Let everybody run the current version again. Raises `Forbidden`, `PreconditionFailed`."""
    row = locked(workflow, by=by, expected_revision=expected_revision)
    if row.published_version is not None:
        _write(row, None, by)
        forget_unused(row)
        logger.info("workflow %s: no version is published any more, by %s", row.pk, by.pk)
    return row


def publish_with_the_save(
    row: Workflow, *, by: User, before: int | None, state: str | None = None
) -> Mapping[str, Any]:
    """What a written `published_version` brings with it, inside the transaction that wrote it; for the audit trail.

    Raises `NotExecutable` for a version with errors and `Conflict` where it would accept what was not seen, which
    undoes the whole save; one that stays is not looked at.
    """
    number = row.published_version
    if number == before:
        return {}
    rewrite_workflow_uses(row)
    if number is None:
        forget_unused(row)
        return {}
    _, definition = definition_of(row, number)
    required_sound(number, definition, by)
    now = acceptance_of(row, definition, by, versions=[before, number])
    now.require_seen(state)
    _keep(row, number, now, by)
    logger.info("workflow %s: version %s published by %s", row.pk, number, by.pk)
    return _told(now)


def followers_of(workflow: Workflow) -> dict[str, int]:
    """How many schedules, webhooks and workflows run whatever is published, because they name no version."""
    # Triggers lie above workflows, so they are reached through their relations.
    triggers = {name: getattr(workflow, name) for name in ("schedules", "webhooks")}
    counts = {name: rows.filter(version=None).count() for name, rows in triggers.items()}
    return {**counts, "workflows": WorkflowUse.objects.filter(called=workflow.pk).count()}


def _keep(row: Workflow, number: int, now: Acceptance, by: User) -> None:
    record_uses(row, number, now.used, by=by)
    forget_unused(row)
    note_event(row, "published", {"version": number, "by": by.username, **_told(now)})


def _told(now: Acceptance) -> dict[str, Any]:
    """What the event and the audit trail say of what was accepted."""
    accepted = [one.id for one in now.changed[:MOST_TOLD]]
    return {"accepted": accepted} if accepted else {}


def _write(
    row: Workflow, number: int | None, by: User, details: Mapping[str, Any] | None = None
) -> None:
    before = state_of(row)
    row.published_version = number
    row.revision += 1
    row.save(update_fields=["published_version", "revision", "updated_at"])
    rewrite_workflow_uses(row)
    record_changed(row, before, by=by, details=details)


def required_sound(number: int, definition: Definition, by: User) -> Report:
    """What is found in version `number` for `by`; raises `NotExecutable` where one is an error."""
    report = check(definition.to_json(), catalogue_for(by))
    errors = [problem for problem in report.problems if problem.severity == "error"]
    if errors:
        raise NotExecutable(
            f"Version {number} has errors and can't be published: {errors[0].message}",
            problems=[problem.to_json() for problem in report.problems],
        )
    return report
