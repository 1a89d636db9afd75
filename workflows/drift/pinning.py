"""Versions that schedules and webhooks name: what they use is kept as if they were published, since they run unasked."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from django.contrib.auth.models import User

from common.ownership import Caller
from workflows.drift.current import drifted_uses
from workflows.drift.reading import DriftReport, drift_of
from workflows.drift.recording import forget_unused, pinned_versions, record_uses, used_now
from workflows.models import Workflow
from workflows.selectors import definition_of

MOST_SHOWN = 20


@dataclass(frozen=True)
class Trigger:
    """A schedule or webhook that names a version."""

    kind: Literal["schedule", "webhook"]
    id: str
    name: str


@dataclass(frozen=True)
class PinnedDrift:
    """What became of a version that triggers name, beside the published one."""

    triggers: list[Trigger]
    report: DriftReport


def hold_pins(workflow_id: str) -> None:
    """Lock the workflow before one of its triggers: whoever publishes or archives takes the same order."""
    rows = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow_id)
    list(rows.values_list("pk", flat=True))


def keep_pins(workflow_id: str, *, by: User) -> None:
    """After a trigger of a held workflow was written: keep what a newly named version uses, forget what nobody names."""
    row = Workflow.objects.get(pk=workflow_id)
    known = set(row.published_uses.order_by().values_list("version", flat=True).distinct())
    for version in sorted(pinned_versions(row) - known - {row.published_version}):
        _, definition = definition_of(row, version)
        record_uses(row, version, used_now(definition), by=by)
    forget_unused(row)


def pinned_drift(workflow: Workflow, caller: Caller) -> list[PinnedDrift]:
    """The drift of each version that is not the published one and that triggers name; the 20 newest that drifted.

    In two queries where there is none.
    """
    if not pinned_versions(workflow):
        return []
    others = workflow.published_uses.exclude(version=workflow.published_version or 0)
    drifted = drifted_uses(others).order_by("-version").values_list("version", flat=True).distinct()
    found = []
    for version in islice(drifted, MOST_SHOWN):
        report = drift_of(workflow, caller, version)
        found.append(PinnedDrift(list(_triggers(workflow, version, caller)), report))
    return found


def _triggers(workflow: Workflow, version: int, caller: Any) -> Iterable[Trigger]:
    """Those that the caller may see: of a template only their own."""
    kinds: tuple[Literal["schedule", "webhook"], ...] = ("schedule", "webhook")
    for kind in kinds:
        rows = getattr(workflow, f"{kind}s").filter(version=version).order_by("name", "pk")
        if workflow.is_template and not caller.is_staff:
            rows = rows.filter(created_by=caller)
        yield from (Trigger(kind, pk, name) for pk, name in rows.values_list("pk", "name"))
