"""How a checked definition and its fields reach the rows; called by services inside their transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.utils import timezone

from common.errors import Forbidden, Invalid, NotFound
from common.json_rows import new_row, new_rows, write
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
    """What was found in a definition that was put in its place, and what it changed, in a line."""

    report: Report
    summary: str = ""


def locked(workflow: Workflow, *, by: User, expected_revision: int | None) -> Workflow:
    """The row as it is now, held until the transaction ends; refuses who may not change it, or a stale revision."""
    row = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow.pk).first()
    if row is None:
        raise NotFound("This workflow is gone.")
    if row.created_by_id is None:
        raise Forbidden("This template comes from a file; make a copy and change that.")
    require_change(row, by)
    require_revision(row, expected_revision)
    return row


def redefine(row: Workflow, raw: Mapping[str, Any], by: User, message: str) -> Redefined:
    """Put a changed definition in its place: the row's columns, the next version, the uses.

    Raises `InvalidDefinition`.
    """
    catalogue = catalogue_for(by)
    before = Definition.model_validate(row.definition_json)
    definition, found = checked(raw, catalogue)
    changes = ""
    if put_definition(row, definition, found):
        row.version += 1
        changes = summary(difference(before, definition))
        keep_version(row, definition, by=by, message=message, summary=changes)
    rewrite_uses(row, definition, catalogue)
    return Redefined(found, changes)


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
    workflow: Workflow,
    definition: Definition,
    *,
    by: User | None,
    message: str,
    summary: str = "",
) -> None:
    """Store the current definition as an immutable version; `summary` says what it changed."""
    WorkflowVersion.objects.create(
        workflow=workflow,
        number=workflow.version,
        revision=workflow.revision,
        definition_json=workflow.definition_json,
        content_hash=content_hash(definition),
        message=message,
        summary=summary[:500],
        created_by=by,
    )


def rewrite_uses(workflow: Workflow, definition: Definition, catalogue: Catalogue) -> None:
    """Make the use-rows those of `definition`; what the catalogue does not hold gets none."""
    workflow.agent_uses.exclude(agent__in=_agents(definition, catalogue)).delete()
    workflow.tool_uses.exclude(tool__in=_tools(definition, catalogue)).delete()
    _add_uses(workflow, definition, catalogue)
    rewrite_workflow_uses(workflow)


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
    own = {"workflow_id": row.pk}
    agents, tools = sorted(_agents(definition, catalogue)), sorted(_tools(definition, catalogue))
    servers = {tool: catalogue.tools[tool].server_id for tool in tools}
    called = sorted(used_workflows(definition))
    write(
        new_row(Workflow, {name: getattr(row, name) for name in _columns()}),
        new_row(WorkflowVersion, _first_version(row, definition, message)),
        new_rows(AgentUse, [own | {"agent_id": one} for one in agents]),
        new_rows(ToolUse, [own | {"tool": one, "server_id": servers[one]} for one in tools]),
        new_rows(WorkflowUse, [own | {"called": one} for one in called]),
        entry_of_made(row, **recorded),
    )
    row._state.adding = False


@cache
def _columns() -> tuple[str, ...]:
    fields = Workflow._meta.concrete_fields
    return tuple(field.attname for field in fields if not field.generated)


def _first_version(row: Workflow, definition: Definition, message: str) -> dict[str, Any]:
    return {
        "workflow_id": row.pk,
        "number": row.version,
        "revision": row.revision,
        "definition_json": row.definition_json,
        "content_hash": content_hash(definition),
        "message": message,
        "summary": "",
        "created_by_id": row.created_by_id,
        "created_at": row.created_at,
    }


def _agents(definition: Definition, catalogue: Catalogue) -> set[str]:
    return used_agents(definition) & catalogue.agents.keys()


def _tools(definition: Definition, catalogue: Catalogue) -> set[str]:
    return used_tools(definition) & catalogue.tools.keys()


def _add_uses(workflow: Workflow, definition: Definition, catalogue: Catalogue) -> None:
    AgentUse.objects.bulk_create(
        [
            AgentUse(workflow=workflow, agent_id=agent)
            for agent in sorted(_agents(definition, catalogue))
        ],
        ignore_conflicts=True,
    )
    ToolUse.objects.bulk_create(
        [
            ToolUse(workflow=workflow, tool=tool, server_id=catalogue.tools[tool].server_id)
            for tool in sorted(_tools(definition, catalogue))
        ],
        ignore_conflicts=True,
    )


def rewrite_workflow_uses(workflow: Workflow) -> None:
    """Make the use-rows those of the two versions that other workflows run: the current and the published one."""
    called: set[str] = set()
    for definition_json in _run_by_others(workflow):
        called |= used_workflows(Definition.model_validate(definition_json))
    workflow.workflow_uses.exclude(called__in=called).delete()
    WorkflowUse.objects.bulk_create(
        [WorkflowUse(workflow=workflow, called=one) for one in sorted(called)],
        ignore_conflicts=True,
    )


def _run_by_others(workflow: Workflow) -> list[Any]:
    published = workflow.published_version
    if published is None or published == workflow.version:
        return [workflow.definition_json]
    versions = workflow.versions.filter(number=published)
    return [workflow.definition_json, *versions.values_list("definition_json", flat=True)]
