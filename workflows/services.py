"""Everything that changes a workflow; each function is one transaction."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Unpack

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from audit.changes import regrouped
from audit.recording import Action
from common.errors import Invalid
from common.idempotency import first_answer
from common.sharing import share
from workflows.checking import checked, described
from workflows.definition.validate import Report
from workflows.identifiers import id_from_name, id_taken, require_same_id, require_usable
from workflows.models import Workflow
from workflows.publishing import publish_with_the_save
from workflows.selectors import catalogue_for, definition_of, version_of
from workflows.signals import workflow_archived
from workflows.trail import Changed, Made, entry_of_changed, record_changed, state_of
from workflows.uses import used_agents, used_servers, with_replaced
from workflows.writing import (
    Fields,
    insert_new,
    locked,
    put_definition,
    put_fields,
    redefine,
    write_changed,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stored:
    """A workflow just written and what is to be said of its definition; null: this request did not bring it."""

    workflow: Workflow
    report: Report | None


def create_workflow(*, by: User, definition: Mapping[str, Any], **given: Any) -> Workflow:
    """As `store_workflow`; the row alone."""
    return store_workflow(by=by, definition=definition, **given).workflow


def store_workflow(
    *,
    by: User,
    definition: Mapping[str, Any],
    source_template: Workflow | None = None,
    shared_with: Iterable[str] = (),
    message: str = "",
    idempotency_key: str | None = None,
    request_hash: str = "",
    recorded_as: Action = Action.CREATED,
    details: Mapping[str, Any] | None = None,
    **fields: Unpack[Fields],
) -> Stored:
    """Store a new workflow; where the definition has no `id`, one is made from its name.

    `recorded_as` and `details` are for the audit trail.

    Raises `InvalidDefinition`, `Invalid` (reserved id, unknown group), `Conflict` (id taken), `NotExecutable` (it is to
    be published and has errors) and `Unprocessable` (the idempotency key was used for another request). A repeated
    request gets the row of the first one.
    """
    raced, groups, number = False, sorted(set(shared_with)), fields.get("published_version")
    made: Made = {"by": by, "action": recorded_as, "details": details}
    if groups:
        made["shared"] = regrouped(([], groups))
    while True:
        repeated = first_answer(
            Workflow.objects.all(), owner=by, key=idempotency_key, request_hash=request_hash
        )
        if repeated is not None:
            return Stored(repeated, None)
        if raced and definition.get("id") is not None:
            raise id_taken(str(definition["id"]))
        row = Workflow(
            created_by=by,
            source_template=source_template,
            idempotency_key=idempotency_key,
            request_hash=request_hash,
        )
        try:
            with _transaction(is_one_statement=not groups and number is None):
                report = _insert(row, definition, groups, message, fields, made)
        except IntegrityError as error:
            if not _lost_a_race(error):
                raise
            raced = True  # someone has the id, perhaps this very request sent twice at once
            continue
        logger.info("workflow %s created by %s", row.pk, by.pk)
        return Stored(row, report)


def save_workflow(workflow: Workflow, *, by: User, **given: Any) -> Workflow:
    """As `change_workflow`; the row alone."""
    return change_workflow(workflow, by=by, **given).workflow


@transaction.atomic
def change_workflow(
    workflow: Workflow,
    *,
    by: User,
    definition: Mapping[str, Any] | None = None,
    name: str | None = None,
    description: str | None = None,
    shared_with: Iterable[str] | None = None,
    expected_revision: int | None = None,
    message: str = "",
    drift_state: str | None = None,
    recorded_as: Action | None = None,
    details: Mapping[str, Any] | None = None,
    **fields: Unpack[Fields],
) -> Stored:
    """Change a workflow; what is not given stays. Only a changed definition makes a new version.

    `drift_state` names what is used now, for a `published_version` that accepts changes of it.

    `recorded_as` (null: what the change itself is called) and `details` are for the audit trail.

    A `definition` may omit its id, name and description. Raises `Forbidden`, `PreconditionFailed`, `InvalidDefinition`,
    `Invalid`, and where a version is to be published `NotExecutable` (it has errors) and `Conflict` (not seen).
    """
    row = locked(workflow, by=by, expected_revision=expected_revision)
    before, redefined = state_of(row), None
    bumps = fields.keys() != {"layout"} or definition is not None or name is not None
    row.revision += 1 if bumps or description is not None or shared_with is not None else 0
    if definition is not None or name is not None or description is not None:
        kept = described(row.definition_json) if definition is None else _of(row, definition)
        redefined = redefine(row, described(kept, name=name, description=description), by, message)
    put_fields(row, fields)
    changed: Changed = {
        "by": by,
        "action": recorded_as,
        "details": details,
        "summary": redefined.summary if redefined else "",
    }
    writes = redefined.writes if redefined else ()
    number = before["published_version"]
    if shared_with is None and row.published_version == number:
        write_changed(row, *writes, entry_of_changed(row, before, **changed))
    else:
        write_changed(row, *writes)
        accepted = publish_with_the_save(row, by=by, before=number, state=drift_state)
        changed["details"] = {**(details or {}), **accepted}
        if shared_with is not None:
            changed["shared"] = regrouped(share(row, shared_with, by=by))
        record_changed(row, before, **changed)
    logger.info("workflow %s saved by %s: revision %s", row.pk, by.pk, row.revision)
    report = redefined.report.of_stored(row.definition_json) if redefined else None
    return Stored(row, report)


@transaction.atomic
def archive_workflow(
    workflow: Workflow, *, by: User, expected_revision: int | None = None
) -> Workflow:
    """Take a workflow out of use; its runs stay and its id stays taken. What starts it by itself is paused."""
    row = _set_active(workflow, False, by=by, expected_revision=expected_revision)
    workflow_archived.send(Workflow, workflow=row)
    return row


@transaction.atomic
def restore_workflow(
    workflow: Workflow, *, by: User, expected_revision: int | None = None
) -> Workflow:
    """Bring an archived workflow back; what was paused stays paused until it is resumed."""
    return _set_active(workflow, True, by=by, expected_revision=expected_revision)


def restore_version(
    workflow: Workflow, *, number: int, by: User, expected_revision: int | None = None
) -> Workflow:
    """Make an older definition the current one again, as a new version; raises `NotFound`."""
    return save_workflow(
        workflow,
        by=by,
        definition=version_of(workflow, number).definition_json,
        expected_revision=expected_revision,
        message=f"Version {number} restored",
        recorded_as=Action.RESTORED,
        details={"version": number},
    )


def copy_workflow(
    source: Workflow,
    *,
    by: User,
    new_id: str | None = None,
    new_name: str | None = None,
    idempotency_key: str | None = None,
    request_hash: str = "",
) -> Workflow:
    """An own copy of the current version of a workflow that the caller may see."""
    name = new_name or f"Copy of {source.name}"[:200]
    return create_workflow(
        by=by,
        definition={**source.definition_json, "id": new_id, "name": name},
        source_template=source if source.is_template else source.source_template,
        category=source.category,
        tags=source.tags,
        layout=source.layout,
        message=f"Copied from {source.id}, version {source.version}",
        recorded_as=Action.COPIED,
        details={"from": source.id, "version": source.version},
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )


def instantiate_template(
    template: Workflow,
    *,
    by: User,
    id: str | None = None,
    name: str | None = None,
    agents: Mapping[str, str] | None = None,
    mcps: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    request_hash: str = "",
) -> Workflow:
    """An own workflow made from a template, with its agents and servers exchanged for the caller's."""
    _, definition = definition_of(template)
    agents, mcps = agents or {}, mcps or {}
    _require_known(agents, used_agents(definition), "/agents", "agent")
    _require_known(mcps, used_servers(definition), "/mcps", "MCP server")
    replaced = with_replaced(definition, agents=agents, servers=mcps)
    return create_workflow(
        by=by,
        definition={**replaced, "id": id, "name": name or template.name},
        source_template=template,
        category=template.category,
        tags=template.tags,
        layout=template.layout,
        message=f"Made from the template {template.id}, version {template.version}",
        recorded_as=Action.COPIED,
        details={"from": template.id, "version": template.version, "template": True},
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )


def _transaction(*, is_one_statement: bool) -> AbstractContextManager[object]:
    """One statement is a transaction by itself; within another one it has a savepoint, so that it can fail alone."""
    is_alone = is_one_statement and not connection.in_atomic_block
    return nullcontext() if is_alone else transaction.atomic()


def _insert(
    row: Workflow,
    raw: Mapping[str, Any],
    groups: Sequence[str],
    message: str,
    fields: Fields,
    recorded: Made,
) -> Report:
    """Write the row and what hangs on it; what is to be said of its definition. One statement for a plain one."""
    owner = row.created_by
    assert owner is not None
    made = {"id": id_from_name(str(raw.get("name") or ""))} if raw.get("id") is None else {}
    catalogue = catalogue_for(owner)
    definition, found = checked({**raw, **made}, catalogue)
    require_usable(definition.id)
    row.id = definition.id
    put_definition(row, definition, found)
    put_fields(row, fields)
    insert_new(row, definition, catalogue, message=message, **recorded)
    if groups:
        share(row, groups, by=owner)
    publish_with_the_save(row, by=owner, before=None)
    return found.of_stored(row.definition_json)


def _of(row: Workflow, definition: Mapping[str, Any]) -> dict[str, Any]:
    """`definition` with the row's id and, where it has none, its name; raises `Invalid` for another id."""
    require_same_id(row, definition.get("id"), pointer="/definition/id")
    given_name = definition.get("name")
    return described(definition, id=row.pk, name=row.name if given_name is None else given_name)


def _set_active(
    workflow: Workflow, is_active: bool, *, by: User, expected_revision: int | None
) -> Workflow:
    row = locked(workflow, by=by, expected_revision=expected_revision)
    if row.is_active == is_active:
        return row
    before = state_of(row)
    row.is_active = is_active
    row.revision += 1
    row.save(update_fields=["is_active", "revision", "updated_at"])
    record_changed(row, before, by=by, action=Action.RESTORED if is_active else Action.ARCHIVED)
    logger.info("workflow %s: is_active=%s by %s", row.pk, is_active, by.pk)
    return row


def _require_known(mapping: Mapping[str, str], used: set[str], pointer: str, what: str) -> None:
    for name in mapping:
        if name not in used:
            raise Invalid(
                f"The template uses no {what} {name!r}; it uses {sorted(used) or 'none'}.",
                code="not_used",
                pointer=pointer,
            )


def _lost_a_race(error: IntegrityError) -> bool:
    diagnostics = getattr(error.__cause__, "diag", None)
    # Where the id is taken, rows of the same statement may be refused before the workflow's own.
    return getattr(diagnostics, "constraint_name", None) in (
        "workflows_workflow_pkey",
        "workflow_idempotency_key_unique",
        "workflow_version_number_unique",
        "agent_use_unique",
        "tool_use_unique",
        "workflow_use_unique",
    )
