"""References into values that can't have what is looked for."""

from collections.abc import Iterator

from workflows.definition.checks.patches import Patch, redirected
from workflows.definition.checks.subject import Subject
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.references import Reference
from workflows.definition.steps import AgentStep
from workflows.definition.uses import Use
from workflows.definition.value_shapes import TEXT, Impossible, output_shape, reference_shape, walk


def check(subject: Subject) -> Iterator[Problem]:
    """A path beyond a step's output must be possible by the schema of that output."""
    steps = {name: place.step for name, place in subject.places.items()}
    for use in subject.flow.uses:
        for reference in use.expression.references:
            shape, length = reference_shape(reference, steps, subject.definition, subject.catalogue)
            _, found = walk(shape, reference.path[length:])
            if found is not None:
                yield from _problems(found, reference, length, use, subject)


def _problems(
    found: Impossible, reference: Reference, length: int, use: Use, subject: Subject
) -> Iterator[Problem]:
    key = str(found.key)
    near = subject.nearest(key, found.known) if found.known else None
    if not found.is_certain and near is None:
        return
    fix = None
    if near is not None:
        right = with_key(reference, length + found.place, near)
        fix = redirected(subject, use, reference, right) if right else None
    elif _is_free_text(reference, length, found, subject):
        fix = _schema_for(reference, subject)
    hint = f"Did you mean {near!r}?" if near else _hint(found)
    if not found.is_certain:
        message = f"${{{reference.text}}}: the schema does not mention {key[:60]!r}."
        yield Problem("unlisted_value", "warning", use.pointer, message, hint, fix)
        return
    message = f"${{{reference.text}}}: there can be no {key[:60]!r} in this value ({found.type})."
    yield Problem("no_such_value", "error", use.pointer, message, hint, fix)


def _hint(found: Impossible) -> str:
    if found.known:
        return f"It has {', '.join(list(found.known)[:20])}."
    if found.type == "string":
        return (
            "Text has no parts; give the step an `output_schema` if it is to answer with an object."
        )
    return ""


def with_key(reference: Reference, place: int, key: str) -> str | None:
    """The reference's text with another key at `place` of its path; null where that can't be written."""
    if not key.replace("-", "_").isidentifier():
        return None
    path = [*reference.path]
    path[place] = key
    return reference.root + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)


def _is_free_text(reference: Reference, length: int, found: Impossible, subject: Subject) -> bool:
    """Whether one key is looked for in the text of an agent that could answer with an object instead."""
    if reference.root != "steps" or found.place or len(reference.path) != length + 1:
        return False
    place = subject.places.get(str(reference.path[0]))
    return (
        place is not None
        and isinstance(place.step, AgentStep)
        and isinstance(found.key, str)
        and output_shape(place.step, subject.catalogue) is TEXT
    )


def _schema_for(reference: Reference, subject: Subject) -> Patch:
    place = subject.places[str(reference.path[0])]
    key = str(reference.path[-1])
    schema = {"type": "object", "properties": {key: {}}, "required": [key]}
    return ({"op": "add", "path": join(place.pointer, "output_schema"), "value": schema},)
