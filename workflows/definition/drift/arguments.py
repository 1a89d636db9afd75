"""Arguments of tool steps under the schema that their tool has now."""

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.definition.checks.arguments import argument_problems, has_template
from workflows.definition.checks.subject import Place, Subject
from workflows.definition.drift.changes import Change
from workflows.definition.drift.schema_changes import (
    alike,
    counterpart,
    described,
    is_closed,
    only_value,
    properties,
    required,
)
from workflows.definition.json_schemas import JsonSchema, UnusableSchema, Violation
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import ToolStep

Schema = Mapping[str, Any]
# Told by name here, with what became of it.
_OWN = frozenset({"required", "additionalProperties"})


def check(place: Place, change: Change, subject: Subject) -> Iterator[Problem]:
    """What the arguments of the tool step at `place` no longer are, or may no longer be."""
    step = place.step
    if not isinstance(step, ToolStep) or change.now is None:
        return
    before, now = change.before["input_schema"], change.now["input_schema"]
    if before == now:
        return
    pointer = join(place.pointer, "arguments")
    renamed = _renamed(step, before, now)
    yield from _gone(step, before, now, pointer, renamed)
    yield from _required(step, before, now, pointer, renamed)
    broken: set[str] = set()
    for problem in _violations(step, before, now, pointer, subject):
        broken.add(problem.path)
        yield problem
    yield from _doubtful(step, before, now, pointer, broken)


def _renamed(step: ToolStep, before: Schema, now: Schema) -> dict[str, str]:
    """Arguments that the tool calls differently now."""
    found = {name: counterpart(name, before, now) for name in step.arguments}
    return {name: right for name, right in found.items() if right and right not in step.arguments}


def _gone(
    step: ToolStep, before: Schema, now: Schema, pointer: str, renamed: Mapping[str, str]
) -> Iterator[Problem]:
    for name in step.arguments:
        if name in properties(now) or name not in properties(before):
            continue
        where = join(pointer, name)
        closed = is_closed(now)
        right = renamed.get(name)
        if right:
            hint = f"It takes {right!r} instead."
            fix: Any = ({"op": "move", "from": where, "path": join(pointer, right)},)
        else:
            hint = "Remove it, or say it by another argument."
            fix = ({"op": "remove", "path": where},) if closed else None
        message = f"{step.tool!r} has no argument {name[:60]!r} any more."
        if not closed:
            message = f"{step.tool!r} does not mention the argument {name[:60]!r} any more."
        severity: Any = "error" if closed else "warning"
        yield Problem("argument_gone", severity, where, message, hint, fix)


def _required(
    step: ToolStep, before: Schema, now: Schema, pointer: str, renamed: Mapping[str, str]
) -> Iterator[Problem]:
    for name in required(now):
        if name in step.arguments or name in required(before) or name in renamed.values():
            continue
        schema = properties(now).get(name)
        where = join(pointer, name)
        value = only_value(schema)
        fix = ({"op": "add", "path": where, "value": value[0]},) if value else None
        message = (
            f"{step.tool!r} now needs the argument {name[:60]!r}, which this step does not give."
        )
        hint = f"Add it: {described(schema)}."
        yield Problem("argument_required", "error", pointer, message, hint, fix)


def _violations(
    step: ToolStep, before: Schema, now: Schema, pointer: str, subject: Subject
) -> Iterator[Problem]:
    try:
        found = JsonSchema(now).violations(step.arguments)
        known = {_said(one) for one in JsonSchema(before).violations(step.arguments)}
    except UnusableSchema as error:
        message = f"The arguments of {step.tool!r} can't be checked any more: {error}"
        yield Problem("schema_unusable", "warning", pointer, message)
        return
    new = [
        one
        for one in found
        if _said(one) not in known and not (one.keyword in _OWN and not one.path)
    ]
    yield from argument_problems(step, new, pointer, subject.nearest)


def _said(violation: Violation) -> tuple[Any, ...]:
    return violation.path, violation.keyword, violation.message


def _doubtful(
    step: ToolStep, before: Schema, now: Schema, pointer: str, broken: set[str]
) -> Iterator[Problem]:
    """Templated arguments whose schema is another: what they give is known only when it runs."""
    old, new = properties(before), properties(now)
    for name, value in step.arguments.items():
        where = join(pointer, name)
        is_told = any(f"{path}/".startswith(f"{where}/") for path in broken)
        if name not in old or name not in new or is_told or not has_template(value):
            continue
        if not alike(old[name], new[name]):
            message = (
                f"{step.tool!r} takes something else as {name[:60]!r} now: {described(new[name])}, "
                f"before {described(old[name])}."
            )
            hint = "Look at what the reference gives."
            yield Problem("argument_changed", "warning", where, message, hint)
