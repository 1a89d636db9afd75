"""References that lead elsewhere, in all who read what has moved."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from generation.refining.granting.ground import NotUnderstood
from generation.refining.operations import Operation, SetSetting, UpdateStep
from workflows.definition.steps import Definition, ParallelStep, to_json, walk

_EXPRESSION = re.compile(r"\$\{[^}]*\}")
# Told by the flow, not read.
_NOT_READ = frozenset({"id", "type", "next", "steps", "branches", "entry_step", "on_error"})


def reread(
    definition: Definition, moved: Mapping[str, str], *, but: Collection[str] = ()
) -> list[Operation]:
    """Operations after which everything but the steps `but` reads `moved[reference]` where it read `reference`."""
    operations: list[Operation] = []
    for _, step in walk(definition.steps):
        if isinstance(step, ParallelStep) and any(
            with_moved(branch.output, moved) != branch.output for branch in step.branches
        ):
            raise NotUnderstood(
                f"an output of the parallel {step.id!r} reads it: change that first."
            )
        if step.id in but:
            continue
        fields = {n: v for n, v in to_json(step).items() if n not in _NOT_READ}
        changed = {n: new for n, v in fields.items() if (new := with_moved(v, moved)) != v}
        operations += [UpdateStep(step.id, changed)] if changed else []
    output = with_moved(definition.output, moved)
    return [*operations, *([SetSetting("output", output)] if output != definition.output else [])]


def with_moved(value: Any, moved: Mapping[str, str]) -> Any:
    """A JSON value with the references in its templates replaced."""
    match value:
        case str() if "${" in value:
            return _EXPRESSION.sub(lambda found: _replaced(found[0], moved), value)
        case list():
            return [with_moved(item, moved) for item in value]
        case dict():
            return {name: with_moved(item, moved) for name, item in value.items()}
    return value


def _replaced(expression: str, moved: Mapping[str, str]) -> str:
    for old, new in moved.items():
        # Ids hold no backslash, so the replacement is taken as it is.
        expression = re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w-])", new, expression)
    return expression
