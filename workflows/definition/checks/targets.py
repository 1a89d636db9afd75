"""Jumps: unknown targets, what can't be reached, and lists that can't end."""

from collections.abc import Iterator

from workflows.definition.checks.subject import Subject
from workflows.definition.graph import StepList, edges, reachable, reaches_end
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import END


def check(subject: Subject) -> Iterator[Problem]:
    """Every edge must lead to a step of its own list, or to its end."""
    for steps in subject.lists:
        yield from _entry(steps, subject)
        for number, step in enumerate(steps.steps):
            for edge in edges(step, steps.step_pointer(number)):
                place = steps.index.get(edge.target)
                if place is None and edge.target != END:
                    yield _unknown(edge.target, edge.pointer, steps, subject)
                elif place is not None and place <= number:
                    message = f"This leads back to {edge.target!r}; `limits.max_steps` bounds it."
                    yield Problem("back_edge", "note", edge.pointer, message)
        yield from _reach(steps)


def _entry(steps: StepList, subject: Subject) -> Iterator[Problem]:
    entry = steps.owner.entry_step
    if entry is not None and entry not in steps.index:
        yield _unknown(entry, join(steps.pointer, "entry_step"), steps, subject)


def _unknown(target: str, pointer: str, steps: StepList, subject: Subject) -> Problem:
    if target in subject.places:
        message = (
            f"{target[:100]!r} is a step of another list; jumps stay inside their branch or loop."
        )
        hint = "Let the branch or loop end, and let the step around it go on."
        return Problem("crosses_border", "error", pointer, message, hint)
    near = subject.nearest(target, steps.index)
    hint = f"Did you mean {near!r}?" if near else f"Steps of this list: {_names(steps)}."
    fix = ({"op": "replace", "path": pointer, "value": near},) if near else None
    message = f"No step is called {target[:100]!r}."
    return Problem("unknown_target", "error", pointer, message, hint, fix)


def _names(steps: StepList) -> str:
    names = list(steps.index)
    return ", ".join(names[:10]) + (" …" if len(names) > 10 else "")


def _reach(steps: StepList) -> Iterator[Problem]:
    places = reachable(steps)
    if not places:
        return
    for number, step in enumerate(steps.steps):
        if number not in places:
            message = f"{step.id!r} is never reached: no step leads to it."
            hint = "Name it in a `next`, a choice or an `on_error`, or remove it."
            where = steps.step_pointer(number)
            yield Problem("unreachable_step", "error", where, message, hint)
    if not reaches_end(steps, places):
        where = join(steps.pointer, "steps")
        message = "This list can't end: every path leads back."
        hint = 'Let one of its steps go to "end".'
        yield Problem("no_end", "warning", where, message, hint)
