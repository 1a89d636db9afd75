"""Keys of `context` that several branches, or iterations at the same time, write: joining them fails."""

from collections.abc import Iterator

from workflows.definition.checks.subject import Subject
from workflows.definition.facts import needed_successes
from workflows.definition.graph import StepList
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import LoopStep, ParallelStep, SetStep

_HINT = "Write it after the {}, from its output, or under keys of their own."


def check(subject: Subject) -> Iterator[Problem]:
    """Each key may be written by one of the lists that are joined."""
    written = _written(subject.lists)
    parallels: dict[str, dict[str, int]] = {}
    for steps in subject.lists:
        keys = written[steps.number]
        if isinstance(steps.container, ParallelStep) and needed_successes(steps.container) > 1:
            pointer = steps.pointer.rsplit("/branches/", 1)[0]
            writers = parallels.setdefault(pointer, {})
            for key in keys:
                writers[key] = writers.get(key, 0) + 1
        elif isinstance(steps.owner, LoopStep) and _is_at_once(steps.owner) and keys:
            yield _in_loop(steps.owner, steps.pointer, keys)
    for pointer, writers in parallels.items():
        for key in [key for key, count in writers.items() if count > 1]:
            message = f"Two branches write context.{key}: if both do in one run, it fails as `merge_conflict`."
            hint = _HINT.format("parallel")
            yield Problem("write_conflict", "warning", join(pointer, "branches"), message, hint)


def _is_at_once(loop: LoopStep) -> bool:
    return loop.max_concurrency > 1 and loop.max_iterations != 1


def _in_loop(loop: LoopStep, pointer: str, keys: set[str]) -> Problem:
    names = ", ".join(f"context.{key}" for key in sorted(keys)[:5])
    message = (
        f"Iterations that run at the same time write {names}: two that do fail as `merge_conflict`."
    )
    where = join(pointer, "max_concurrency")
    return Problem("write_conflict", "warning", where, message, _HINT.format("loop"))


def _written(lists: list[StepList]) -> list[set[str]]:
    """Per list the keys that its steps, and those inside them, may write."""
    written: list[set[str]] = [set() for _ in lists]
    for steps in reversed(lists):
        for step in steps.steps:
            if isinstance(step, SetStep):
                written[steps.number].update(step.values, step.compute)
        if steps.parent is not None:
            written[steps.parent] |= written[steps.number]
    return written
