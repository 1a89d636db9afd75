"""What is allowed but probably not meant, or deserves a second look."""

import re
from collections.abc import Iterator
from typing import Any

from workflows.definition.checks.subject import Place, Subject
from workflows.definition.fields import TEMPLATE_FIELDS
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.references import (
    Expression,
    Reference,
    TemplateSyntaxError,
    parse_template,
)
from workflows.definition.steps import AgentStep, ConditionalStep, ToolStep
from workflows.definition.value_shapes import TEXT, output_shape

_BRACES = re.compile(r"\{\{[ \t]{0,10}([\w.\[\]-]{1,200})[ \t]{0,10}\}\}")


def check(subject: Subject) -> Iterator[Problem]:
    """Choices by free text, destructive tools, and braces of another template language."""
    for place in subject.all_places:
        if isinstance(place.step, ConditionalStep):
            yield from _free_text(place.step, place.pointer, subject)
        elif isinstance(place.step, ToolStep):
            yield from _destructive(place.step, place, subject)
        for name in sorted(TEMPLATE_FIELDS[place.step.type]):
            value = getattr(place.step, name)
            yield from _braces(value, join(place.pointer, name))
    yield from _braces(subject.definition.output, "/output")


def _free_text(step: ConditionalStep, pointer: str, subject: Subject) -> Iterator[Problem]:
    reference = _lone_reference(step.condition_source)
    if reference is None or reference.root != "steps" or reference.path[1:] != ("output",):
        return
    place = subject.places.get(str(reference.path[0]))
    if place is None or not isinstance(place.step, AgentStep):
        return
    if output_shape(place.step, subject.catalogue) is not TEXT:
        return
    keys = list(step.conditional_branches or {})
    schema = {"type": "string", "enum": keys}
    where = join(place.pointer, "output_schema")
    fix = ({"op": "add", "path": where, "value": schema},) if keys else None
    message = f"The free text of {place.step.id!r} rarely is exactly one of the choices."
    hint = "Give that agent step an `output_schema` with the choices as enum."
    source = join(pointer, "condition_source")
    yield Problem("free_text_choice", "warning", source, message, hint, fix)


def _lone_reference(text: str | None) -> Reference | None:
    try:
        parts = parse_template(text or "")
    except TemplateSyntaxError:
        return None
    if len(parts) != 1 or not isinstance(parts[0], Expression):
        return None
    references = parts[0].references
    return references[0] if len(references) == 1 else None


def _destructive(step: ToolStep, place: Place, subject: Subject) -> Iterator[Problem]:
    tool = subject.catalogue.tools.get(step.tool or "")
    if tool is None or not tool.destructive:
        return
    if not subject.flow.is_approved(place.steps, place.number):
        message = f"{tool.id!r} can destroy things, by its server's own word, and nobody approves the call."
        hint = "Put an approval before it, on every path that leads here."
        yield Problem("destructive_tool", "warning", join(place.pointer, "tool"), message, hint)


def _braces(value: Any, pointer: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if found := _BRACES.search(value):
            message = f"{found.group()[:60]} is plain text here; references are written ${{…}}."
            fix = _dollar(value, pointer)
            yield Problem("double_braces", "note", pointer, message, fix=fix)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _braces(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _braces(item, join(pointer, key))


def _dollar(text: str, pointer: str) -> tuple[dict[str, Any], ...] | None:
    """A patch that writes all of them as references, if that gives a template."""
    value = _BRACES.sub(lambda match: f"${{{match.group(1)}}}", text)
    try:
        parse_template(value)
    except TemplateSyntaxError:
        return None
    return ({"op": "replace", "path": pointer, "value": value},)
