"""Workflows that steps run: whether they exist for the author, can run, and do not run in a circle."""

from collections.abc import Iterator

from workflows.definition.catalogue import WorkflowEntry
from workflows.definition.checks.subject import Subject
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import WorkflowStep


def check(subject: Subject) -> Iterator[Problem]:
    """Every workflow that a step names must exist, be in use, have the version, and not lead back here."""
    own = subject.definition.id
    calls = [
        (place.step, place.pointer)
        for place in subject.all_places
        if isinstance(place.step, WorkflowStep) and place.step.workflow_id
    ]
    ids = {step.workflow_id for step, _ in calls if step.workflow_id} - {own}
    known = subject.catalogue.find_workflows(ids, asked_by=own) if ids else {}
    for step, pointer in calls:
        if step.workflow_id == own:
            yield _cycle(pointer, f"{own!r} runs itself here: that would never end.")
        else:
            yield from _call(step, pointer, known.get(step.workflow_id or ""))


def _call(step: WorkflowStep, pointer: str, entry: WorkflowEntry | None) -> Iterator[Problem]:
    where = join(pointer, "workflow_id")
    if entry is None:
        message = f"No workflow {(step.workflow_id or '')[:100]!r} exists that you may use."
        hint = "Look at its id in the list of workflows, or ask its owner to share it."
        yield Problem("unknown_workflow", "error", where, message, hint)
        return
    if not entry.is_active:
        message = f"The workflow {entry.id!r} is archived."
        yield Problem("inactive_workflow", "error", where, message, "Restore it, or run another.")
    if entry.calls_back:
        yield _cycle(pointer, f"{entry.id!r} runs this workflow again: that would never end.")
    yield from _version(step, pointer, entry)


def _cycle(pointer: str, message: str) -> Problem:
    hint = "Use a loop for repetition, or move what both need into a third workflow."
    return Problem("workflow_cycle", "error", join(pointer, "workflow_id"), message, hint)


def _version(step: WorkflowStep, pointer: str, entry: WorkflowEntry) -> Iterator[Problem]:
    if step.version is not None and step.version > entry.version:
        where = join(pointer, "version")
        message = f"{entry.id!r} has no version {step.version}; its newest is {entry.version}."
        fix = ({"op": "replace", "path": where, "value": entry.version},)
        yield Problem("unknown_version", "error", where, message, fix=fix)
        return
    runs = step.version or entry.published_version or entry.version
    if runs == entry.version and not entry.can_execute and entry.is_active:
        message = f"{entry.id!r} could not run when it was last saved."
        hint = "Open it: its findings say what is wrong."
        yield Problem("workflow_blocked", "warning", join(pointer, "workflow_id"), message, hint)
