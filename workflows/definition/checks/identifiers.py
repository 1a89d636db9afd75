"""Ids that stand twice or are reserved."""

from collections.abc import Iterator

from workflows.definition.checks.subject import Subject
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import RESERVED_STEP_IDS, ParallelStep


def check(subject: Subject) -> Iterator[Problem]:
    """Step ids are unique in the whole definition, branch ids in their parallel."""
    seen: dict[str, str] = {}
    for place in subject.all_places:
        name, pointer = place.step.id, join(place.pointer, "id")
        if name in RESERVED_STEP_IDS:
            words = ", ".join(sorted(RESERVED_STEP_IDS))
            message = f"The id {name!r} is reserved; steps can't be called {words}."
            yield Problem("reserved_id", "error", pointer, message)
        if name in seen:
            message = f"Another step is called {name!r} too, at {seen[name]}."
            hint = "Ids are unique in the whole definition, inside branches and loops too."
            yield Problem("duplicate_id", "error", pointer, message, hint)
        seen.setdefault(name, place.pointer)
        if isinstance(place.step, ParallelStep):
            yield from _branch_ids(place.step, place.pointer)


def _branch_ids(step: ParallelStep, pointer: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, branch in enumerate(step.branches):
        if branch.id in seen:
            where = join(pointer, "branches", number, "id")
            message = f"Another branch of {step.id!r} is called {branch.id!r} too."
            yield Problem("duplicate_id", "error", where, message)
        seen.add(branch.id)
