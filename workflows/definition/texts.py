"""Where templates and conditions may stand in a definition, and whether they parse."""

from collections.abc import Iterator
from typing import Any

from workflows.definition.conditions import ConditionSyntaxError, check_condition
from workflows.definition.fields import COMPUTED_FIELDS, CONDITION_FIELDS, TEMPLATE_FIELDS
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.references import TemplateSyntaxError, parse_template

_STRUCTURE = frozenset({"steps", "branches", "conditions"})


def text_problems(canonical: dict[str, Any]) -> Iterator[Problem]:
    """Templates and conditions that do not parse, and `${` where none may stand; pointers into the canonical form."""
    yield from _part(canonical, TEMPLATE_FIELDS["definition"], "")


def _part(part: dict[str, Any], templates: frozenset[str], pointer: str) -> Iterator[Problem]:
    for name, value in part.items():
        here = join(pointer, name)
        if name in _STRUCTURE and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _item(name, item, f"{here}/{index}")
        elif name in templates:
            yield from _templates(value, here)
        elif name in CONDITION_FIELDS and isinstance(value, str):
            yield from _condition(value, here)
        elif name in COMPUTED_FIELDS and isinstance(value, dict):
            yield from _computed(value, here)
        else:
            yield from _plain(value, here)


def _item(name: str, item: Any, pointer: str) -> Iterator[Problem]:
    if not isinstance(item, dict):
        return
    if name == "conditions":
        if isinstance(item.get("when"), str):
            yield from _condition(item["when"], f"{pointer}/when")
        return
    kind = "branch" if name == "branches" else item.get("type")
    if isinstance(kind, str) and kind in TEMPLATE_FIELDS:
        yield from _part(item, TEMPLATE_FIELDS[kind], pointer)


def _templates(value: Any, pointer: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if "${" in value:
            try:
                parse_template(value)
            except TemplateSyntaxError as error:
                yield Problem("template_syntax", "error", pointer, str(error))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _templates(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            if "${" in key:
                yield _misplaced(join(pointer, key))
            yield from _templates(item, join(pointer, key))


def _condition(text: str, pointer: str) -> Iterator[Problem]:
    try:
        check_condition(text)
    except ConditionSyntaxError as error:
        yield Problem("condition_syntax", "error", pointer, str(error))


def _computed(values: dict[str, Any], pointer: str) -> Iterator[Problem]:
    for key, text in values.items():
        here = join(pointer, key)
        if "${" in key:
            yield _misplaced(here)
        if isinstance(text, str):
            yield from _condition(text, here)


def _plain(value: Any, pointer: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if "${" in value:
            yield _misplaced(pointer)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _plain(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            if "${" in key:
                yield _misplaced(join(pointer, key))
            yield from _plain(item, join(pointer, key))


def _misplaced(pointer: str) -> Problem:
    return Problem(
        "template_not_allowed",
        "error",
        pointer,
        "No template may stand here: ${ is read only in inputs, arguments, outputs and conditions.",
        "Put the reference into the step's `input` or `arguments` instead.",
    )
