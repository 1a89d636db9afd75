"""Which fields each part of a definition may have, which of them hold templates or conditions, and misspelt ones."""

import difflib
from collections.abc import Collection, Iterator
from typing import Final

from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import (
    AgentStep,
    ApprovalStep,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    SetStep,
    ToolStep,
    WaitStep,
    WorkflowStep,
)

StepClass = (
    type[AgentStep]
    | type[ToolStep]
    | type[ParallelStep]
    | type[ConditionalStep]
    | type[LoopStep]
    | type[ApprovalStep]
    | type[WaitStep]
    | type[SetStep]
    | type[WorkflowStep]
    | type[EndStep]
)

STEP_CLASSES: Final[dict[str, StepClass]] = {
    "agent": AgentStep,
    "tool": ToolStep,
    "parallel": ParallelStep,
    "conditional": ConditionalStep,
    "loop": LoopStep,
    "approval": ApprovalStep,
    "wait": WaitStep,
    "set": SetStep,
    "workflow": WorkflowStep,
    "end": EndStep,
}

# What input may have beyond the canonical form.
_SHORTHAND: Final[dict[str, tuple[str, ...]]] = {
    "agent": ("retries",),
    "tool": ("retries",),
    "conditional": ("next",),
}
STEP_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    name: (*cls.model_fields, *_SHORTHAND.get(name, ())) for name, cls in STEP_CLASSES.items()
}
DEFINITION_FIELDS: Final = tuple(Definition.model_fields)

# Fields whose strings, nested ones too, are templates; the rest of a definition holds none.
TEMPLATE_FIELDS: Final[dict[str, frozenset[str]]] = {
    "definition": frozenset({"context", "output"}),
    "branch": frozenset({"output"}),
    "agent": frozenset({"input"}),
    "tool": frozenset({"arguments"}),
    "parallel": frozenset(),
    "conditional": frozenset({"condition_source"}),
    "loop": frozenset({"over", "output"}),
    "approval": frozenset({"approval_message", "content"}),
    "wait": frozenset({"until"}),
    "set": frozenset({"values"}),
    "workflow": frozenset({"input", "context"}),
    "end": frozenset({"output", "error"}),
}
# Fields that are CEL over references (`conditions[].when` is another), and those whose values are.
CONDITION_FIELDS: Final = frozenset({"exit_condition", "break_condition"})
COMPUTED_FIELDS: Final = frozenset({"compute"})


def unknown_fields(
    part: dict[str, object], known: Collection[str], pointer: str, what: str
) -> Iterator[Problem]:
    """A problem for each key of `part` that is none of `known`, with a `fix` where a known one is near and free."""
    for key in part:
        if key in known:
            continue
        here = join(pointer, key)
        near = nearest(key, known)
        hint = f"Did you mean {near!r}?" if near else f"Known are: {', '.join(known)}."
        fix = None
        if near and near not in part:
            fix = ({"op": "move", "from": here, "path": join(pointer, near)},)
        yield Problem(
            "unknown_field", "error", here, f"{what} has no field {key[:60]!r}.", hint, fix
        )


def nearest(name: str, known: Collection[str]) -> str | None:
    """The one of `known` that `name` was probably meant to be. Bounded: long names are cut."""
    found = difflib.get_close_matches(name[:60], list(known)[:1_000], n=1, cutoff=0.6)
    return found[0] if found else None
