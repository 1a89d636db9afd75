"""What a run has recorded at some point, as bits: which step has an output, a status, an error."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from workflows.definition.graph import error_arms
from workflows.definition.references import Expression, Reference
from workflows.definition.steps import (
    ApprovalStep,
    ConditionalStep,
    EndStep,
    ParallelStep,
    Step,
)

# A step's own record, a branch's record, or the error that an error path handles.
Fact = tuple[str, ...]
ERROR: Fact = ("error",)


@dataclass(frozen=True)
class Outcome:
    """One way a step can end, leading to `target`: what it surely and what it possibly records.

    A rerun that fails also removes the step's earlier output, but that needs no following: whatever path leads to the
    rerun, a shorter one leads to the same place with the first run failing, and so without that output.
    """

    target: str
    sure: int
    possible: int


@dataclass
class Facts:
    """The numbering of facts. A group stands for alternatives joined by `??`: its bit says that one of them is there."""

    numbers: dict[Fact, int] = field(default_factory=dict)
    _groups: dict[int, int] = field(default_factory=dict)
    _groups_of: dict[int, int] = field(default_factory=dict)

    def bit(self, *fact: str) -> int:
        """The bit of a fact, numbered on first use."""
        return 1 << self.numbers.setdefault(fact, len(self.numbers))

    def group(self, bits: int) -> int:
        """The bit that says that at least one of `bits` holds; groups are made before outcomes are."""
        if bits not in self._groups:
            own = self._groups[bits] = self.bit("any of", hex(bits))
            for member in _each(bits):
                self._groups_of[member] = self._groups_of.get(member, 0) | own
        return self._groups[bits]

    def groups_of(self, bits: int) -> int:
        """The groups that one of `bits` belongs to."""
        found = 0
        for member in _each(bits):
            found |= self._groups_of.get(member, 0)
        return found


def _each(bits: int) -> Iterator[int]:
    while bits:
        member = bits & -bits
        yield member
        bits ^= member


def fact_of(reference: Reference) -> Fact | None:
    """The fact that must hold for `reference` to lead somewhere, if it is about steps or the handled error."""
    if reference.root == "error":
        return ERROR
    if reference.root != "steps":
        return None
    path = reference.path
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


def outcomes(step: Step, facts: Facts) -> list[Outcome]:
    """The ways `step` can end and go on; an error that nothing catches ends the list and is none of them."""
    if isinstance(step, EndStep):
        return []
    output, status, error = (
        facts.bit("step", step.id, part) for part in ("output", "status", "error")
    )
    of_branches, branches = _branch_facts(step, facts)
    sure = of_branches | output | status
    sure |= facts.groups_of(sure)
    found = [Outcome(target, sure, sure | branches) for target in _targets(step)]
    if isinstance(step, ApprovalStep) and step.on_reject != "fail":
        found.append(Outcome(step.on_reject, sure, sure))
    if step.on_error == "skip" and not isinstance(step, ConditionalStep):
        skipped = status | facts.groups_of(status)
        found.append(Outcome(step.next, skipped, status | error))
    failed = error | status | facts.bit(*ERROR)
    failed |= facts.groups_of(failed)
    found += [
        Outcome(target, failed, failed | branches)
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
    needed = step.min_success
    if needed is None:
        needed = 1 if step.aggregation == "first" else len(step.branches)
    return needed >= len(step.branches)
