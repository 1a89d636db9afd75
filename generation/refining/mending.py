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


@dataclass(frozen=True)
class Mended:
    """The definition, what is still found in it, and sentences that tell what was mended."""

    definition: Definition
    report: Report
    notes: tuple[str, ...]


def mend(
    definition: Definition, catalogue: Catalogue, *, before: Definition | None = None
) -> Mended:
    """`definition` with the fixes of its problems applied, at most `MAX_FIXES`.

    With `before` only what that did not have is mended, so that nobody's untouched step changes: references to steps
    that are gone lead to what those steps read, and new problems get their patches.
    """
    notes: list[str] = []
    if before is not None:
        definition, notes = _rewired(before, definition)
    known = set(_keys(report(before.to_json(), catalogue), before)) if before else set()
    found = report(definition.to_json(), catalogue)
    for _ in range(MAX_FIXES):
        fixed = _next_fix(definition, found, catalogue, known)
        if fixed is None:
            break
        definition, found, note = fixed
        notes.append(note)
    return Mended(definition, found, tuple(notes))


def new_problems(
    found: Report, definition: Definition, before: Definition, catalogue: Catalogue
) -> list[Problem]:
    """The problems of `definition` that `before` did not have."""
    known = set(_keys(report(before.to_json(), catalogue), before))
    keyed = zip(_keys(found, definition), found.problems, strict=True)
    return [problem for key, problem in keyed if key not in known]


def _next_fix(
    definition: Definition, found: Report, catalogue: Catalogue, known: set[tuple[str, ...]]
) -> tuple[Definition, Report, str] | None:
    """The first fix that removes a problem without bringing a new error."""
    keys = list(_keys(found, definition))
    errors = sum(problem.severity == "error" for problem in found.problems)
    for key, problem in zip(keys, found.problems, strict=True):
        if problem.fix is None or key in known:
            continue
        try:
            raw = jsonpatch.apply_patch(definition.to_json(), list(problem.fix))
            fixed = normalise(raw)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, DefinitionError):
            continue
        after = report(fixed.to_json(), catalogue)
        remaining = sum(one.severity == "error" for one in after.problems)
        if key not in set(_keys(after, fixed)) and remaining <= errors:
            return fixed, after, f"Mended: {problem.message}"
    return None


def _keys(found: Report, definition: Definition) -> Iterator[tuple[str, ...]]:
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
