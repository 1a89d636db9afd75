"""Keeps what a published version uses as it is at this moment; called inside the transaction that publishes."""

from collections.abc import Iterable, Mapping
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from workflows.definition.steps import Definition
from workflows.drift.resources import Key, Kind, Resource, resources
from workflows.drift.telling import tell_of_workflow
from workflows.models import PublishedUse, Workflow
from workflows.uses import used_agents, used_tools


def used_now(definition: Definition) -> dict[Key, Resource]:
    """What `definition` uses as it is now: its agents, their tools and its own; in three queries."""
    agents = resources(used_agents(definition), ())
    return agents | resources((), named_tools(definition, agents.values()))


def named_tools(definition: Definition, used: Iterable[Resource]) -> set[str]:
    """The tools that the steps call or the agents among `used` are given, also those that are gone."""
    agents = (one for one in used if one.kind == Kind.AGENT)
    return used_tools(definition).union(*(agent.content["tools"] for agent in agents))


def record_uses(
    workflow: Workflow, version: int, used: Mapping[Key, Resource], *, by: User
) -> None:
    """Replace what is kept for a version by `used`, as `used_now` gave it.

    What a workflow that a step runs uses is kept for that one, where it is published itself.
    """
    workflow.published_uses.filter(version=version).delete()
    PublishedUse.objects.bulk_create(
        _row(workflow, version, one, by) for one in sorted(used.values(), key=lambda one: one.key)
    )
    # Who changed one of them in the meantime could not see these rows.
    transaction.on_commit(partial(tell_of_workflow, workflow.pk), robust=True)


def forget_unused(workflow: Workflow) -> None:
    """Keep nothing for versions that are not published and that no schedule or webhook names."""
    kept = pinned_versions(workflow) | {workflow.published_version or 0}
    workflow.published_uses.exclude(version__in=kept).delete()


def pinned_versions(workflow: Workflow) -> set[int]:
    """The versions that schedules and webhooks name."""
    # Triggers lie above workflows, so they are reached through their relations.
    rows = (getattr(workflow, name).exclude(version=None) for name in ("schedules", "webhooks"))
    schedules, webhooks = (one.order_by().values_list("version", flat=True) for one in rows)
    return set(schedules.union(webhooks))


def _row(workflow: Workflow, version: int, one: Resource, by: User) -> PublishedUse:
    server, _, name = one.id.partition(":") if one.kind == Kind.TOOL else ("", "", "")
    return PublishedUse(
        workflow=workflow,
        version=version,
        kind=one.kind,
        resource=one.id,
        server=server,
        name=name,
        fingerprint=one.fingerprint if one.is_usable else "",
        contract_hash=one.contract_hash,
        content_json=one.content,
        told_fingerprint=one.fingerprint if one.is_usable else "",
        recorded_by=by,
    )
