"""Published workflows that a changed agent or server affects: those of a caller by name, the others as a number."""

import functools
import operator
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from common.ownership import Caller
from workflows.definition.catalogue import AgentEntry, Catalogue
from workflows.definition.drift.changes import used_by
from workflows.definition.steps import Definition, walk
from workflows.drift.current import Kind, drifted_uses
from workflows.models import PublishedUse, Workflow, WorkflowVersion
from workflows.selectors import workflows_for

MOST_NAMED = 200


# A version of a workflow.
Key = tuple[str, int]


@dataclass(frozen=True)
class AffectedVersion:
    """A version with the changed agents and tools, its steps that work with them, and the triggers that name it."""

    version: int
    resources: list[str]
    steps: list[str]
    schedules: int = 0
    webhooks: int = 0


@dataclass(frozen=True)
class AffectedWorkflow:
    """A workflow with what is changed for its published version, and for those that triggers name."""

    id: str
    name: str
    published_version: int | None
    resources: list[str]
    steps: list[str]
    pinned: list[AffectedVersion] = field(default_factory=list)


@dataclass(frozen=True)
class Affected:
    """Who is affected; `total` counts those that the caller may see, `other_workflows` the rest."""

    workflows: list[AffectedWorkflow]
    total: int
    other_workflows: int


def affected_by(uses: QuerySet[PublishedUse], caller: Caller) -> Affected:
    """Who is affected by what is different of `uses`, in at most eight queries."""
    drifted = drifted_uses(uses)
    ids = drifted.order_by().values("workflow_id").distinct()
    rows = workflows_for(caller).filter(pk__in=ids)
    total = rows.count()
    named = list(rows.order_by("pk").only("pk", "name", "published_version")[:MOST_NAMED])
    changed: dict[Key, list[str]] = defaultdict(list)
    of_named = drifted.filter(workflow__in=[row.pk for row in named]).order_by("resource")
    for workflow_id, version, resource in of_named.values_list(
        "workflow_id", "version", "resource"
    ):
        changed[workflow_id, version].append(resource)
    versions = _versions(changed)
    return Affected(
        workflows=[_workflow(row, versions) for row in named],
        total=total,
        other_workflows=ids.count() - total,
    )


def _workflow(row: Workflow, versions: Mapping[Key, AffectedVersion]) -> AffectedWorkflow:
    number = row.published_version
    published = versions.get((row.pk, number)) if number is not None else None
    pinned = [
        found
        for (workflow_id, version), found in sorted(versions.items())
        if workflow_id == row.pk and version != number
    ]
    return AffectedWorkflow(
        id=row.pk,
        name=row.name,
        published_version=number,
        resources=published.resources if published else [],
        steps=published.steps if published else [],
        pinned=pinned,
    )


def _versions(changed: Mapping[Key, list[str]]) -> dict[Key, AffectedVersion]:
    """What is affected of each version, with the triggers that name it."""
    steps = _steps(changed)
    schedules, webhooks = (_triggers(name, changed) for name in ("schedules", "webhooks"))
    return {
        key: AffectedVersion(
            version=key[1],
            resources=resources,
            steps=steps.get(key, []),
            schedules=schedules.get(key, 0),
            webhooks=webhooks.get(key, 0),
        )
        for key, resources in changed.items()
    }


def _steps(changed: Mapping[Key, list[str]]) -> dict[Key, list[str]]:
    """The steps that work with what changed, by version."""
    if not changed:
        return {}
    agents: dict[Key, dict[str, AgentEntry]] = defaultdict(dict)
    for use in PublishedUse.objects.filter(_any_of(changed, "version"), kind=Kind.AGENT):
        entry = AgentEntry(use.resource, tools=tuple(use.content_json["tools"]))
        agents[use.workflow_id, use.version][use.resource] = entry
    found: dict[Key, list[str]] = {}
    for version in WorkflowVersion.objects.filter(_any_of(changed, "number")):
        key = version.workflow_id, version.number
        definition = Definition.model_validate(version.definition_json)
        published = Catalogue(agents=agents[key])
        wanted = set(changed[key])
        found[key] = [
            step.id
            for _, step in walk(definition.steps)
            if wanted & {resource for _, resource in used_by(step, published)}
        ]
    return found


def _any_of(keys: Collection[Key], number: str) -> Q:
    """The condition that a row belongs to one of the versions; `number` is the column that says which."""
    each = (Q(workflow=workflow_id, **{number: version}) for workflow_id, version in keys)
    return functools.reduce(operator.or_, each)


def _triggers(name: str, keys: Collection[Key]) -> dict[Key, int]:
    """How many schedules or webhooks name each version. They lie above workflows: reached through the relation."""
    ids = {workflow_id for workflow_id, _ in keys}
    rows = Workflow.objects.filter(pk__in=ids).exclude(**{f"{name}__version": None}).order_by()
    counts = rows.values_list("pk", f"{name}__version", Count(name))
    return {(workflow_id, version): count for workflow_id, version, count in counts}
