"""What a writer who read an older revision is told."""

from typing import Any

from django.db.models import F

from common.errors import PreconditionFailed
from workflows.definition.steps import Definition, walk
from workflows.models import Workflow

MOST_VERSIONS_NAMED = 50


def require_revision(workflow: Workflow, expected: int | None) -> None:
    """Raise `PreconditionFailed` with what changed since, if `workflow` is no longer at revision `expected`."""
    if expected is None or expected == workflow.revision:
        return
    raise PreconditionFailed(
        f"This workflow is at revision {workflow.revision}, not {expected}: read it again and repeat the change.",
        extra={
            "current_revision": workflow.revision,
            "current_version": workflow.version,
            "updated_at": workflow.updated_at,
            "changes": _changes_since(workflow, expected),
        },
    )


def _changes_since(workflow: Workflow, revision: int) -> dict[str, Any]:
    """The versions saved after `revision`, and the ids of the steps that they added, removed and changed."""
    newer = workflow.versions.filter(revision__gt=revision).order_by("number")
    before = workflow.versions.filter(revision__lte=revision).order_by("-number").first()
    old = _steps(before.definition_json) if before else {}
    new = _steps(workflow.definition_json)
    return {
        "versions": list(
            newer.values("number", "message", "created_at", by=F("created_by__username"))[
                :MOST_VERSIONS_NAMED
            ]
        ),
        "steps_added": [step for step in new if step not in old],
        "steps_removed": [step for step in old if step not in new],
        "steps_changed": [step for step in new if step in old and new[step] != old[step]],
    }


def _steps(definition: dict[str, Any]) -> dict[str, object]:
    return {step.id: step for _, step in walk(Definition.model_validate(definition).steps)}
