"""How a checked definition and its fields reach the rows; called by services inside their transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from common.errors import Forbidden, Invalid, NotFound
from common.found_rows import found_row
from common.json_rows import (
    Write,
    changed_row,
    missing_rows,
    new_row,
    new_rows,
    other_rows_removed,
    write,
)
from common.ownership import require_change
from workflows.checking import checked
from workflows.definition.catalogue import Catalogue
from workflows.definition.diff import difference, summary
from workflows.definition.normalise import content_hash
from workflows.definition.steps import Definition
from workflows.definition.validate import Report
from workflows.models import AgentUse, ToolUse, Workflow, WorkflowUse, WorkflowVersion
from workflows.revisions import require_revision
from workflows.selectors import catalogue_for
from workflows.trail import Made, entry_of_made
from workflows.uses import used_agents, used_tools, used_workflows

Rows = Sequence[Mapping[str, Any]]


class Fields(TypedDict, total=False):
    """What stands beside the definition; an absent one keeps its value."""

    category: str
    tags: Sequence[str]
    is_template: bool
    is_published: bool
    published_version: int | None
    layout: Mapping[str, Any]


@dataclass(frozen=True)
class Redefined:
    """What was found in a definition that was put in its place, and what it changed, in a line.

    `writes` are for the statement that writes the row: its version and its uses.
    """

    report: Report
    summary: str = ""
    writes: Sequence[Write | None] = ()


def locked(workflow: Workflow, *, by: User, expected_revision: int | None) -> Workflow:
    """The row as it is now, held until the transaction ends; refuses who may not change it, or a stale revision."""
    row = found_row(Workflow, is_held=True, id=workflow.pk)
    if row is None:
        raise NotFound("This workflow is gone.")
    if row.created_by_id == workflow.created_by_id and Workflow.created_by.is_cached(workflow):
        row.created_by = workflow.created_by
    if row.created_by_id is None:
        raise Forbidden("This template comes from a file; make a copy and change that.")
    require_change(row, by)
    require_revision(row, expected_revision)
    return row


def redefine(row: Workflow, raw: Mapping[str, Any], by: User, message: str) -> Redefined:
    """Set a changed definition, and with it the next version; nothing is written yet. Raises `InvalidDefinition`."""
    catalogue = catalogue_for(by)
    before = Definition.model_validate(row.definition_json)
    definition, found = checked(raw, catalogue)
    changes, version = "", None
    if put_definition(row, definition, found):
        row.version += 1
        changes = summary(difference(before, definition))
        version = _version(row, definition, by=by, message=message, summary=changes)
    return Redefined(found, changes, [version, *_uses(row, definition, catalogue)])


def write_changed(row: Workflow, *more: Write | None) -> None:
    """Write a changed row, and `more`, in one statement."""
    row.updated_at = timezone.now()
    columns = [name for name in _columns() if name not in ("id", "created_at")]
    write(changed_row(Workflow, row.pk, {name: getattr(row, name) for name in columns}), *more)


def put_definition(workflow: Workflow, definition: Definition, found: Report) -> bool:
    """Set the definition and what follows from it; whether it differs from the stored one."""
    canonical = definition.to_json()
    changed = bool(canonical != workflow.definition_json)
    workflow.name = definition.name
    workflow.description = definition.description
    workflow.definition_json = canonical
    workflow.can_execute = found.can_execute
    return changed


def put_fields(workflow: Workflow, fields: Fields) -> None:
    """Set the fields beside the definition; raises `Invalid` for what contradicts itself."""
    for name, value in fields.items():
        setattr(workflow, name, value)
    if workflow.is_published and not workflow.is_template:
        raise Invalid(
            "Only a template can be published; set is_template too.",
            code="not_a_template",
            pointer="/is_published",
        )
    published = workflow.published_version
    if published is not None and not 1 <= published <= workflow.version:
        raise Invalid(
            f"There is no version {published}; the newest is {workflow.version}.",
            code="unknown_version",
            pointer="/published_version",
        )


def keep_version(
    workflow: Workflow, definition: Definition, *, by: User | None, message: str
) -> None:
    """Store the current definition as an immutable version."""
    write(_version(workflow, definition, by=by, message=message))


def rewrite_uses(workflow: Workflow, definition: Definition, catalogue: Catalogue) -> None:
    """Make the use-rows those of `definition`; what the catalogue does not hold gets none."""
    write(*_uses(workflow, definition, catalogue))


def insert_new(
    row: Workflow,
    definition: Definition,
    catalogue: Catalogue,
    *,
    message: str,
    **recorded: Unpack[Made],
) -> None:
    """Write a row that is new, its first version, its use-rows and the trail's entry, in one statement."""
    row.created_at = row.updated_at = timezone.now()
    write(
        new_row(Workflow, {name: getattr(row, name) for name in _columns()}),
        _version(row, definition, by=row.created_by, message=message),
        new_rows(AgentUse, _agent_rows(row, definition, catalogue)),
        new_rows(ToolUse, _tool_rows(row, definition, catalogue)),
        new_rows(WorkflowUse, _called_rows(row, used_workflows(definition))),
        entry_of_made(row, **recorded),
    )
    row._state.adding = False


def rewrite_workflow_uses(workflow: Workflow) -> None:
    """Make the use-rows those of the two versions that other workflows run: the current and the published one."""
    write(*_workflow_uses(workflow))


@cache
def _columns() -> tuple[str, ...]:
    fields = Workflow._meta.concrete_fields
    return tuple(field.attname for field in fields if not field.generated)


def _version(
    row: Workflow, definition: Definition, *, by: User | None, message: str, summary: str = ""
) -> Write:
    """The current definition as a version; `summary` says what it changed."""
    return new_row(
        WorkflowVersion,
        {
            "workflow_id": row.pk,
            "number": row.version,
            "revision": row.revision,
            "definition_json": row.definition_json,
            "content_hash": content_hash(definition),
            "message": message,
            "summary": summary[:500],
            "created_by_id": by.pk if by else None,
            "created_at": timezone.now(),
        },
    )


def _uses(row: Workflow, definition: Definition, catalogue: Catalogue) -> list[Write | None]:
    agents = _agent_rows(row, definition, catalogue)
    tools = _tool_rows(row, definition, catalogue)
    return [
        *_only(AgentUse, row, "agent_id", agents),
        *_only(ToolUse, row, "tool", tools),
        *_workflow_uses(row),
    ]


def _workflow_uses(row: Workflow) -> list[Write | None]:
    called: set[str] = set()
    for definition_json in _run_by_others(row):
        called |= used_workflows(Definition.model_validate(definition_json))
    return _only(WorkflowUse, row, "called", _called_rows(row, called))


def _only(model: type[Model], row: Workflow, column: str, rows: Rows) -> list[Write | None]:
    """What makes the workflow's rows of this model these."""
    kept = [one[column] for one in rows]
    return [
        other_rows_removed(model, "workflow_id", row.pk, column, kept),
        missing_rows(model, rows, unique=("workflow_id", column)),
    ]


def _agent_rows(row: Workflow, definition: Definition, catalogue: Catalogue) -> Rows:
    used = used_agents(definition) & catalogue.agents.keys()
    return [{"workflow_id": row.pk, "agent_id": one} for one in sorted(used)]


def _tool_rows(row: Workflow, definition: Definition, catalogue: Catalogue) -> Rows:
    used = sorted(used_tools(definition) & catalogue.tools.keys())
    servers = {one: catalogue.tools[one].server_id for one in used}
    return [{"workflow_id": row.pk, "tool": one, "server_id": servers[one]} for one in used]


def _called_rows(row: Workflow, called: Collection[str]) -> Rows:
    return [{"workflow_id": row.pk, "called": one} for one in sorted(called)]


def _run_by_others(workflow: Workflow) -> list[Any]:
    published = workflow.published_version
    if published is None or published == workflow.version:
        return [workflow.definition_json]
    versions = workflow.versions.filter(number=published)
    return [workflow.definition_json, *versions.values_list("definition_json", flat=True)]
