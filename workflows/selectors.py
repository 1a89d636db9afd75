"""What a caller may read: workflows, their definitions, and the catalogue that a definition is checked against."""

from dataclasses import replace
from functools import partial

from django.db.models import Q, QuerySet

from common.errors import NotFound
from common.ownership import Caller, visible_rows
from workflows.cataloguing import catalogue_of, usable_by, usable_by_all
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition
from workflows.models import Workflow, WorkflowVersion

# Everyone may see and copy these; only their owner or staff change them.
PUBLISHED_TEMPLATES = Q(is_template=True, is_published=True, is_active=True)


def workflows_for(caller: Caller) -> QuerySet[Workflow]:
    """Workflows that the caller owns, that are shared with them, and published templates; archived ones included."""
    return visible_rows(Workflow.objects.all(), caller, also=PUBLISHED_TEMPLATES)


def templates_for(caller: Caller) -> QuerySet[Workflow]:
    """Templates that the caller may copy."""
    return workflows_for(caller).filter(is_template=True, is_active=True)


def version_of(workflow: Workflow, number: int) -> WorkflowVersion:
    """Version `number` of `workflow`; raises `NotFound`."""
    # Beyond PostgreSQL's integer there can be no version, and the query would fail.
    row = workflow.versions.filter(number=number).first() if number < 2**31 else None
    if row is None:
        raise NotFound(
            f"{workflow.id!r} has no version {number}; its newest is {workflow.version}."
        )
    return row


def definition_of(workflow: Workflow, version: int | None = None) -> tuple[int, Definition]:
    """The number and definition of `version` (null: the current one); raises `NotFound`."""
    if version is None or version == workflow.version:
        return workflow.version, Definition.model_validate(workflow.definition_json)
    return version, Definition.model_validate(version_of(workflow, version).definition_json)


def catalogue_for(caller: Caller) -> Catalogue:
    """Everything that the caller may use, in one query once it is needed, and two more once workflows are looked up."""
    return catalogue_of(partial(workflows_for, caller), partial(usable_by, caller))


def catalogue_read_for(caller: Caller) -> Catalogue:
    """As `catalogue_for`, read at once: for code in an event loop, which must not ask the database."""
    found = catalogue_for(caller)
    return replace(
        found,
        agents=dict(found.agents),
        tools=dict(found.tools),
        servers=dict(found.servers),
    )


def catalogue_of_the_installation() -> Catalogue:
    """What everyone may use, in one query once it is needed: the agents and servers of nobody, and the native tools."""
    return catalogue_of(partial(Workflow.objects.filter, created_by=None), usable_by_all)
