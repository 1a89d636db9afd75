"""What operations broke is put right where code can: dangling references, and the problems that bring their own patch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonpatch
import jsonpointer

from workflows.definition.catalogue import Catalogue
from workflows.definition.normalise import normalise
from workflows.definition.plain_json import at
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.steps import Definition, Step, to_json, walk
from workflows.definition.validate import Report, report

MAX_FIXES = 30
_EXPRESSION = re.compile(r"\$\{[^}]*\}")
_OUTPUT = re.compile(r"steps\.([a-zA-Z][\w-]*)\.output(?![\w.\[-])")


# Each try validates the whole definition: large ones get fewer, so that an answer takes seconds at most.
MAX_STEPS_VALIDATED = 4_000
LEAST_FIXES = 4
Key = tuple[str, ...]


@dataclass(frozen=True)
class Mended:
    """The definition, what is still found in it (`fresh`: what was not known before), and what was mended, in sentences."""

    definition: Definition
    report: Report
    fresh: tuple[Problem, ...]
    notes: tuple[str, ...]


def problems_of(definition: Definition, catalogue: Catalogue) -> frozenset[Key]:
    """What is found in `definition`, in a form that is the same in other versions of it."""
    return frozenset(_keys(report(definition.to_json(), catalogue), definition))


def mend(
    definition: Definition,
    catalogue: Catalogue,
    *,
    before: Definition | None = None,
    known: frozenset[Key] = frozenset(),
) -> Mended:
    """`definition` with the fixes of its problems applied, at most `MAX_FIXES` after those that only replace values.

    Problems in `known` (of `problems_of`) stay, so that nobody's untouched step changes. With `before`, references to
    steps that are gone since lead to what those steps read.
    """
    notes: list[str] = []
    if before is not None:
        definition, notes = _rewired(before, definition)
    state = _all_replaced(definition, report(definition.to_json(), catalogue), catalogue, known)
    tries = max(LEAST_FIXES, MAX_STEPS_VALIDATED // max(1, sum(1 for _ in walk(definition.steps))))
    tried: set[Key] = set()
    for _ in range(min(MAX_FIXES, tries)):
        candidate = _untried(state, known, tried)
        if candidate is None:
            break
        state = _fixed(state, [candidate], catalogue) or state
    keyed = zip(_keys(state.report, state.definition), state.report.problems, strict=True)
    fresh = tuple(problem for key, problem in keyed if key not in known)
    return Mended(state.definition, state.report, fresh, (*notes, *state.notes))


def _all_replaced(
    definition: Definition, found: Report, catalogue: Catalogue, known: frozenset[Key]
) -> Mended:
    """All fixes that only replace a value, at once: they are in nobody's way."""
    state = Mended(definition, found, (), ())
    keyed = zip(_keys(found, definition), found.problems, strict=True)
    places: dict[str, Problem] = {}
    for key, problem in keyed:
        if key not in known and problem.fix and all(o["op"] == "replace" for o in problem.fix):
            places.setdefault(str(problem.fix[0]["path"]), problem)
    return _fixed(state, list(places.values()), catalogue) or state


def _untried(state: Mended, known: frozenset[Key], tried: set[Key]) -> Problem | None:
    keyed = zip(_keys(state.report, state.definition), state.report.problems, strict=True)
    for key, problem in keyed:
        if problem.fix is not None and key not in known and key not in tried:
            tried.add(key)
            return problem
    return None


def _fixed(state: Mended, problems: list[Problem], catalogue: Catalogue) -> Mended | None:
    """The fixes of `problems` carried out; null if one of them stays, or an error comes in."""
    if not problems:
        return None
    raw = state.definition.to_json()
    fixes = [operation for problem in problems for operation in problem.fix or ()]
    try:
        fixed = normalise(jsonpatch.apply_patch(raw, fixes))
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, DefinitionError):
        return None
    found = report(fixed.to_json(), catalogue)
    errors = [sum(p.severity == "error" for p in one.problems) for one in (state.report, found)]
    mended = {(p.code, p.message, *place_of(raw, p.path)) for p in problems}
    if errors[1] > errors[0] or mended & set(_keys(found, fixed)):
        return None
    notes = tuple(f"Mended: {problem.message}" for problem in problems)
    return Mended(fixed, found, (), (*state.notes, *notes))


def _keys(found: Report, definition: Definition) -> Iterator[Key]:
    """What makes a problem the same one in another version: its code and message, the step, and the place in it."""
    raw = definition.to_json()
    for problem in found.problems:
        yield problem.code, problem.message, *place_of(raw, problem.path)


def place_of(raw: dict[str, Any], pointer: str) -> tuple[str, str]:
    """The id of the innermost step at `pointer` ('' for none), and the rest of the pointer inside it."""
    head, tail = pointer, ""
    while head:
        found = at(raw, head) if _exists(raw, head) else None
        if isinstance(found, dict) and "type" in found and "id" in found:
            return str(found["id"]), tail
        cut = head.rfind("/")
        head, tail = head[:cut], head[cut:] + tail
    return "", tail


def _exists(raw: dict[str, Any], pointer: str) -> bool:
    try:
        at(raw, pointer)
    except (LookupError, ValueError):
        return False
    return True


def _rewired(before: Definition, after: Definition) -> tuple[Definition, list[str]]:
    """References to the output of a step that is gone read what that step had read."""
    left = {step.id for _, step in walk(after.steps)}
    gone = {step.id: step for _, step in walk(before.steps) if step.id not in left}
    if not gone:
        return after, []
    notes: list[str] = []
    raw = _replaced(after.to_json(), "", gone, notes)
    return (normalise(raw), list(dict.fromkeys(notes))) if notes else (after, [])


def _replaced(value: Any, step: str, gone: dict[str, Step], notes: list[str]) -> Any:
    if isinstance(value, dict):
        inner = value["id"] if "id" in value and "type" in value else step
        return {key: _replaced(item, inner, gone, notes) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, step, gone, notes) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value

    def redirected(match: re.Match[str]) -> str:
        if match[1] not in gone:
            return match[0]
        source = _read_by(match[1], gone)
        reader = f"The step {step!r}" if step else "The output"
        notes.append(f"{reader} read the output of {match[1]!r}; now it reads ${{{source}}}.")
        return source

    return _EXPRESSION.sub(lambda found: _OUTPUT.sub(redirected, found[0]), value)


def _read_by(step_id: str, gone: dict[str, Step]) -> str:
    """What a step that is gone read last, followed back to a step that is left; else the run's input."""
    seen: set[str] = set()
    while step_id in gone and step_id not in seen:
        seen.add(step_id)
        read = _OUTPUT.findall(str(_own_texts(gone[step_id])))
        if not read:
            return "user_input"
        step_id = read[-1]
    return f"steps.{step_id}.output" if step_id not in gone else "user_input"


def _own_texts(step: Step) -> list[Any]:
    raw = to_json(step)
    return [
        raw[name] for name in ("input", "arguments", "content", "over", "values") if name in raw
    ]
