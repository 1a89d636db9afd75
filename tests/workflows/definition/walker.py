"""A tiny interpreter that walks canonical definitions choosing every outcome at random, and watches the analysis.

It computes no values: it only keeps track of which records exist, by the rules of docs/definition-language.md.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.workflows.definition.random_definitions import KINDS
from workflows.definition.dataflow import Dataflow
from workflows.definition.facts import fact_of, must_all_succeed
from workflows.definition.graph import StepList, error_arms
from workflows.definition.references import Expression, Reference
from workflows.definition.steps import (
    END,
    ApprovalStep,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
)
from workflows.definition.uses import Moment, Use

MAX_STEPS = 300
Fact = tuple[str, ...]


class WalkEnds(Exception):
    """The walk has taken enough steps."""


class RunEnds(Exception):
    """An `end` step ended the whole run."""

    def __init__(self, *, takes_declared: bool) -> None:
        self.takes_declared = takes_declared


@dataclass
class Scope:
    """What one list has recorded, and the scope around it."""

    around: "Scope | None" = None
    facts: set[Fact] = field(default_factory=set)
    # The keys of `context` and whether somebody approved: one set for all lists that write to the same place.
    lasting: set[Fact] = field(default_factory=set)

    def everything(self) -> set[Fact]:
        return self.lasting | self._seen()

    def _seen(self) -> set[Fact]:
        outer = self.around._seen() if self.around else set()
        return outer | self.facts

    def forget(self, step: str) -> None:
        """A rerun replaces the step's record."""
        self.facts = {
            fact for fact in self.facts if not (fact[0] in ("step", "branch") and fact[1] == step)
        }


@dataclass
class Contradiction(Exception):
    """The walk saw what the analysis excluded."""

    what: str


class Walker:
    """One walk through one definition."""

    def __init__(
        self, definition: Definition, flow: Dataflow, reported: set[str], chance: random.Random
    ) -> None:
        self.definition, self.flow, self.chance = definition, flow, chance
        # Pointers of expressions that validation complained about.
        self.reported = reported
        self.inner = {(s.parent, s.pointer): s for s in flow.lists}
        self.steps_taken = 0
        self.facts_confirmed = 0
        self.uses_confirmed = 0
        self.last: list[bool] = []

    def walk(self) -> None:
        """Walk once. Raises `Contradiction`."""
        outermost = self.flow.lists[0]
        scope = Scope()
        try:
            self.moment("start", outermost, 0, scope)
            scope.lasting |= {("context", key) for key in self.definition.context}
            if self.run_list(outermost, scope) == "declared":
                self.moment("declared", outermost, 0, scope)
        except RunEnds as end:
            if end.takes_declared:
                self.moment("declared", outermost, 0, scope)
        except WalkEnds:
            pass

    def moment(self, moment: Moment, steps: StepList, place: int, scope: Scope) -> None:
        """Compare what is recorded now with what the analysis says of this moment."""
        state = self.flow.state(moment, steps, place)
        if state is None:
            raise Contradiction(f"{moment} of {steps.pointer} {place} was called impossible")
        there = scope.everything()
        for fact, number in self.flow.facts.numbers.items():
            if fact[0] == "any of":
                continue
            if state.sure >> number & 1:
                self.facts_confirmed += 1
                if fact not in there:
                    raise Contradiction(f"{fact} was called sure before {steps.pointer} {place}")
            elif fact in there and not state.possible >> number & 1:
                raise Contradiction(f"{fact} was called impossible at {steps.pointer} {place}")
        for use in self.uses_at(moment, steps, place):
            if use.pointer not in self.reported:
                self.uses_confirmed += 1
                if not self.resolves(use.expression, use, there):
                    raise Contradiction(f"{use.expression.text} at {use.pointer} was not reported")

    def uses_at(self, moment: Moment, steps: StepList, place: int) -> Iterator[Use]:
        for use in self.flow.uses:
            here = (use.moment, use.scope.number, use.place)
            if here == (moment, steps.number, place):
                yield use

    def resolves(self, expression: Expression, use: Use, there: set[Fact]) -> bool:
        return expression.has_literal or any(
            self.is_there(reference, use, there) for reference in expression.references
        )

    def is_there(self, reference: Reference, use: Use, there: set[Fact]) -> bool:
        fact = fact_of(reference)
        if fact is not None:
            return fact in there
        if reference.root != "loop":
            return True
        outwards = sum(1 for key in reference.path if key == "parent")
        if outwards >= len(use.loops):
            return False
        loop = use.loops[-1 - outwards]
        if reference.path[outwards] == "item":
            return loop.loop_mode == "foreach"
        if reference.path[outwards] == "last":
            return use.is_exit and outwards == 0
        return True

    def run_list(self, steps: StepList, scope: Scope) -> str:
        """Run one list: `declared` (its declared output counts), `own` (an `end` gave one) or `failed`."""
        place = steps.index.get(steps.owner.entry_step or "")
        while place is not None:
            step = steps.steps[place]
            self.moment("before", steps, place, scope)
            self.steps_taken += 1
            if self.steps_taken > MAX_STEPS:
                raise WalkEnds
            if isinstance(step, EndStep):
                return self.end(step, steps, scope)
            target = self.run_step(step, steps, place, scope)
            if target is None:
                return "failed"
            if target == END:
                self.moment("end", steps, 0, scope)
                return "declared"
            place = steps.index.get(target)
        return "failed"

    def end(self, step: EndStep, steps: StepList, scope: Scope) -> str:
        if step.scope == "run" and steps.parent is not None:
            raise RunEnds(takes_declared=step.status == "completed" and step.output is None)
        if step.status == "failed":
            return "failed"
        self.moment("end", steps, 0, scope)
        return "declared" if step.output is None else "own"

    def run_step(self, step: Step, steps: StepList, place: int, scope: Scope) -> str | None:
        """Run one step and record it; where to go, or null where its list fails."""
        assert not isinstance(step, EndStep)
        branches: set[Fact] = set()
        works = self.chance.random() < 0.8
        if isinstance(step, ParallelStep):
            works, branches = self.run_parallel(step, steps, place, scope)
        elif isinstance(step, LoopStep):
            works = self.run_loop(step, steps, place, scope)
        scope.forget(step.id)
        if works:
            scope.facts |= {("step", step.id, "output"), ("step", step.id, "status"), *branches}
            if isinstance(step, ApprovalStep):
                return self.decide(step, scope)
            if isinstance(step, SetStep):
                scope.lasting |= {("context", key) for key in [*step.values, *step.compute]}
            if not isinstance(step, ConditionalStep):
                return step.next
            choices = [*(step.conditional_branches or {}).values()]
            return self.chance.choice([*choices, *([step.default] if step.default else [])])
        return self.handle(step, scope, branches)

    def decide(self, step: ApprovalStep, scope: Scope) -> str | None:
        if self.chance.random() < 0.6:
            scope.lasting.add(("approved",))
            return step.next
        if step.on_reject != "fail":
            return step.on_reject
        scope.facts.difference_update({("step", step.id, "output"), ("step", step.id, "status")})
        return None

    def handle(self, step: Step, scope: Scope, branches: set[Fact]) -> str | None:
        assert not isinstance(step, EndStep)
        kind = self.chance.choice([*KINDS, "budget_exceeded"])
        if kind == "budget_exceeded":
            return None
        if step.on_error == "skip" and not isinstance(step, ConditionalStep):
            scope.facts.add(("step", step.id, "status"))
            return step.next
        for _, target, match in error_arms(step):
            if not match or kind in match:
                scope.facts |= {("step", step.id, "error"), ("step", step.id, "status")}
                scope.facts |= branches if self.chance.random() < 0.5 else set()
                scope.facts.add(("error",))
                return target
        return None

    def run_parallel(
        self, step: ParallelStep, steps: StepList, place: int, scope: Scope
    ) -> tuple[bool, set[Fact]]:
        facts: set[Fact] = set()
        written: list[set[Fact]] = []
        successes = 0
        for number, branch in enumerate(step.branches):
            inner = self.inner[steps.number, f"{steps.step_pointer(place)}/branches/{number}"]
            own = Scope(scope, lasting=set(scope.lasting))
            ending = self.run_list(inner, own)
            if ending == "declared":
                self.moment("declared", inner, 0, own)
            works = ending != "failed"
            successes += works
            written += [own.lasting] if works else []
            facts.add(("branch", step.id, branch.id, "status"))
            facts.add(("branch", step.id, branch.id, "output" if works else "error"))
        needed = step.min_success or (1 if step.aggregation == "first" else len(step.branches))
        assert must_all_succeed(step) == (needed >= len(step.branches))
        works = successes >= needed and self.chance.random() < 0.9
        if works:
            # `first` joins only the winners.
            scope.lasting.update(*self.chance.sample(written, len(written))[:needed])
        return works, facts

    def run_loop(self, step: LoopStep, steps: StepList, place: int, scope: Scope) -> bool:
        inner = self.inner[steps.number, steps.step_pointer(place)]
        written: list[set[Fact]] = []
        least = 0 if step.loop_mode == "foreach" or step.break_condition is not None else 1
        for _ in range(self.chance.randint(least, 3)):
            is_alone = step.max_concurrency > 1
            own = Scope(scope, lasting=set(scope.lasting) if is_alone else scope.lasting)
            ending = self.run_list(inner, own)
            if ending == "failed":
                return False
            if ending == "declared":
                self.moment("declared", inner, 0, own)
            written.append(own.lasting)
        works = self.chance.random() < 0.9
        if works:
            scope.lasting.update(*written)
        return works
