"""A result becomes a workflow and its agents: one transaction, checked against what exists now."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.recording import Action
from common import strict_json
from common.errors import Conflict, Forbidden, Invalid, InvalidDefinition, NotFound
from common.idempotency import first_answer
from common.ownership import require_change
from discovery import services as discovery
from discovery.models import Agent
from discovery.selectors import agents_for
from generation.models import Application, Generation
from generation.refining.rebasing import current_result, require_own_workflow
from workflows import services as workflows
from workflows.checking import checked
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition
from workflows.definition.validate import Report, report
from workflows.identifiers import free_id
from workflows.models import Workflow
from workflows.selectors import catalogue_for
from workflows.uses import used_agents, used_servers, with_replaced

logger = logging.getLogger(__name__)

MAX_AGENTS = 50
_AGENT_FIELDS = ("name", "description", "role", "goal", "instructions", "tools")


@dataclass(frozen=True)
class Applied:
    """What came of it: the workflow, the agents made for it, and what keeps it from running."""

    workflow: Workflow
    agents_created: tuple[str, ...]
    report: Report


def apply_generation(
    *,
    by: User,
    generation: Generation | None = None,
    result: Mapping[str, Any] | None = None,
    workflow: Workflow | None = None,
    expected_revision: int | None = None,
    name: str = "",
    accept: Sequence[str] | None = None,
    agent_map: Mapping[str, str] | None = None,
    rebase: bool = False,
    idempotency_key: str | None = None,
    request_hash: str = "",
) -> Applied:
    """Store the result (an edited one, else the generation's) as a new workflow, or as a new version of `workflow`.

    A refinement goes to the workflow it was made for; `rebase` carries its operations out on a newer version of that.
    `accept` names the suggested agents to create (null: all that are not mapped), `agent_map` puts existing ones in
    their place. Nothing is stored on any refusal: `Invalid`, `InvalidDefinition`, `Conflict`, `Forbidden`,
    `PreconditionFailed`, `NotFound`, `Unprocessable` (the idempotency key was used for another request). A repeated
    request gets the first one's answer.
    """
    first = partial(_first_answer, by, idempotency_key, request_hash)
    if (repeated := first()) is not None:
        return repeated
    try:
        with transaction.atomic():
            # The key first: the same request at the same time waits here, and is then refused by the constraint.
            note = _noted(by, idempotency_key, request_hash)
            applied = _apply(
                by,
                generation,
                result,
                workflow,
                expected_revision,
                name,
                accept,
                agent_map or {},
                rebase=rebase,
            )
            _complete(note, applied)
    except IntegrityError:
        if (repeated := first()) is None:
            raise
        return repeated
    return applied


def _first_answer(by: User, key: str | None, request_hash: str) -> Applied | None:
    rows = Application.objects.select_related("workflow")
    known = first_answer(rows, owner=by, key=key, request_hash=request_hash)
    if known is None or known.workflow is None:
        return None
    return _told(known.workflow, tuple(known.agents_created), by)


def _noted(by: User, key: str | None, request_hash: str) -> Application | None:
    if key is None:
        return None
    return Application.objects.create(created_by=by, idempotency_key=key, request_hash=request_hash)


def _complete(note: Application | None, applied: Applied) -> None:
    if note is not None:
        note.workflow, note.agents_created = applied.workflow, list(applied.agents_created)
        note.save(update_fields=["workflow", "agents_created"])


def _apply(
    by: User,
    generation: Generation | None,
    result: Mapping[str, Any] | None,
    workflow: Workflow | None,
    expected_revision: int | None,
    name: str,
    accept: Sequence[str] | None,
    agent_map: Mapping[str, str],
    *,
    rebase: bool,
) -> Applied:
    row = _locked(generation, by) if generation else None
    if row is not None and row.workflow_id is not None:
        result = _refinement(row, result, workflow, by, rebase=rebase)
    content = _content(row, result)
    catalogue = catalogue_for(by)
    definition, _ = checked(_without_taken_id(content["workflow"]), catalogue)
    if row is not None:
        _require_still_usable(row, definition, catalogue)
    suggested = _suggested(content, definition)
    agents = _mapped(agent_map, definition, by)
    details = {"generation": row.pk} if row else {}
    created = _created(suggested, accept, agents, by, details)
    raw = with_replaced(definition, agents=agents | created, servers={})
    raw |= {"name": name} if name else {}
    message = f"Refined: {row.prompt}"[:500] if row and row.workflow_id else "Generated"
    stored = _stored(raw, workflow, expected_revision, by, message, details)
    if row is not None:
        row.applied_workflow, row.applied_at = stored, timezone.now()
        row.save(update_fields=["applied_workflow", "applied_at"])
    logger.info("a generated workflow was applied as %s by %s", stored.pk, by.pk)
    return _told(stored, tuple(created.values()), by)


def _locked(generation: Generation, by: User) -> Generation:
    """The row, held until the end, so that a result is applied once, and by who asked for it."""
    row = Generation.objects.select_for_update(of=("self",)).get(pk=generation.pk)
    if row.created_by_id != by.pk:
        raise Forbidden(
            "Only who asked for this can apply it; send its result without generation_id instead.",
            code="not_yours",
        )
    if row.status != Generation.Status.COMPLETED:
        raise Conflict(f"This generation is {row.status}; there is no result.", code="no_result")
    if row.applied_at is not None:
        raise Conflict(
            f"This result was applied already: {row.applied_workflow_id or 'a workflow since gone'}.",
            code="already_applied",
        )
    return row


def _refinement(
    row: Generation,
    edited: Mapping[str, Any] | None,
    workflow: Workflow | None,
    by: User,
    *,
    rebase: bool,
) -> Mapping[str, Any]:
    """The result for the workflow as it is now, which is held until the end; an edited one only for the same version."""
    require_own_workflow(row, workflow)
    locked = Workflow.objects.select_for_update(no_key=True).get(pk=row.workflow_id)
    require_change(locked, by)
    current: Mapping[str, Any] = current_result(row, locked, by=by, rebase=rebase)
    if edited is None:
        return current
    if current is not row.result:
        raise Conflict(
            f"The workflow is at version {locked.version} by now, and an edited result can't be carried out on that. "
            "Leave out `result` to rebase the refinement as it was made, or refine the current version.",
            code="edited_result",
        )
    return edited


def _content(row: Generation | None, result: Mapping[str, Any] | None) -> Mapping[str, Any]:
    content = result if result is not None else row.result if row else None
    if content is None:
        raise Invalid("Give generation_id, or a whole result.", code="nothing_to_apply")
    try:
        strict_json.check(dict(content))
    except strict_json.RefusedJson as error:
        raise Invalid(error.detail, code=error.code, pointer=error.pointer) from error
    if not isinstance(content.get("workflow"), Mapping):
        raise InvalidDefinition("The result has no workflow.", pointer="/workflow")
    return content


def _require_still_usable(row: Generation, definition: Definition, catalogue: Catalogue) -> None:
    """What the design was allowed to use and its owner may no longer use is no mere gap to be filled."""
    known = set((row.result or {}).get("existing_mcps_used", []))
    gone = sorted(known & used_servers(definition) - set(catalogue.servers))
    if gone:
        raise Conflict(
            f"You may no longer use {', '.join(gone)}, which this design calls. "
            "Generate again, or send an edited result without it.",
            code="no_longer_usable",
        )


def _without_taken_id(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The definition; a proposed id that somebody has by now gives way to one like it."""
    proposed = raw.get("id")
    return {**raw, "id": free_id(proposed)} if isinstance(proposed, str) else dict(raw)


def _suggested(content: Mapping[str, Any], definition: Definition) -> dict[str, Mapping[str, Any]]:
    """The suggested agents that the definition uses, by id."""
    entries = content.get("agents_to_create")
    if entries is None:
        return {}
    if not isinstance(entries, list) or len(entries) > MAX_AGENTS:
        raise Invalid(
            f"agents_to_create is a list of at most {MAX_AGENTS}.", pointer="/agents_to_create"
        )
    found: dict[str, Mapping[str, Any]] = {}
    for position, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
            raise Invalid("An agent has an id.", pointer=f"/agents_to_create/{position}")
        found[entry["id"]] = entry
    return {agent: found[agent] for agent in found if agent in used_agents(definition)}


def _mapped(agent_map: Mapping[str, str], definition: Definition, by: User) -> dict[str, str]:
    used = used_agents(definition)
    known = set(agents_for(by).filter(pk__in=agent_map.values()).values_list("pk", flat=True))
    for suggested, mine in agent_map.items():
        if suggested not in used:
            raise Invalid(
                f"The workflow uses no agent {suggested[:100]!r}.",
                code="not_used",
                pointer="/agents/map",
            )
        if mine not in known:
            raise NotFound(f"There is no agent {mine[:100]!r}.")
    return dict(agent_map)


def _created(
    suggested: Mapping[str, Mapping[str, Any]],
    accept: Sequence[str] | None,
    mapped: Mapping[str, str],
    by: User,
    details: Mapping[str, Any],
) -> dict[str, str]:
    """The new agents: suggested id → id. One that is taken by now gives way to an id made from the name."""
    wanted = [agent for agent in suggested if agent not in mapped] if accept is None else accept
    created: dict[str, str] = {}
    for agent_id in dict.fromkeys(wanted):
        if agent_id not in suggested:
            raise Invalid(
                f"{agent_id[:100]!r} is no suggested agent of this workflow.",
                code="not_suggested",
                pointer="/agents/accept",
            )
        entry = suggested[agent_id]
        fields = {name: entry[name] for name in _AGENT_FIELDS if name in entry}
        _require_texts(fields)
        is_taken = Agent.objects.filter(pk=agent_id).exists()
        made = discovery.create_agent(
            by=by,
            id=None if is_taken else agent_id,
            recorded_as=Action.APPLIED,
            details=details,
            **{"name": agent_id, **fields},
        )
        created[agent_id] = made.pk
    return created


def _require_texts(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name == "tools":
            is_right = isinstance(value, list) and all(isinstance(tool, str) for tool in value)
        else:
            is_right = isinstance(value, str)
        if not is_right:
            raise Invalid(
                f"{name} of a suggested agent has the wrong type.", pointer="/agents_to_create"
            )


def _stored(
    raw: dict[str, Any],
    workflow: Workflow | None,
    expected_revision: int | None,
    by: User,
    message: str,
    details: Mapping[str, Any],
) -> Workflow:
    if workflow is not None:
        return workflows.save_workflow(
            workflow,
            by=by,
            definition={**raw, "id": workflow.pk},
            expected_revision=expected_revision,
            message=message,
            recorded_as=Action.APPLIED,
            details=details,
        )
    return workflows.create_workflow(
        by=by, definition=raw, message=message, recorded_as=Action.APPLIED, details=details
    )


def _told(workflow: Workflow, created: tuple[str, ...], by: User) -> Applied:
    return Applied(workflow, created, report(workflow.definition_json, catalogue_for(by)))
