"""Accepting what agents and tools became: the published version goes on with them as they are now."""

import logging

from django.contrib.auth.models import User
from django.db import transaction

from audit.recording import Action, record
from common.errors import Conflict, NotExecutable
from workflows.drift.events import note_event
from workflows.drift.reading import DriftReport, drift_of
from workflows.drift.recording import pinned_versions, record_uses
from workflows.drift.seen import acceptance_of, require_state
from workflows.models import Workflow
from workflows.publishing import MOST_TOLD, required_sound
from workflows.selectors import definition_of
from workflows.trail import subject_of
from workflows.writing import locked

logger = logging.getLogger(__name__)


@transaction.atomic
def accept_drift(
    workflow: Workflow,
    *,
    by: User,
    state: str,
    version: int | None = None,
    expected_revision: int | None = None,
) -> Workflow:
    """Keep what is used as it is now, if that is what `by` saw (`state` of the report).

    `version` is the published one (null) or one that schedules or webhooks name. Raises `Forbidden`,
    `PreconditionFailed`, `Conflict` (nobody runs it unasked; it changed since it was looked at) and `NotExecutable`
    (steps break).
    """
    row = locked(workflow, by=by, expected_revision=expected_revision)
    number = _kept(row, version)
    seen = drift_of(row, by, number)
    require_state(seen.state, state, seen.resources)
    _require_whole(seen)
    _, definition = definition_of(row, number)
    required_sound(number, definition, by)
    # What changed between the report and this look was seen by nobody: nothing of all this happens then.
    now = acceptance_of(row, definition, by, versions=[number])
    now.require_seen(state)
    record_uses(row, number, now.used, by=by)
    accepted = [one.id for one in seen.resources]
    note_event(row, "drift_accepted", {"version": number, "by": by.username, "resources": accepted})
    told = {"version": number, "resources": accepted[:MOST_TOLD]}
    record(Action.ACCEPTED, subject_of(row), by=by, details=told)
    logger.info("workflow %s: changes accepted by %s: %s", row.pk, by.pk, ", ".join(accepted))
    return row


def _kept(row: Workflow, version: int | None) -> int:
    """The version that is meant."""
    if version is None:
        if row.published_version is None:
            raise Conflict("No version of this workflow is published.", code="not_published")
        return row.published_version
    if version != row.published_version and version not in pinned_versions(row):
        raise Conflict(
            f"Version {version} is not published, and no schedule or webhook names it.",
            code="not_published",
        )
    return version


def _require_whole(report: DriftReport) -> None:
    broken = [one for one in report.drift.findings if one.problem.severity == "error"]
    if broken:
        raise NotExecutable(
            f"Steps break, so there is nothing to go on with: {broken[0].problem.message}",
            problems=[one.problem.to_json() for one in broken],
            extra={"blocked_steps": list(report.drift.broken_steps)},
        )
