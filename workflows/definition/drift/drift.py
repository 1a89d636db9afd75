"""All that became of a published definition because agents and tools changed, in one answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.definition.catalogue import Catalogue
from workflows.definition.checks.subject import Place, Subject
from workflows.definition.drift import arguments, outputs, steps
from workflows.definition.drift.changes import Change, Finding, Key, used_by
from workflows.definition.problems import Problem
from workflows.definition.steps import Definition

Patch = list[dict[str, Any]]


@dataclass(frozen=True)
class Drift:
    """Findings in document order, the steps that break, those that are not run, and a patch for what is certain.

    `patch` (RFC 6902) is one for the definition that was looked at; steps that it can't mend stay as they are.
    """

    findings: Sequence[Finding] = ()
    broken_steps: Sequence[str] = ()
    held_steps: Sequence[str] = ()
    patch: Sequence[Mapping[str, Any]] = ()


def drift(
    definition: Definition, published: Catalogue, now: Catalogue, changes: Iterable[Change]
) -> Drift:
    """What `changes` mean for the steps; both catalogues hold what they are about, as it was and as it is. Never raises."""
    known = {change.key: change for change in changes}
    if not known:
        return Drift()
    before, after = Subject(definition, published), Subject(definition, now)
    order = {place.pointer: number for number, place in enumerate(before.all_places)}
    found = [*_of_steps(before, after, known), *_of_outputs(before, after, known)]
    found.sort(key=lambda one: (_number(one.problem.path, order), one.problem.path))
    return Drift(
        findings=found,
        broken_steps=_names(one.step for one in found if one.problem.severity == "error"),
        held_steps=_names(one.step for one in found if one.is_held),
        patch=_patch(found),
    )


def _of_steps(before: Subject, after: Subject, known: Mapping[Key, Change]) -> Iterator[Finding]:
    for place in before.all_places:
        for key in dict.fromkeys(used_by(place.step, before.catalogue)):
            if key in known:
                yield from _of_step(place, known[key], after)


def _of_step(place: Place, change: Change, after: Subject) -> Iterator[Finding]:
    problems = list(steps.check(place, change))
    if change.kind == "tool":
        problems += arguments.check(place, change, after)
    for problem in problems or [steps.harmless(place, change)]:
        yield _finding(problem, place.step.id, change, is_held=change.holds(place.step))


def _of_outputs(before: Subject, after: Subject, known: Mapping[Key, Change]) -> Iterator[Finding]:
    owners = {place.pointer: place.step.id for place in before.all_places}
    for problem, change in outputs.check(before, after, known):
        yield _finding(problem, owners.get(_owner(problem.path, owners), ""), change)


def _finding(problem: Problem, step: str, change: Change, *, is_held: bool = False) -> Finding:
    return Finding(problem, step, change.kind, change.id, is_held)


def _owner(pointer: str, owners: Mapping[str, Any]) -> str:
    """The pointer of the innermost step around `pointer`, or nothing."""
    while pointer and pointer not in owners:
        pointer = pointer.rsplit("/", 1)[0]
    return pointer


def _number(pointer: str, order: Mapping[str, int]) -> int:
    return order.get(_owner(pointer, order), len(order))


def _names(steps_found: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(steps_found) if name]


def _patch(findings: Iterable[Finding]) -> Patch:
    """The fixes one after the other; of two for one place the first."""
    made: Patch = []
    taken: set[str] = set()
    for finding in findings:
        fix = finding.problem.fix or ()
        places = {path for part in fix for path in (part["path"], part.get("from")) if path}
        if not fix or places & taken:
            continue
        taken |= places
        made += fix
    return made
