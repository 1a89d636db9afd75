"""Published workflows that a changed agent or server affects: those of a caller by name, the others as a number."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import F, QuerySet

from common.ownership import Caller
from workflows.definition.catalogue import AgentEntry, Catalogue
from workflows.definition.drift.changes import used_by
from workflows.definition.steps import Definition, walk
from workflows.drift.current import Kind, drifted_uses
from workflows.models import PublishedUse, WorkflowVersion
from workflows.selectors import workflows_for

MOST_NAMED = 200


@dataclass(frozen=True)
class AffectedWorkflow:
    """A workflow with the changed agents and tools, and the steps of its published version that work with them."""

    id: str
    name: str
    published_version: int
    resources: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Affected:
    """Who is affected; `total` counts those that the caller may see, `other_workflows` the rest."""

    workflows: list[AffectedWorkflow]
    total: int
    other_workflows: int


def affected_by(uses: QuerySet[PublishedUse], caller: Caller) -> Affected:
    """Who is affected by what is different of `uses`, in at most six queries."""
    drifted = drifted_uses(uses)
    ids = drifted.order_by().values("workflow_id").distinct()
    rows = workflows_for(caller).filter(pk__in=ids)
    total = rows.count()
    named = list(rows.order_by("pk").only("pk", "name", "published_version")[:MOST_NAMED])
    changed: dict[str, list[str]] = defaultdict(list)
    of_named = drifted.filter(workflow__in=[row.pk for row in named]).order_by("resource")
    for workflow_id, resource in of_named.values_list("workflow_id", "resource"):
        changed[workflow_id].append(resource)
    steps = _steps(changed)
    return Affected(
        workflows=[
            AffectedWorkflow(
                id=row.pk,
                name=row.name,
                published_version=row.published_version or 0,
                resources=changed[row.pk],
                steps=steps.get(row.pk, []),
            )
            for row in named
        ],
        total=total,
        other_workflows=ids.count() - total,
    )


def _steps(changed: dict[str, list[str]]) -> dict[str, list[str]]:
    """The steps that work with what changed, by workflow."""
    uses = PublishedUse.objects.filter(workflow__in=changed, kind=Kind.AGENT)
    agents: dict[str, dict[str, AgentEntry]] = defaultdict(dict)
    for use in uses:
        entry = AgentEntry(use.resource, tools=tuple(use.content_json["tools"]))
        agents[use.workflow_id][use.resource] = entry
    found: dict[str, list[str]] = {}
    for version in _published(list(changed)):
        definition = Definition.model_validate(version.definition_json)
        published = Catalogue(agents=agents[version.workflow_id])
        wanted = set(changed[version.workflow_id])
        found[version.workflow_id] = [
            step.id
            for _, step in walk(definition.steps)
            if wanted & {resource for _, resource in used_by(step, published)}
        ]
    return found


def _published(ids: list[str]) -> QuerySet[WorkflowVersion]:
    return WorkflowVersion.objects.filter(workflow__in=ids, number=F("workflow__published_version"))
