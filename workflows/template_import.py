"""Mirrors the template files into rows that belong to nobody."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from audit.recording import Action
from common.errors import Conflict
from workflows.definition.catalogue import Catalogue
from workflows.models import Workflow
from workflows.template_files import Template
from workflows.trail import Made, record_changed, state_of
from workflows.writing import insert_new, keep_version, put_definition, rewrite_uses


@dataclass
class Outcome:
    """Ids by what happened to them."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)


class _DryRun(Exception):
    """Ends the transaction without keeping anything."""


def import_templates(
    templates: Iterable[Template],
    catalogue: Catalogue,
    *,
    prune: bool = False,
    dry_run: bool = False,
) -> Outcome:
    """Store every template, all or none; `prune` archives imported ones whose file is gone.

    Raises `Conflict` for an id that a user's workflow has: it is never overwritten.
    """
    outcome = Outcome()
    try:
        with transaction.atomic():
            for template in templates:
                _store(template, catalogue, outcome)
            if prune:
                _prune(templates, outcome)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return outcome


def _store(template: Template, catalogue: Catalogue, outcome: Outcome) -> None:
    row = Workflow.objects.select_for_update(no_key=True).filter(pk=template.definition.id).first()
    if row is not None and row.created_by_id is not None:
        raise Conflict(
            f"{template.path.name}: /id: the id {row.pk!r} belongs to a user's workflow.",
            code="id_taken",
        )
    if row is None:
        row = Workflow(pk=template.definition.id, is_template=True, is_published=True)
        outcome.created.append(row.pk)
        _insert(row, template, catalogue)
    elif _differs(row, template):
        outcome.updated.append(row.pk)
        _update(row, template, catalogue)
    else:
        outcome.unchanged.append(row.pk)
        # What the installation offers may have changed since.
        Workflow.objects.filter(pk=row.pk).update(can_execute=template.found.can_execute)
        rewrite_uses(row, template.definition, catalogue)


def _differs(row: Workflow, template: Template) -> bool:
    content = template.content
    return not (
        row.is_active
        and row.definition_json == template.definition.to_json()
        and (row.category, row.tags, row.layout) == (content.category, content.tags, content.layout)
    )


def _insert(row: Workflow, template: Template, catalogue: Catalogue) -> None:
    _put(row, template)
    made: Made = {"by": None, "action": Action.IMPORTED, "details": {"file": template.path.name}}
    insert_new(row, template.definition, catalogue, message=_message(template), **made)


def _update(row: Workflow, template: Template, catalogue: Catalogue) -> None:
    before = state_of(row)
    changed = _put(row, template)
    row.revision += 1
    row.version += 1 if changed else 0
    row.save()
    if changed:
        keep_version(row, template.definition, by=None, message=_message(template))
    rewrite_uses(row, template.definition, catalogue)
    record_changed(row, before, by=None, details={"file": template.path.name})


def _put(row: Workflow, template: Template) -> bool:
    """Set what the template says; whether it has another definition."""
    content = template.content
    row.category, row.tags, row.layout = content.category, content.tags, content.layout
    row.is_active = True
    return put_definition(row, template.definition, template.found)


def _message(template: Template) -> str:
    return f"Imported from {template.path.name}"


def _prune(templates: Iterable[Template], outcome: Outcome) -> None:
    kept = [template.definition.id for template in templates]
    gone = Workflow.objects.filter(created_by=None, is_template=True, is_active=True)
    for row in gone.exclude(pk__in=kept).select_for_update(no_key=True):
        before = state_of(row)
        row.is_active = False
        row.revision += 1
        row.save(update_fields=["is_active", "revision", "updated_at"])
        record_changed(row, before, by=None, action=Action.ARCHIVED)
        outcome.archived.append(row.pk)
