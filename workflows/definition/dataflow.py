"""Definite assignment: what a run has surely, or possibly, recorded wherever a definition looks something up."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from workflows.definition.facts import Facts, Outcome, group_bits, outcomes
from workflows.definition.graph import StepList, step_lists
from workflows.definition.steps import END, Definition, EndStep
from workflows.definition.uses import Moment, Use, uses

# Graphs that people draw settle in three or four; only one made to be tangled needs more, and is then not followed.
MAX_PASSES = 24
_ENDS: tuple[Moment, ...] = ("end", "declared")


@dataclass(frozen=True)
class State:
    """The facts that hold on all paths to a point, and those that hold on at least one."""

    sure: int
    possible: int


@dataclass
class Dataflow:
    """The result: the state at each moment that can come; moments that never come have none."""

    lists: list[StepList]
    uses: list[Use]
    facts: Facts
    _states: dict[tuple[Moment, int, int], State] = field(default_factory=dict)

    def state(self, moment: Moment, steps: StepList, place: int = 0) -> State | None:
        """The state at a moment of `steps`; null if that can't come."""
        return self._states.get((moment, steps.number, place))

    def state_of(self, use: Use) -> State | None:
        """The state in which `use` is looked up; null if it never is."""
        return self.state(use.moment, use.scope, use.place)

    def is_sure(self, use: Use) -> bool:
        """Whether on every path one of the steps or errors that the expression names is there."""
        state = self.state_of(use)
        bits = group_bits(use.expression, self.facts)
        return state is not None and bool(bits and state.sure & (bits | self.facts.group(bits)))

    def meet(self, moment: Moment, steps: StepList, place: int, state: State) -> bool:
        """Join `state` into a moment; whether that changed it."""
        key = (moment, steps.number, place)
        before = self._states.get(key)
        after = state
        if before is not None:
            after = State(before.sure & state.sure, before.possible | state.possible)
        self._states[key] = after
        return after != before


def analyse(definition: Definition, *, max_passes: int = MAX_PASSES) -> Dataflow:
    """Follow all paths of `definition`, in linear time: each pass is, and their number is limited.

    A list that does not settle in `max_passes` is not wrong, only vague: less is sure, more is possible.
    """
    lists = step_lists(definition)
    found = list(uses(lists))
    facts = Facts()
    for use in found:
        if bits := group_bits(use.expression, facts):
            facts.group(bits)
    dataflow = Dataflow(lists, found, facts)
    for steps in lists:
        _solve(steps, dataflow, max_passes)
    return dataflow


def _solve(steps: StepList, dataflow: Dataflow, max_passes: int) -> None:
    """Find the states of one list; those of the lists around it are known."""
    start = State(0, 0)
    if steps.parent is not None:
        around = dataflow.state("before", dataflow.lists[steps.parent], steps.place)
        if around is None:
            return
        start = around
    dataflow.meet("start", steps, 0, start)
    entry = steps.index.get(steps.owner.entry_step or "")
    if entry is None:
        return
    dataflow.meet("before", steps, entry, start)
    ways = [outcomes(step, dataflow.facts) for step in steps.steps]
    order = _order(steps, ways, entry)
    if not _settles(steps, order, ways, dataflow, max_passes):
        _give_up(steps, order, ways, dataflow, start)
    for place in order:
        if isinstance(steps.steps[place], EndStep):
            _end(steps, place, dataflow)


def _settles(
    steps: StepList,
    order: list[int],
    ways: list[list[Outcome]],
    dataflow: Dataflow,
    max_passes: int,
) -> bool:
    """Follow all edges until nothing changes: forwards and backwards in turn, since back edges lead both ways."""
    for number in range(max_passes):
        places = reversed(order) if number % 2 else order
        changes = [_flow(steps, place, ways[place], dataflow) for place in places]
        if not any(changes):
            return True
    return False


def _give_up(
    steps: StepList,
    order: list[int],
    ways: list[list[Outcome]],
    dataflow: Dataflow,
    start: State,
) -> None:
    """Say only what is certain of every path: nothing the list did is sure, everything is possible."""
    possible = start.possible
    for place in order:
        for way in ways[place]:
            possible |= way.possible
    for place in order:
        dataflow.meet("before", steps, place, State(start.sure, possible))
    for moment in _ENDS:
        if dataflow.state(moment, steps) is not None:
            dataflow.meet(moment, steps, 0, State(start.sure, possible))


def _flow(steps: StepList, place: int, ways: Iterable[Outcome], dataflow: Dataflow) -> bool:
    """Carry the state before the step at `place` to where it can lead; whether anything changed there."""
    state = dataflow.state("before", steps, place)
    if state is None:
        return False
    changed = False
    for way in ways:
        after = State(state.sure | way.sure, state.possible | way.possible)
        if way.target == END:
            for moment in _ENDS:
                dataflow.meet(moment, steps, 0, after)
        elif way.target in steps.index:
            changed |= dataflow.meet("before", steps, steps.index[way.target], after)
    return changed


def _end(steps: StepList, place: int, dataflow: Dataflow) -> None:
    """What an `end` step brings to the end of its list, or, from inside a container, to the end of the run."""
    step, state = steps.steps[place], dataflow.state("before", steps, place)
    if not isinstance(step, EndStep) or state is None or step.status == "failed":
        return
    if step.scope == "run":
        while steps.parent is not None:
            outer = dataflow.lists[steps.parent]
            state = dataflow.state("before", outer, steps.place) or state
            steps = outer
    dataflow.meet("end", steps, 0, state)
    if step.output is None:
        dataflow.meet("declared", steps, 0, state)


def _order(steps: StepList, ways: list[list[Outcome]], entry: int) -> list[int]:
    """The reachable places, each before those it leads to, back edges aside (reverse postorder)."""
    found: list[int] = []
    seen = {entry}
    pending = [(entry, iter(ways[entry]))]
    while pending:
        place, rest = pending[-1]
        for way in rest:
            target = steps.index.get(way.target)
            if target is not None and target not in seen:
                seen.add(target)
                pending.append((target, iter(ways[target])))
                break
        else:
            found.append(place)
            pending.pop()
    return found[::-1]
