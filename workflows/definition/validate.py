"""All findings about a definition in one answer, in document order; see docs/definition-language.md, 5."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.definition.catalogue import Catalogue
from workflows.definition.checks import (
    advice,
    arguments,
    assignment,
    called,
    configuration,
    existence,
    identifiers,
    steering,
    targets,
    truth,
    value_paths,
    writes,
)
from workflows.definition.checks.subject import Subject
from workflows.definition.normalise import attempt, in_document_order, locate
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.steps import Definition

_CHECKS: tuple[Callable[[Subject], Iterator[Problem]], ...] = (
    identifiers.check,
    configuration.check,
    steering.check,
    targets.check,
    existence.check,
    called.check,
    arguments.check,
    assignment.check,
    value_paths.check,
    truth.check,
    advice.check,
    writes.check,
)


@dataclass(frozen=True)
class Report:
    """Everything about a definition: null `definition` means that its shape is broken; lists name each thing once."""

    definition: Definition | None
    problems: list[Problem]
    blocked_steps: list[str]
    missing_agents: list[str]
    missing_tools: list[str]
    missing_mcps: list[str]
    # With pointers into the canonical definition: without what was found only on the way there.
    found: list[Problem] = field(default_factory=list)

    def of_stored(self, canonical: Mapping[str, Any]) -> "Report":
        """What a report on `canonical`, the JSON of this `definition`, says; nothing is checked again."""
        return replace(self, problems=in_document_order(self.found, canonical))

    @property
    def is_valid(self) -> bool:
        """Whether no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)

    @property
    def can_execute(self) -> bool:
        """Whether it is valid and has something to do."""
        return self.is_valid and self.definition is not None and bool(self.definition.steps)

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "is_valid": self.is_valid,
            "can_execute": self.can_execute,
            "problems": [problem.to_json() for problem in self.problems],
            "blocked_steps": self.blocked_steps,
            "missing_agents": self.missing_agents,
            "missing_tools": self.missing_tools,
            "missing_mcps": self.missing_mcps,
        }


def validate(raw: object, catalogue: Catalogue) -> list[Problem]:
    """All problems of `raw`, in document order, in time linear in its size. Never raises."""
    return report(raw, catalogue).problems


def report(raw: object, catalogue: Catalogue) -> Report:
    """As `validate`, with what follows from the problems. Never raises."""
    try:
        result = attempt(raw)
    except DefinitionError as error:
        problems = in_document_order(error.problems, raw)
        return Report(None, problems, [], [], [], [])
    problems = [*result.errors, *result.warnings]
    if result.definition is None:
        problems = in_document_order(problems, result.sources.raw)
        return Report(None, problems, [], [], [], [])
    subject = Subject(result.definition, catalogue)
    found = [problem for check in _CHECKS for problem in check(subject)]
    problems += [locate(problem, result.sources) for problem in found]
    missing = list(existence.gaps(subject))
    return Report(
        definition=None if result.errors else result.definition,
        problems=in_document_order(problems, result.sources.raw),
        blocked_steps=_blocked_steps(subject, found),
        missing_agents=_names(missing, "agent"),
        missing_tools=_names(missing, "tool"),
        missing_mcps=_names(missing, "mcp"),
        found=found,
    )


def _names(missing: list[existence.Gap], kind: str) -> list[str]:
    return list(dict.fromkeys(gap.name for gap in missing if gap.kind == kind))


def _blocked_steps(subject: Subject, problems: list[Problem]) -> list[str]:
    """The innermost steps in which an error stands, in document order."""
    steps = {place.pointer: place.step.id for place in subject.all_places}
    blocked: set[str] = set()
    for problem in problems:
        pointer = problem.path if problem.severity == "error" else ""
        while pointer and pointer not in steps:
            pointer = pointer.rsplit("/", 1)[0]
        if pointer:
            blocked.add(pointer)
    return list(dict.fromkeys(name for pointer, name in steps.items() if pointer in blocked))
