"""The control-flow graph of a definition: its lists of steps, and the edges inside each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from workflows.definition.plain_json import join
from workflows.definition.steps import (
    ApprovalStep,
    Branch,
    ConditionalStep,
    Definition,
    EndStep,
    ErrorKind,
    LoopStep,
    ParallelStep,
    Step,
)

EdgeKind = Literal["next", "choice", "default", "reject", "error"]


@dataclass(frozen=True)
class Edge:
    """One way from a step to another of its list, or to `end`; `pointer` is where the definition says so.

    `label` is for people: the text or condition of a choice, the error kinds of an error edge.
    """

    source: str
    target: str
    kind: EdgeKind
    label: str
    pointer: str


@dataclass(frozen=True)
class StepList:
    """The steps of a definition, a branch or a loop; jumps stay within it.

    `pointer` is that of `owner`; `container` the parallel or loop around it, `parent` the number of the list that
    holds the container at `place`. For the outermost list, which is number 0, there is none.
    """

    number: int
    pointer: str
    owner: Definition | Branch | LoopStep
    container: ParallelStep | LoopStep | None = None
    parent: int | None = None
    place: int = 0

    @property
    def steps(self) -> list[Step]:
        return self.owner.steps

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each step; of several with one id, the first."""
        found: dict[str, int] = {}
        for number, step in enumerate(self.steps):
            found.setdefault(step.id, number)
        return found

    def step_pointer(self, number: int) -> str:
        """The pointer of the list's step at `number`."""
        return f"{self.pointer}/steps/{number}"


def step_lists(definition: Definition) -> list[StepList]:
    """All lists of steps in document order, containers before what they hold."""
    found: list[StepList] = []
    _collect(StepList(0, "", definition), found)
    return found


def _collect(steps: StepList, found: list[StepList]) -> None:
    found.append(steps)
    for number, step in enumerate(steps.steps):
        pointer = steps.step_pointer(number)
        if isinstance(step, ParallelStep):
            for place, branch in enumerate(step.branches):
                inner = f"{pointer}/branches/{place}"
                _collect(StepList(len(found), inner, branch, step, steps.number, number), found)
        elif isinstance(step, LoopStep):
            _collect(StepList(len(found), pointer, step, step, steps.number, number), found)


def edges(step: Step, pointer: str = "") -> Iterator[Edge]:
    """The ways out of `step`, whose own pointer is `pointer`, in the order in which they are tried."""
    if isinstance(step, EndStep):
        return
    if isinstance(step, ConditionalStep):
        yield from _choices(step, pointer)
    else:
        yield Edge(step.id, step.next, "next", "", join(pointer, "next"))
    if isinstance(step, ApprovalStep) and step.on_reject != "fail":
        yield Edge(step.id, step.on_reject, "reject", "rejected", join(pointer, "on_reject"))
    for place, target, kinds in error_arms(step):
        label = ", ".join(kinds) or "error"
        yield Edge(step.id, target, "error", label, pointer + place)


def error_arms(step: Step) -> Iterator[tuple[str, str, list[ErrorKind]]]:
    """Where `on_error` leads: pointer within the step, target, and the kinds it takes (none: all)."""
    if isinstance(step, EndStep):
        return
    if isinstance(step.on_error, list):
        for number, arm in enumerate(step.on_error):
            yield f"/on_error/{number}/next", arm.next, arm.match
    elif step.on_error not in ("fail", "skip"):
        yield "/on_error", step.on_error, []


def _choices(step: ConditionalStep, pointer: str) -> Iterator[Edge]:
    for text, target in (step.conditional_branches or {}).items():
        yield Edge(step.id, target, "choice", text, join(pointer, "conditional_branches", text))
    for number, arm in enumerate(step.conditions or []):
        place = join(pointer, "conditions", number, "next")
        yield Edge(step.id, arm.next, "choice", arm.when, place)
    if step.default is not None:
        yield Edge(step.id, step.default, "default", "else", join(pointer, "default"))


def reachable(steps: StepList) -> set[int]:
    """The places in the list that can be reached from its entry."""
    start = steps.index.get(steps.owner.entry_step or "")
    if start is None:
        return set()
    found, pending = {start}, [start]
    while pending:
        for edge in edges(steps.steps[pending.pop()]):
            target = steps.index.get(edge.target)
            if target is not None and target not in found:
                found.add(target)
                pending.append(target)
    return found


def reaches_end(steps: StepList, places: set[int]) -> bool:
    """Whether one of `places` can end the list; where a target is unknown, it may be meant to."""
    return any(
        isinstance(steps.steps[place], EndStep)
        or any(edge.target not in steps.index for edge in edges(steps.steps[place]))
        for place in places
    )
