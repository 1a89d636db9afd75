"""Changing a workflow step by step; each function is one transaction."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from common.errors import Invalid, InvalidDefinition, NotFound
from workflows.checking import check
from workflows.definition.problems import DefinitionError, EditRefused
from workflows.definition.steps import Definition, walk
from workflows.definition.validate import Report
from workflows.models import Workflow
from workflows.selectors import catalogue_for
from workflows.trail import entry_of_changed, state_of
from workflows.writing import locked, redefine, write_changed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Edited:
    """A workflow after an edit, with its definition and positions before and after, and what is found in it."""

    workflow: Workflow
    before: Definition
    after: Definition
    layout_before: Mapping[str, Any]
    report: Report


@transaction.atomic
def edit_workflow(
    workflow: Workflow,
    edit: Callable[[Definition], Definition],
    *,
    by: User,
    layout: Mapping[str, Any] | None = None,
    expected_revision: int | None = None,
    message: str = "",
) -> Edited:
    """Put what `edit` makes of the current definition in its place; an edit that changes nothing writes nothing.

    Positions of steps that are gone go as well. Raises `Forbidden`, `PreconditionFailed`, `InvalidDefinition`, and
    `Invalid` for an edit that makes no sense here.
    """
    row = locked(workflow, by=by, expected_revision=expected_revision)
    before = Definition.model_validate(row.definition_json)
    after = _carried_out(edit, before)
    known = {step.id for _, step in walk(after.steps)}
    layout_before = row.layout
    placed = layout_before if layout is None else layout
    kept = {step_id: place for step_id, place in placed.items() if step_id in known}
    if after == before and kept == layout_before:
        found = check(row.definition_json, catalogue_for(by))
        return Edited(row, before, before, layout_before, found)
    state = state_of(row)
    row.revision += 1
    row.layout = kept
    redefined = redefine(row, after.to_json(), by, message)
    entry = entry_of_changed(row, state, by=by, summary=redefined.summary, layout_moved=True)
    write_changed(row, *redefined.writes, entry)
    logger.info("workflow %s edited by %s: revision %s", row.pk, by.pk, row.revision)
    return Edited(row, before, after, layout_before, redefined.report)


@transaction.atomic
def place_step(workflow: Workflow, step_id: str, *, by: User, x: float, y: float) -> Workflow:
    """Keep where a step stands on the canvas; no new revision, the last writer wins. Raises `Forbidden`, `NotFound`."""
    row = locked(workflow, by=by, expected_revision=None)
    definition = Definition.model_validate(row.definition_json)
    if all(step.id != step_id for _, step in walk(definition.steps)):
        raise NotFound(f"There is no step {step_id!r}.", code="unknown_step")
    row.layout = {**row.layout, step_id: {"x": x, "y": y}}
    row.save(update_fields=["layout"])
    return row


def _carried_out(edit: Callable[[Definition], Definition], before: Definition) -> Definition:
    try:
        return edit(before)
    except EditRefused as error:
        kind = NotFound if error.code == "unknown_step" else Invalid
        told = " ".join(filter(None, (str(error), error.hint)))
        raise kind(told, code=error.code, pointer=error.pointer or None) from error
    except DefinitionError as error:
        raise InvalidDefinition(
            f"The edit would make a definition that can't be stored: {error.problems[0].message}",
            problems=[problem.to_json() for problem in error.problems],
            pointer=error.pointer or None,
        ) from error
