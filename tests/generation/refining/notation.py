"""A definition's flow in one line: 'read > [image | write] > if(page / note) > send!(post)'.

Known steps are told by their id, new ones by what they use, else by their type. `[a | b]` run at the same time,
`foreach(…)`, `until(…)` and `count(…)` repeat, `if(… / …)` has its arms in order and the default last, and `!(…)` is
the way after an error.
"""

from collections.abc import Sequence
from typing import Any

from workflows.definition.graph import edges
from workflows.definition.steps import (
    AgentStep,
    ConditionalStep,
    Definition,
    LoopStep,
    ParallelStep,
    Step,
    ToolStep,
    to_json,
    walk,
)


def told(definition: Definition, before: Definition) -> str:
    """The flow of `definition`, whose steps are known by their ids if `before` had them."""
    known = {step.id for _, step in walk(before.steps)}
    return _list(definition.steps, definition.entry_step, known)


def called(step: Step, known: set[str]) -> str:
    """How a step is told."""
    if step.id in known:
        return step.id
    if isinstance(step, AgentStep):
        return step.agent_id or "agent"
    return (step.tool or "tool") if isinstance(step, ToolStep) else step.type


def parts(definition: Definition, before: Definition) -> dict[str, dict[str, Any]]:
    """The steps' JSON by what they are called in the notation."""
    known = {step.id for _, step in walk(before.steps)}
    return {called(step, known): to_json(step) for _, step in walk(definition.steps)}


def _list(steps: Sequence[Step], entry: str | None, known: set[str]) -> str:
    by_id = {step.id: step for step in steps}
    return _from(entry or "end", "end", by_id, known)


def _from(here: str, stop: str, steps: dict[str, Step], known: set[str]) -> str:
    found: list[str] = []
    while here != stop and here in steps:
        step = steps.pop(here)
        if isinstance(step, ConditionalStep):
            text, here = _choice(step, stop, steps, known)
        else:
            text, here = _one(step, stop, steps, known), getattr(step, "next", "end")
        found.append(text)
    return " > ".join(found)


def _one(step: Step, stop: str, steps: dict[str, Step], known: set[str]) -> str:
    if isinstance(step, LoopStep):
        text = f"{step.loop_mode}({_list(step.steps, step.entry_step, known)})"
    elif isinstance(step, ParallelStep):
        branches = (_list(branch.steps, branch.entry_step, known) for branch in step.branches)
        text = f"[{' | '.join(branches)}]"
    else:
        text = called(step, known)
    wrong = getattr(step, "on_error", "fail")
    if isinstance(wrong, str) and wrong in steps:
        text += f"!({_from(wrong, getattr(step, 'next', stop), steps, known)})"
    return text


def _choice(
    step: ConditionalStep, stop: str, steps: dict[str, Step], known: set[str]
) -> tuple[str, str]:
    ways = [*(step.conditional_branches or {}).values(), *(a.next for a in step.conditions or [])]
    ways.append(step.default or "end")
    reached = [_reached(way, steps) for way in ways]
    meet = next((s for s in reached[0] if all(s in other for other in reached)), stop)
    return f"if({' / '.join(_from(way, meet, steps, known) for way in ways)})", meet


def _reached(here: str, steps: dict[str, Step]) -> list[str]:
    """The steps behind `here`, nearest first."""
    found = [here]
    for name in found:
        ahead = edges(steps[name]) if name in steps else ()
        found += [e.target for e in ahead if e.kind != "error" and e.target not in found]
    return found
