"""Where a step goes when its author did not say: the rules of docs/definition-language.md, 2.

These work on steps as they were sent, so any field may be missing or of a wrong type; such steps are passed over and
reported elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workflows.definition.steps import END

ON_ERROR_WORDS = frozenset({"fail", "skip"})


@dataclass
class Flow:
    """What was inferred for one list: per index the `next` or `default` to add, and which of them skipped an element.

    `origins` tells which conditional's `next` a step's `next` or default was taken from.
    """

    nexts: dict[int, str] = field(default_factory=dict)
    defaults: dict[int, str] = field(default_factory=dict)
    origins: dict[int, int] = field(default_factory=dict)
    guesses: set[int] = field(default_factory=set)


def infer(steps: list[Any]) -> Flow:
    """The missing `next` and `default` of the steps of one list, in time linear in the list."""
    return _Inference(steps).run()


def arm_targets(step: dict[str, Any]) -> Iterator[str]:
    """The step ids that a conditional's arms and default name."""
    branches = step.get("conditional_branches")
    if isinstance(branches, dict):
        yield from (target for target in branches.values() if isinstance(target, str))
    conditions = step.get("conditions")
    if isinstance(conditions, list):
        yield from _nexts(conditions)
    if isinstance(step.get("default"), str):
        yield step["default"]


def error_targets(step: dict[str, Any]) -> Iterator[str]:
    """The step ids that an `on_error` names."""
    on_error = step.get("on_error")
    if isinstance(on_error, list):
        yield from _nexts(on_error)
    elif isinstance(on_error, str) and on_error not in ON_ERROR_WORDS:
        yield on_error


def reject_targets(step: dict[str, Any]) -> Iterator[str]:
    """The step id that an approval's `on_reject` names."""
    on_reject = step.get("on_reject")
    if isinstance(on_reject, str) and on_reject != "fail":
        yield on_reject


def _nexts(arms: list[Any]) -> Iterator[str]:
    for arm in arms:
        if isinstance(arm, dict) and isinstance(arm.get("next"), str):
            yield arm["next"]


class _Inference:
    """One list, looked at once from each side."""

    def __init__(self, steps: list[Any]) -> None:
        self.steps = [step if isinstance(step, dict) else {} for step in steps]
        self.index: dict[str, int] = {}
        for number, step in enumerate(self.steps):
            if isinstance(step.get("id"), str):
                self.index.setdefault(step["id"], number)
        self.forward = self._forward_targets()
        self.flow = Flow()
        # Conditionals at the end of an arm: where their own arms meet, and whose `next` says so.
        self.inherited: dict[int, tuple[str, int]] = {}
        self.visited: set[int] = set()

    def run(self) -> Flow:
        for number, step in enumerate(self.steps):
            if step.get("type") == "conditional":
                self._join_arms(number, step)
        following = self._following()
        for number, step in enumerate(self.steps):
            if step.get("type") in ("conditional", "end") or number in self.flow.nexts:
                continue
            if "next" in step:
                if step["next"] is None:
                    self.flow.nexts[number] = END
                continue
            target = following[number + 1]
            self.flow.nexts[number] = self._id(target)
            if target != number + 1:
                self.flow.guesses.add(number)
        return self.flow

    def _id(self, number: int) -> str:
        identifier = self.steps[number].get("id") if number < len(self.steps) else None
        return identifier if isinstance(identifier, str) else END

    def _forward_targets(self) -> set[int]:
        """Elements that an earlier element of the list names: one gets there by choice or error, not by falling through."""
        found: set[int] = set()
        for number, step in enumerate(self.steps):
            named = [*error_targets(step), *reject_targets(step)]
            if step.get("type") == "conditional":
                named += arm_targets(step)
            found.update(
                self.index[target] for target in named if self.index.get(target, -1) > number
            )
        return found

    def _following(self) -> list[int]:
        """Per index the first element from there on that is no forward target; the length where there is none."""
        count = len(self.steps)
        result = [count] * (count + 1)
        for number in range(count - 1, -1, -1):
            result[number] = result[number + 1] if number in self.forward else number
        return result

    def _join_arms(self, number: int, step: dict[str, Any]) -> None:
        meeting, origin = step.get("next"), number
        if meeting is None:
            meeting, origin = self.inherited.get(number, (None, number))
        if not isinstance(meeting, str):
            return
        for target in arm_targets(step):
            start = self.index.get(target, -1)
            if start > number:
                self._join_arm(start, meeting, origin)
        if step.get("default") is None:
            self.flow.defaults[number] = meeting
            self.flow.origins[number] = origin

    def _join_arm(self, start: int, meeting: str, origin: int) -> None:
        """Lead the last step of the arm that begins at `start` to the meeting point."""
        here: int | None = start
        while here is not None and here not in self.visited and self._id(here) != meeting:
            self.visited.add(here)
            here = self._continue_arm(here, meeting, origin)

    def _continue_arm(self, here: int, meeting: str, origin: int) -> int | None:
        """The arm's element behind `here`; none where the arm ends, which is then led to the meeting point."""
        step = self.steps[here]
        if step.get("type") == "conditional":
            inner = step.get("next")
            if inner is None:
                self.inherited[here] = (meeting, origin)
                return None
            after = self.index.get(inner, -1) if isinstance(inner, str) else -1
            return after if after > here else None
        if "next" in step or step.get("type") == "end":
            return None
        following = here + 1
        is_last = following >= len(self.steps) or following in self.forward
        if is_last or self._id(following) == meeting:
            self.flow.nexts[here] = meeting
            self.flow.origins[here] = origin
            return None
        return following
