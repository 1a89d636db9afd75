"""A workflow that moved on since it was read: both differences are told, and the operations tried on what is there now."""

from typing import Any

from django.contrib.auth.models import User

from common.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from common.ownership import require_change
from generation.models import Generation
from generation.refining.application import OperationsRefused
from generation.refining.guarding import guarded
from generation.refining.outcome import changes, contract, refined
from generation.refining.reading import UnreadableOperations, read_operations
from workflows.definition.diff import difference
from workflows.models import Workflow
from workflows.selectors import catalogue_for, definition_of


def require_refinable(workflow: Workflow, *, by: User, version: int | None) -> None:
    """Raise `Forbidden` unless `by` may change the workflow, `PreconditionFailed` if it is no longer at `version`."""
    if workflow.created_by_id is None:
        raise Forbidden("This template comes from a file; make a copy and change that.")
    require_change(workflow, by)
    if version != workflow.version:
        raise PreconditionFailed(
            f"This workflow is at version {workflow.version}, not {version}: read it again.",
            extra=_moved_on(workflow, version),
        )


def current_result(row: Generation, workflow: Workflow, *, by: User, rebase: bool) -> Any:
    """The result of the refinement `row` that fits `workflow` (locked) as it is now.

    Where it moved on: with `rebase` the operations on the current version, else `PreconditionFailed` with both
    differences. Raises `Conflict` where nothing would change, and where the operations do not fit any more.
    """
    result = row.result or {}
    if not result.get("changes"):
        raise Conflict(
            "This refinement changes nothing, so there is nothing to apply.", code="nothing_changed"
        )
    if row.workflow_version == workflow.version:
        return result
    problems, rebased = _rebased(row, workflow, by)
    if not rebase:
        raise PreconditionFailed(
            f"This was made for version {row.workflow_version}; the workflow is at version {workflow.version} by now. "
            + ("Send it again with rebase: true." if rebased else "Refine the current version."),
            extra=_moved_on(workflow, row.workflow_version)
            | {
                "refinement": result["changes"],
                "can_rebase": rebased is not None,
                "rebased": rebased["changes"] if rebased else None,
                "rebase_problems": problems,
            },
        )
    if rebased is None:
        raise Conflict(
            f"It can't be carried out on version {workflow.version}: {' '.join(problems[:3])}",
            code="not_rebasable",
        )
    return rebased


def require_own_workflow(row: Generation, workflow: Workflow | None) -> None:
    """A refinement is applied to the workflow that it was made for; raises `Invalid`."""
    if row.workflow_id is not None and (workflow is None or workflow.pk != row.workflow_id):
        raise Invalid(
            f"This refinement was made for {row.workflow_id!r}.",
            code="other_workflow",
            pointer="/workflow_id",
        )


def _moved_on(workflow: Workflow, version: int | None) -> dict[str, Any]:
    """What changed since `version`, as far as there is one."""
    told: dict[str, Any] = {
        "current_version": workflow.version,
        "current_revision": workflow.revision,
        "since": [],
    }
    if version is not None and 1 <= version < workflow.version:
        _, old = definition_of(workflow, version)
        _, new = definition_of(workflow)
        told["since"] = changes(difference(old, new))
    return told


def _rebased(row: Generation, workflow: Workflow, by: User) -> tuple[list[str], Any]:
    """The result on the current version, or the sentences that say why there is none."""
    if row.options.get("repair"):
        return ["A repair is made for one version: ask for a new one."], None
    catalogue = catalogue_for(by)
    version, definition = definition_of(workflow)
    try:
        operations = read_operations((row.result or {}).get("operations", []))
        outcome = refined(definition, operations, catalogue)
        # The words were about the older version: they take away no approval that came since.
        outcome, warnings = guarded(outcome, row.prompt, catalogue, in_own_words=False)
    except (UnreadableOperations, OperationsRefused) as error:
        return error.problems, None
    if outcome.new_errors:
        return [problem.message for problem in outcome.new_errors], None
    if outcome.difference.is_empty:
        return ["The current version has all of it already."], None
    return [], contract(outcome, catalogue, version=version, explanation="", warnings=warnings)
