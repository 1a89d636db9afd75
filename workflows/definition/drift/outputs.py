"""References into outputs whose schema is another now."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from workflows.definition.checks.subject import Subject
from workflows.definition.checks.value_paths import with_key
from workflows.definition.drift.changes import Change, Key
from workflows.definition.drift.schema_changes import counterpart, described
from workflows.definition.plain_json import at
from workflows.definition.problems import Problem
from workflows.definition.references import Reference, replace_expression
from workflows.definition.steps import AgentStep, Step, ToolStep
from workflows.definition.uses import Use
from workflows.definition.value_shapes import Impossible, reference_shape, types_of, walk


def check(
    before: Subject, now: Subject, changes: Mapping[Key, Change]
) -> Iterator[tuple[Problem, Change]]:
    """What references find no longer, or find as another type; with the change that is to blame."""
    texts: dict[str, str] = {}
    found = [
        (problem, change)
        for use in before.flow.uses
        for reference in use.expression.references
        for change in _to_blame(reference, before, changes)
        for problem in _problems(use, reference, before, now, texts)
    ]
    for problem, change in found:
        # Several references in one text are mended together: each replaces the whole text.
        fix = _replacing(problem.path, texts) if problem.fix else None
        yield replace(problem, fix=fix), change


def _to_blame(
    reference: Reference, subject: Subject, changes: Mapping[Key, Change]
) -> Iterator[Change]:
    if reference.root != "steps" or reference.path[1] != "output":
        return
    place = subject.places.get(str(reference.path[0]))
    change = changes.get(_source(place.step)) if place is not None else None
    if change is not None and change.now is not None:
        yield change


def _source(step: Step) -> Key:
    """Whose output schema the step's output has."""
    if isinstance(step, ToolStep) and step.tool:
        return "tool", step.tool
    if isinstance(step, AgentStep) and step.agent_id and step.output_schema is None:
        return "agent", step.agent_id
    return "", ""


def _problems(
    use: Use, reference: Reference, before: Subject, now: Subject, texts: dict[str, str]
) -> Iterator[Problem]:
    steps = {name: place.step for name, place in before.places.items()}
    old_shape, length = reference_shape(reference, steps, before.definition, before.catalogue)
    new_shape, _ = reference_shape(reference, steps, now.definition, now.catalogue)
    path = reference.path[length:]
    old, was_impossible = walk(old_shape, path)
    new, impossible = walk(new_shape, path)
    if was_impossible is not None:
        return
    if impossible is not None:
        right = _right(path, impossible, old_shape, new_shape)
        text = with_key(reference, length + impossible.place, right) if right else None
        is_mended = text is not None and _mend(use, reference, text, before, texts)
        yield _gone(use, reference, impossible, right, old is not None, is_mended)
    elif types_of(old) and types_of(new) and types_of(old) != types_of(new):
        message = f"${{{reference.text}}} is {described(new)} now; it was {described(old)}."
        hint = "Look at what this step does with it."
        yield Problem("output_changed", "warning", use.pointer, message, hint)


def _gone(
    use: Use,
    reference: Reference,
    found: Impossible,
    right: str | None,
    was_promised: bool,
    is_mended: bool,
) -> Problem:
    key = str(found.key)[:60]
    is_certain = found.is_certain or was_promised
    message = f"${{{reference.text}}}: the output has no {key!r} any more."
    known = ", ".join(list(found.known)[:20])
    hint = f"It has {known}." if known else f"It is {found.type} now."
    hint = f"It is called {right!r} now." if right else hint
    # What the patch is, is known when all references of the text were looked at.
    fix: Any = ({},) if is_mended else None
    severity: Any = "error" if is_certain else "warning"
    return Problem("output_gone", severity, use.pointer, message, hint, fix)


def _right(path: tuple[str | int, ...], found: Impossible, old: Any, new: Any) -> str | None:
    around = path[: found.place]
    return counterpart(str(found.key), walk(old, around)[0], walk(new, around)[0])


def _mend(
    use: Use, reference: Reference, right: str, subject: Subject, texts: dict[str, str]
) -> bool:
    """Write the reference differently in the text where it stands; whether that is possible."""
    text = texts.get(use.pointer) or at(subject.canonical, use.pointer)
    if not isinstance(text, str):
        return False
    parts = [right if ref == reference else ref.text for ref in use.expression.references]
    if use.expression.has_literal:
        parts.append(use.expression.literal)
    mended = replace_expression(text, use.expression, " ?? ".join(parts))
    texts[use.pointer] = mended
    return mended != text


def _replacing(pointer: str, texts: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    return ({"op": "replace", "path": pointer, "value": texts[pointer]},)
