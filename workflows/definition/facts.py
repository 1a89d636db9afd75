"""What a run has recorded at some point, as bits: which step has an output, a status, an error."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import and_, or_

from workflows.definition.graph import error_arms
from workflows.definition.references import Expression, Reference
from workflows.definition.steps import (
    ApprovalStep,
    ConditionalStep,
    EndStep,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
)

# A step's own record, a branch's record, a key of `context`, the error that an error path handles, or that somebody
# has approved.
Fact = tuple[str, ...]
ERROR: Fact = ("error",)
APPROVED: Fact = ("approved",)


@dataclass(frozen=True)
class Outcome:
    """One way a step can end, leading to `target`: what it surely and what it possibly records.

    A rerun that fails also removes the step's earlier output, but that needs no following: whatever path leads to the
    rerun, a shorter one leads to the same place with the first run failing, and so without that output.
    """

    target: str
    sure: int
    possible: int


@dataclass(frozen=True)
class Effect:
    """What a list leaves behind for the lists around it: `sure` if it ended well, `possible` if it was started."""

    sure: int = 0
    possible: int = 0


@dataclass
class Facts:
    """The numbering of facts. A group stands for alternatives joined by `??`: its bit says that one of them is there."""

    numbers: dict[Fact, int] = field(default_factory=dict)
    _groups: dict[int, int] = field(default_factory=dict)
    _groups_of: dict[int, int] = field(default_factory=dict)
    _grouped: int = 0

    def bit(self, *fact: str) -> int:
        """The bit of a fact, numbered on first use."""
        return 1 << self.numbers.setdefault(fact, len(self.numbers))

    def group(self, bits: int) -> int:
        """The bit that says that at least one of `bits` holds; groups are made before outcomes are."""
        if bits not in self._groups:
            own = self._groups[bits] = self.bit("any of", hex(bits))
            self._grouped |= bits
            for member in _each(bits):
                self._groups_of[member] = self._groups_of.get(member, 0) | own
        return self._groups[bits]

    def groups_of(self, bits: int) -> int:
        """The groups that one of `bits` belongs to."""
        found = 0
        for member in _each(bits & self._grouped):
            found |= self._groups_of.get(member, 0)
        return found

    def context(self, keys: Iterable[str]) -> int:
        """The bits of those keys of `context` that something refers to, with their groups."""
        bits = 0
        for key in keys:
            number = self.numbers.get(("context", key))
            bits |= 0 if number is None else 1 << number
        return bits | self.groups_of(bits)

    @cached_property
    def lasting(self) -> int:
        """The facts that outlast the list in which they came true; asked for when all groups are made."""
        bits = self.bit(*APPROVED)
        for fact, number in self.numbers.items():
            bits |= 1 << number if fact[0] == "context" else 0
        for members, own in self._groups.items():
            bits |= own if members & bits == members else 0
        return bits


def _each(bits: int) -> Iterator[int]:
    while bits:
        member = bits & -bits
        yield member
        bits ^= member


def fact_of(reference: Reference) -> Fact | None:
    """The fact that must hold for `reference` to lead somewhere, if it is about steps, `context` or the handled error."""
    if reference.root == "error":
        return ERROR
    path = reference.path
    if reference.root == "context":
        return ("context", str(path[0]))
    if reference.root != "steps":
        return None
    if path[1] == "branches":
        return ("branch", str(path[0]), str(path[2]), str(path[3]))
    return ("step", str(path[0]), str(path[1]))


def group_bits(expression: Expression, facts: Facts) -> int:
    """The bits of the alternatives of `expression`; 0 where it needs no group: one alternative, or a literal."""
    if expression.has_literal or len(expression.references) < 2:
        return 0
    bits = 0
    for reference in expression.references:
        fact = fact_of(reference)
        if fact is not None:
            bits |= facts.bit(*fact)
    return bits


def outcomes(step: Step, facts: Facts, inside: Sequence[Effect] = ()) -> list[Outcome]:
    """The ways `step` can end and go on; an error that nothing catches ends the list and is none of them.

    `inside` are the effects of a container's lists.
    """
    if isinstance(step, EndStep):
        return []
    left = _left_behind(step, facts, inside)
    output, status, error = (
        facts.bit("step", step.id, part) for part in ("output", "status", "error")
    )
    of_branches, branches = _branch_facts(step, facts)
    recorded = of_branches | output | status
    recorded |= facts.groups_of(recorded)
    sure, possible = recorded | left.sure, recorded | branches | left.sure | left.possible
    found = [Outcome(target, sure, possible) for target in _targets(step)]
    if isinstance(step, ApprovalStep) and step.on_reject != "fail":
        found.append(Outcome(step.on_reject, recorded, recorded))
    if step.on_error == "skip" and not isinstance(step, ConditionalStep):
        skipped = status | facts.groups_of(status)
        found.append(Outcome(step.next, skipped, status | error | left.possible))
    failed = error | status | facts.bit(*ERROR)
    failed |= facts.groups_of(failed)
    found += [
        Outcome(target, failed, failed | branches | left.possible)
        for target in dict.fromkeys(target for _, target, _ in error_arms(step))
    ]
    return found


def _targets(step: Step) -> list[str]:
    if isinstance(step, EndStep):
        return []
    if not isinstance(step, ConditionalStep):
        return [step.next]
    choices = [*(step.conditional_branches or {}).values()]
    choices += [arm.next for arm in step.conditions or []]
    choices += [step.default] if step.default is not None else []
    return list(dict.fromkeys(choices))


def _left_behind(step: Step, facts: Facts, inside: Sequence[Effect]) -> Effect:
    """What outlasts the step: surely if it succeeds; what is only possible may be left by its failure too."""
    match step:
        case SetStep():
            return Effect(sure=facts.context([*step.values, *step.compute]))
        case ApprovalStep():
            return Effect(sure=facts.bit(*APPROVED))
        case ParallelStep() | LoopStep():
            possible = reduce(or_, (effect.possible for effect in inside), 0)
            sure = _surely_left(step, [effect.sure for effect in inside])
            return Effect(sure | facts.groups_of(sure), possible)
        case _:
            return Effect()


def _surely_left(step: ParallelStep | LoopStep, inside: list[int]) -> int:
    """Of the facts that each of the container's lists leaves when it ends well: those that its success leaves."""
    if not inside:
        return 0
    if isinstance(step, LoopStep):
        return inside[0] if _runs_once(step) else 0
    return reduce(or_ if must_all_succeed(step) else and_, inside)


def _runs_once(step: LoopStep) -> bool:
    """Whether the loop has at least one iteration if it succeeds."""
    if step.break_condition is not None or step.max_iterations is None:
        return False
    return step.loop_mode != "foreach" or (isinstance(step.over, list) and len(step.over) > 0)


def _branch_facts(step: Step, facts: Facts) -> tuple[int, int]:
    """Of a parallel that succeeded: what surely, and what possibly, stands under `branches`."""
    if not isinstance(step, ParallelStep):
        return 0, 0
    outputs = errors = 0
    for branch in step.branches:
        outputs |= facts.bit("branch", step.id, branch.id, "output")
        outputs |= facts.bit("branch", step.id, branch.id, "status")
        errors |= facts.bit("branch", step.id, branch.id, "error")
    return (outputs if must_all_succeed(step) else 0), outputs | errors


def must_all_succeed(step: ParallelStep) -> bool:
    """Whether the parallel succeeds only if every branch does."""
    return needed_successes(step) >= len(step.branches)


def needed_successes(step: ParallelStep) -> int:
    """How many branches must succeed."""
    if step.min_success is not None:
        return step.min_success
    return 1 if step.aggregation == "first" else len(step.branches)
