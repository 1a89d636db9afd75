"""Keeps what a published version uses as it is at this moment; called inside the transaction that publishes."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User

from workflows.definition.steps import Definition
from workflows.drift.resources import Key, Kind, Resource, resources
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
    """Replace what is kept for `workflow` by `used`, as `used_now` gave it.

    What a workflow that a step runs uses is kept for that one, where it is published itself.
    """
    forget_uses(workflow)
    PublishedUse.objects.bulk_create(
        _row(workflow, version, one, by) for one in sorted(used.values(), key=lambda one: one.key)
    )


def forget_uses(workflow: Workflow) -> None:
    """Keep nothing for a workflow of which no version is published."""
    workflow.published_uses.all().delete()


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
