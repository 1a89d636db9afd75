"""What became of a workflow's published version since it was published, for one reader."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from common.ownership import Caller
from workflows.definition.catalogue import AgentEntry, Catalogue, ToolEntry
from workflows.definition.drift.changes import Change
from workflows.definition.drift.drift import Drift, drift
from workflows.definition.steps import Definition
from workflows.drift.recording import named_tools, used_now
from workflows.drift.resources import Key, Kind, Resource, resources
from workflows.models import PublishedUse, Workflow
from workflows.selectors import catalogue_for, definition_of


@dataclass(frozen=True)
class ChangedResource:
    """An agent or tool that is another today; `fingerprint` is empty and `fields` all where it can't be used."""

    kind: str
    id: str
    change: str
    fields: list[str]
    published_fingerprint: str
    fingerprint: str
    since: datetime | None


@dataclass(frozen=True)
class DriftReport:
    """What changed, what it means, and the `state` by which somebody says that this is what they saw.

    `version` is null where none is published.
    """

    workflow: Workflow
    version: int | None
    state: str
    recorded_at: datetime | None
    recorded_by: str | None
    resources: list[ChangedResource]
    drift: Drift

    @property
    def is_drifted(self) -> bool:
        """Whether anything is another."""
        return bool(self.resources)

    @property
    def is_held(self) -> bool:
        """Whether a run of the published version is refused until the changes are accepted."""
        return bool(self.drift.held_steps)


def drift_of(workflow: Workflow, caller: Caller, version: int | None = None) -> DriftReport:
    """The report on the published version, or on one that triggers name, in at most ten queries.

    What `caller` may not use counts as gone and is not described.
    """
    number = workflow.published_version if version is None else version
    rows = workflow.published_uses.filter(version=number or 0).select_related("recorded_by")
    uses = list(rows.order_by("kind", "resource"))
    if not uses:
        return DriftReport(workflow, number, state_of({}), None, None, [], Drift())
    _, definition = definition_of(workflow, number)
    used = used_now(definition)
    # What is used no more, because an agent lost a tool, is compared too.
    lost = _ids(uses, Kind.TOOL) - {key for _, key in used}
    today = used | resources((), lost)
    now = catalogue_for(caller)
    changes = {use.pk: _change(use, today.get(key_of(use)), now) for use in uses}
    found = [change for change in changes.values() if change is not None]
    newest = max(uses, key=lambda use: use.recorded_at)
    return DriftReport(
        workflow=workflow,
        version=number,
        state=state_of(used),
        recorded_at=newest.recorded_at,
        recorded_by=newest.recorded_by.username if newest.recorded_by else None,
        resources=[
            _shown(use, change, today.get(key_of(use)))
            for use in uses
            if (change := changes[use.pk]) is not None
        ],
        drift=drift(definition, _as_published(now, uses), now, found),
    )


def accepted_by_keeping(
    uses: Iterable[PublishedUse],
    definition: Definition,
    used: Mapping[Key, Resource],
    caller: Caller,
) -> list[ChangedResource]:
    """What became another than in `uses`, and is accepted if what `definition` uses is kept as it is now."""
    named = used.keys() | {(Kind.TOOL, tool) for tool in named_tools(definition, used.values())}
    found = {
        key_of(use): use
        for use in uses
        if key_of(use) in named and _fingerprint(used.get(key_of(use))) != use.fingerprint
    }
    changed = list(found.values())
    now = catalogue_for(caller) if changed else Catalogue()
    return [
        _shown(use, change, used.get(key_of(use)))
        for use in changed
        if (change := _change(use, used.get(key_of(use)), now)) is not None
    ]


def key_of(use: PublishedUse) -> Key:
    """The kind and id of what was used."""
    return use.kind, use.resource


def state_of(today: Mapping[Key, Resource]) -> str:
    """A short word for what all that is used is now: another word, another state."""
    said = sorted(f"{kind} {key} {_fingerprint(one)}" for (kind, key), one in today.items())
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


def _fingerprint(one: Resource | None) -> str:
    return one.fingerprint if one is not None and one.is_usable else ""


def _ids(uses: Iterable[PublishedUse], kind: str) -> set[str]:
    return {use.resource for use in uses if use.kind == kind}


def _change(use: PublishedUse, today: Resource | None, now: Catalogue) -> Change | None:
    """What is different; null where nothing is."""
    known: Mapping[str, Any] = now.agents if use.kind == Kind.AGENT else now.tools
    usable = today if today is not None and today.is_usable and use.resource in known else None
    if _fingerprint(usable) == use.fingerprint:
        return None
    return Change(
        kind="agent" if use.kind == Kind.AGENT else "tool",
        id=use.resource,
        before=use.content_json,
        now=usable.content if usable is not None else None,
        is_other_contract=usable is None or usable.contract_hash != use.contract_hash,
    )


def _shown(use: PublishedUse, change: Change, today: Resource | None) -> ChangedResource:
    is_gone = change.now is None
    return ChangedResource(
        kind=change.kind,
        id=change.id,
        change="gone" if is_gone else "changed",
        fields=change.fields,
        published_fingerprint=use.fingerprint,
        fingerprint="" if is_gone else _fingerprint(today),
        since=use.drifted_at,
    )


def _as_published(now: Catalogue, uses: Iterable[PublishedUse]) -> Catalogue:
    """The catalogue as it was for what was used."""
    agents, tools = dict(now.agents), dict(now.tools)
    for use in uses:
        was = use.content_json
        if use.kind == Kind.AGENT:
            agents[use.resource] = AgentEntry(
                use.resource, tools=tuple(was["tools"]), output_schema=was["output_schema"]
            )
        else:
            tools[use.resource] = ToolEntry(
                use.resource,
                input_schema=was["input_schema"],
                output_schema=was["output_schema"],
            )
    return replace(now, agents=agents, tools=tools)
