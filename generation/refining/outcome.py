"""The answer of a refinement: the new definition, what changes in it, and everything else computed from it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from generation.refining.application import apply_operations, with_suggested
from generation.refining.mending import Key, mend, problems_of
from generation.refining.operations import Operation, SuggestAgent, to_json
from workflows.definition.catalogue import Catalogue
from workflows.definition.diff import Difference, EdgeChange, FieldChange, StepChange, difference
from workflows.definition.problems import Problem
from workflows.definition.steps import (
    ConditionalStep,
    Definition,
    LoopStep,
    ParallelStep,
    walk,
)
from workflows.definition.validate import Report
from workflows.uses import used_agents, used_servers

UNCHANGED = "Nothing was changed."


@dataclass(frozen=True)
class Refined:
    """What operations make of a definition; `new_problems` are those that were not there before."""

    before: Definition
    definition: Definition
    operations: tuple[Operation, ...]
    report: Report
    notes: tuple[str, ...]
    new_problems: tuple[Problem, ...]

    @property
    def new_errors(self) -> list[Problem]:
        """Those that keep the result from running."""
        return [problem for problem in self.new_problems if problem.severity == "error"]

    @property
    def difference(self) -> Difference:
        """What it changes, in the words of the language."""
        return difference(self.before, self.definition)


def refined(
    before: Definition,
    operations: Sequence[Operation],
    catalogue: Catalogue,
    *,
    known: frozenset[Key] | None = None,
) -> Refined:
    """`before` after `operations` and the mechanical fixes of what they broke; raises `OperationsRefused`.

    `known` are the `problems_of` `before`, where the caller has them already.
    """
    usable = with_suggested(catalogue, operations)
    changed = apply_operations(before, operations, catalogue)
    found = problems_of(before, usable) if known is None else known
    mended = mend(changed, usable, before=before, known=found)
    return Refined(
        before, mended.definition, tuple(operations), mended.report, mended.notes, mended.fresh
    )


def unchanged(before: Definition, report: Report) -> Refined:
    """The outcome of an instruction that changes nothing."""
    return Refined(before, before, (), report, (), ())


def contract(
    made: Refined, catalogue: Catalogue, *, version: int, explanation: str, warnings: Sequence[str]
) -> dict[str, Any]:
    """The `result` that the API shows, keeps and applies; `version` is the one that was refined."""
    definition, found = made.definition, made.report
    told = changes(made.difference)
    steps = [step.id for _, step in walk(definition.steps)]
    used = used_agents(definition)
    suggested = [one for one in made.operations if isinstance(one, SuggestAgent) and one.id in used]
    return {
        "workflow": definition.to_json(),
        "agents_to_create": [_agent(one) for one in suggested if one.id not in catalogue.agents],
        "existing_agents_used": sorted(used & set(catalogue.agents)),
        "mcps_suggested": [],
        "existing_mcps_used": sorted(used_servers(definition) & set(catalogue.servers)),
        "explanation": explanation or _told(told),
        "warnings": list(dict.fromkeys([*warnings, *made.notes])),
        "estimated_complexity": _complexity(definition),
        "ready_steps": [step for step in steps if step not in found.blocked_steps],
        "blocked_steps": found.blocked_steps,
        "can_execute": found.can_execute,
        "refines": {"workflow_id": made.before.id, "version": version},
        "changes": told,
        "operations": [to_json(operation) for operation in made.operations],
    }


def changes(change: Difference) -> list[dict[str, Any]]:
    """Each change as one entry with `kind` (step, edge, setting) and a sentence; steps first. An edge's own is `edge_kind`."""
    found = [{"kind": "step", "text": _step_text(one), **_plain(one)} for one in change.steps]
    found += [
        _plain(one) | {"kind": "edge", "edge_kind": one.kind, "text": _edge_text(one)}
        for one in change.edges
    ]
    for one in change.settings:
        name = one.path.split("/")[1]
        text = f"Changed the workflow's {name.replace('_', ' ')}."
        found.append({"kind": "setting", "change": "changed", "text": text, **_plain(one)})
    return found


def _plain(one: StepChange | EdgeChange | FieldChange) -> dict[str, Any]:
    plain = asdict(one)
    return plain | {"fields": list(plain["fields"])} if "fields" in plain else plain


def _step_text(one: StepChange) -> str:
    shown = f"{one.step!r}" + (f" ({one.name})" if one.name and one.name != one.step else "")
    if one.change == "added":
        where = f" in {one.container!r}" if one.container else ""
        return f"Added the {one.type} step {shown}{where}."
    if one.change == "removed":
        return f"Removed the {one.type} step {shown}."
    names = dict.fromkeys(field.path.split("/")[1] for field in one.fields)
    if list(names) == ["container"]:
        return (
            f"Moved the step {shown} into {one.container!r}."
            if one.container
            else f"Moved the step {shown} out."
        )
    return f"Changed {', '.join(names)} of the step {shown}."


def _edge_text(one: EdgeChange) -> str:
    source = repr(one.source) if one.source else "the workflow"
    if one.kind == "entry":
        verb = "begins" if one.change == "added" else "no longer begins"
        return (
            f"{source} {verb} with {one.target!r}.".capitalize()
            if not one.source
            else f"{source} {verb} with {one.target!r}."
        )
    label = f" ({one.label})" if one.label else ""
    verb = "goes on" if one.change == "added" else "no longer goes on"
    return f"{source}{label} {verb} to {one.target!r}."


def _told(told: Sequence[dict[str, Any]]) -> str:
    """The steps and settings in sentences; edges only where nothing else changed."""
    main = [one["text"] for one in told if one["kind"] != "edge"] or [one["text"] for one in told]
    return " ".join(main[:12]) or UNCHANGED


def _agent(one: SuggestAgent) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name or one.id, "description": one.description, "agent_type": "chat",
        "role": one.name, "goal": one.description, "instructions": one.instructions, "tools": [],
    }  # fmt: skip


def _complexity(definition: Definition) -> str:
    steps = [step for _, step in walk(definition.steps)]
    has_control = any(isinstance(s, ParallelStep | ConditionalStep | LoopStep) for s in steps)
    if len(steps) <= 3 and not has_control:
        return "simple"
    return "moderate" if len(steps) <= 8 else "complex"
