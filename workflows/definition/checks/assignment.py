"""References: to what does not exist, is out of sight, never ran, or ran on some paths only."""

from collections.abc import Iterator

from workflows.definition.checks.loops import loop_problems
from workflows.definition.checks.patches import redirected, rewritten
from workflows.definition.checks.subject import Subject
from workflows.definition.dataflow import State
from workflows.definition.facts import fact_of
from workflows.definition.graph import StepList
from workflows.definition.problems import Problem
from workflows.definition.references import Reference
from workflows.definition.steps import ParallelStep
from workflows.definition.uses import Use


def check(subject: Subject) -> Iterator[Problem]:
    """Every expression must find something on every path to it, or have a `??` that does."""
    checker = _Checker(subject)
    for use in subject.flow.uses:
        yield from checker.use(use)


class _Checker:
    """The checks of one definition; keeps what several of them need."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.flow = subject.flow
        self.parallel_of = {
            branch.id: place.step.id
            for place in subject.all_places
            if isinstance(place.step, ParallelStep)
            for branch in place.step.branches
        }

    def use(self, use: Use) -> Iterator[Problem]:
        wrong = [
            problem
            for reference in use.expression.references
            for problem in self._structure(reference, use)
        ]
        yield from wrong
        state = self.flow.state_of(use)
        if wrong or state is None:
            return
        yield from self._assignment(use, state)

    def _structure(self, reference: Reference, use: Use) -> Iterator[Problem]:
        """What is wrong with a reference wherever it stands."""
        if reference.root == "steps":
            yield from self._step(reference, use)
        elif reference.root == "loop":
            for message, hint in loop_problems(reference, use):
                yield Problem("no_such_loop_value", "error", use.pointer, message, hint)

    def _step(self, reference: Reference, use: Use) -> Iterator[Problem]:
        name = str(reference.path[0])
        place = self.subject.places.get(name)
        if place is None:
            yield self._unknown_step(name, reference, use)
        elif not self._sees(use.scope, place.steps):
            yield self._out_of_scope(name, reference, use)
        elif reference.path[1] == "branches":
            yield from self._branch(reference, place.step, use)

    def _unknown_step(self, name: str, reference: Reference, use: Use) -> Problem:
        if name in self.parallel_of:
            return self._branch_as_step(name, reference, use)
        near = self.subject.nearest(name, self.subject.places)
        fix = None
        if near:
            right = f"steps.{near}{reference.text[len('steps.') + len(name) :]}"
            fix = redirected(self.subject, use, reference, right)
        hint = f"Did you mean {near!r}?" if near else ""
        message = f"${{{reference.text}}} names {name!r}, but there is no such step."
        return Problem("unknown_step", "error", use.pointer, message, hint, fix)

    def _out_of_scope(self, name: str, reference: Reference, use: Use) -> Problem:
        if name in self.parallel_of and self._sees_parallel(name, use):
            return self._branch_as_step(name, reference, use)
        message = f"${{{reference.text}}} can't be seen from here: {name!r} runs inside another container."
        hint = "Outside of a branch or loop only the whole container's output is seen."
        return Problem("out_of_scope", "error", use.pointer, message, hint)

    def _sees_parallel(self, branch: str, use: Use) -> bool:
        return self._sees(use.scope, self.subject.places[self.parallel_of[branch]].steps)

    def _branch_as_step(self, name: str, reference: Reference, use: Use) -> Problem:
        parallel = self.parallel_of[name]
        right = f"steps.{parallel}.branches.{reference.text[len('steps.') :]}"
        message = f"{name!r} is a branch of {parallel!r}, not a step."
        hint = f"Write ${{{right}}}."
        fix = redirected(self.subject, use, reference, right)
        return Problem("branch_as_step", "error", use.pointer, message, hint, fix)

    def _branch(self, reference: Reference, step: object, use: Use) -> Iterator[Problem]:
        name, branch = str(reference.path[0]), str(reference.path[2])
        if not isinstance(step, ParallelStep):
            message = f"${{{reference.text}}}: {name!r} is no parallel and has no branches."
            yield Problem("unknown_branch", "error", use.pointer, message)
            return
        known = [one.id for one in step.branches]
        if branch not in known:
            near = self.subject.nearest(branch, known)
            fix = None
            if near:
                head = f"steps.{name}.branches."
                right = f"{head}{near}{reference.text[len(head) + len(branch) :]}"
                fix = redirected(self.subject, use, reference, right)
            message = f"${{{reference.text}}}: {name!r} has no branch {branch!r}."
            hint = f"Its branches are {', '.join(known[:10])}."
            yield Problem("unknown_branch", "error", use.pointer, message, hint, fix)

    def _sees(self, scope: StepList, other: StepList) -> bool:
        here: int | None = scope.number
        while here is not None:
            if here == other.number:
                return True
            here = self.flow.lists[here].parent
        return False

    def _assignment(self, use: Use, state: State) -> Iterator[Problem]:
        expression = use.expression
        for reference in expression.references:
            if self._never_ran(reference, state):
                yield self._never(reference, use)
                return
        certainties = [self._certainty(ref, use, state) for ref in expression.references]
        if expression.has_literal or "sure" in certainties or self.flow.is_sure(use):
            return
        fix = rewritten(self.subject, use, f"{expression.text} ?? null")
        first = expression.references[0]
        if "maybe" not in certainties:
            message = f"${{{expression.text}}} is never there at this point."
            hint = _absence_hint(first)
            yield Problem("never_assigned", "error", use.pointer, message, hint, fix)
            return
        message = (
            f"${{{expression.text}}} is there on some paths only; on the others the run fails here."
        )
        hint = 'Give a value for those with ??, such as ?? null or ?? "".'
        yield Problem("maybe_unassigned", "warning", use.pointer, message, hint, fix)

    def _never_ran(self, reference: Reference, state: State) -> bool:
        if reference.root != "steps":
            return False
        ran = self.flow.facts.bit("step", str(reference.path[0]), "status")
        return not state.possible & ran

    def _never(self, reference: Reference, use: Use) -> Problem:
        message = f"${{{reference.text}}}: {reference.path[0]!r} never runs before this."
        hint = "Move the step before this one, or refer to one that runs earlier."
        return Problem("never_ran", "error", use.pointer, message, hint)

    def _certainty(self, reference: Reference, use: Use, state: State) -> str:
        """Whether what the reference names is there: sure, maybe or never."""
        fact = fact_of(reference)
        if fact is not None:
            bit = self.flow.facts.bit(*fact)
            if state.sure & bit:
                return "sure"
            return "maybe" if state.possible & bit else "never"
        if reference.root == "loop" and "last" in reference.path[: _depth(reference) + 1]:
            return "sure" if use.is_exit and reference.path[0] == "last" else "maybe"
        return "sure"


def _depth(reference: Reference) -> int:
    """How many loops outwards a `loop` reference goes."""
    depth = 0
    while depth < len(reference.path) and reference.path[depth] == "parent":
        depth += 1
    return depth


def _absence_hint(reference: Reference) -> str:
    if reference.root == "context":
        return "Declare the key in the definition's `context`, set it before, or give a fallback with ??."
    if reference.root == "error":
        return "`error` is there only in steps that an `on_error` leads to."
    return "Give a fallback with ??, or refer to something that is there."
