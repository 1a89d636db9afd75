"""Definite assignment: what a run has surely, or possibly, recorded wherever a definition looks something up."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from workflows.definition.facts import APPROVED, Effect, Facts, Outcome, group_bits, outcomes
from workflows.definition.graph import StepList, step_lists
from workflows.definition.steps import END, Definition, EndStep, LoopStep
from workflows.definition.uses import Moment, Use, uses

# Graphs that people draw settle in three or four; only one made to be tangled needs more, and is then not followed.
MAX_PASSES = 24
_ENDS: tuple[Moment, ...] = ("end", "declared")


@dataclass(frozen=True)
class State:
    """The facts that hold on all paths to a point, and those that hold on at least one."""

    sure: int
    possible: int

    def after(self, start: "State") -> "State":
        """The same point, seen by one who came to the list with the facts of `start`."""
        return State(self.sure | start.sure, self.possible | start.possible)


NOTHING = State(0, 0)


@dataclass
class Dataflow:
    """The result: the state at each moment that can come; moments that never come have none."""

    lists: list[StepList]
    uses: list[Use]
    facts: Facts
    effects: dict[int, Effect] = field(default_factory=dict)
    _inside: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    _states: dict[int, dict[tuple[Moment, int], State]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for steps in self.lists:
            self._states[steps.number] = {}
            if steps.parent is not None:
                self._inside.setdefault((steps.parent, steps.place), []).append(steps.number)

    def state(self, moment: Moment, steps: StepList, place: int = 0) -> State | None:
        """The state at a moment of `steps`; null if that can't come."""
        return self._states[steps.number].get((moment, place))

    def state_of(self, use: Use) -> State | None:
        """The state in which `use` is looked up; null if it never is."""
        return self.state(use.moment, use.scope, use.place)

    def is_sure(self, use: Use) -> bool:
        """Whether on every path one of the steps or errors that the expression names is there."""
        state = self.state_of(use)
        bits = group_bits(use.expression, self.facts)
        return state is not None and bool(bits and state.sure & (bits | self.facts.group(bits)))

    def is_approved(self, steps: StepList, place: int) -> bool:
        """Whether somebody has approved on every path to the list's step at `place`."""
        state = self.state("before", steps, place)
        return state is not None and bool(state.sure & self.facts.bit(*APPROVED))

    def ways(self, steps: StepList) -> list[list[Outcome]]:
        """Per step of the list how it can end; the effects of the lists inside are known."""
        return [
            outcomes(step, self.facts, [self.effects[n] for n in self._inside_of(steps, place)])
            for place, step in enumerate(steps.steps)
        ]

    def _inside_of(self, steps: StepList, place: int) -> list[int]:
        return self._inside.get((steps.number, place), [])

    def lift(self, steps: StepList, start: State | None) -> None:
        """Turn what was found for the list alone into what holds where it starts with `start`, or never."""
        alone = self._states[steps.number]
        self._states[steps.number] = (
            {} if start is None else {key: state.after(start) for key, state in alone.items()}
        )

    def meet(self, moment: Moment, steps: StepList, place: int, state: State) -> bool:
        """Join `state` into a moment; whether that changed it."""
        states, key = self._states[steps.number], (moment, place)
        before = states.get(key)
        after = state
        if before is not None:
            after = State(before.sure & state.sure, before.possible | state.possible)
        states[key] = after
        return after != before


def analyse(definition: Definition, *, max_passes: int = MAX_PASSES) -> Dataflow:
    """Follow all paths of `definition`, in linear time: each pass is, and their number is limited.

    A list that does not settle in `max_passes` is not wrong, only vague: less is sure, more is possible.
    """
    lists = step_lists(definition)
    found = list(uses(lists))
    dataflow = Dataflow(lists, found, _numbered(found))
    # Facts are only ever added, so each list is followed once, alone, and then put behind what comes before it.
    for steps in reversed(lists):
        _solve(steps, dataflow, max_passes)
    for steps in lists:
        dataflow.lift(steps, _start(steps, definition, dataflow))
        _end_runs(steps, dataflow)
    dataflow.meet("start", lists[0], 0, NOTHING)
    return dataflow


def _numbered(found: Iterable[Use]) -> Facts:
    """The facts with the context keys and the groups that the expressions name."""
    facts = Facts()
    for use in found:
        for reference in use.expression.references:
            if reference.root == "context":
                facts.bit("context", str(reference.path[0]))
        if bits := group_bits(use.expression, facts):
            facts.group(bits)
    return facts


def _start(steps: StepList, definition: Definition, dataflow: Dataflow) -> State | None:
    """What holds where the list starts; null if it never does."""
    if steps.parent is None:
        declared = dataflow.facts.context(definition.context)
        return State(declared, declared)
    around = dataflow.state("before", dataflow.lists[steps.parent], steps.place)
    if around is None or not isinstance(steps.owner, LoopStep) or steps.owner.max_concurrency > 1:
        return around
    # What earlier iterations wrote.
    return State(around.sure, around.possible | dataflow.effects[steps.number].possible)


def _solve(steps: StepList, dataflow: Dataflow, max_passes: int) -> None:
    """Find the states of one list as if it came first, and its effect; those of the lists inside are known."""
    ways = dataflow.ways(steps)
    entry = steps.index.get(steps.owner.entry_step or "")
    if entry is not None:
        dataflow.meet("before", steps, entry, NOTHING)
        order = _order(steps, ways, entry)
        if not _settles(steps, order, ways, dataflow, max_passes):
            _give_up(steps, order, ways, dataflow)
        for place in order:
            _end(steps, place, dataflow)
    dataflow.effects[steps.number] = _effect(steps, ways, dataflow)


def _effect(steps: StepList, ways: list[list[Outcome]], dataflow: Dataflow) -> Effect:
    possible = 0
    for way in (way for step_ways in ways for way in step_ways):
        possible |= way.possible
    end = dataflow.state("end", steps) or NOTHING
    lasting = dataflow.facts.lasting
    return Effect(end.sure & lasting, possible & lasting)


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
) -> None:
    """Say only what is certain of every path: nothing the list did is sure, everything is possible."""
    possible = 0
    for place in order:
        for way in ways[place]:
            possible |= way.possible
    for place in order:
        dataflow.meet("before", steps, place, State(0, possible))
    for moment in _ENDS:
        if dataflow.state(moment, steps) is not None:
            dataflow.meet(moment, steps, 0, State(0, possible))


def _flow(steps: StepList, place: int, ways: Iterable[Outcome], dataflow: Dataflow) -> bool:
    """Carry the state before the step at `place` to where it can lead; whether anything changed there."""
    state = dataflow.state("before", steps, place)
    if state is None:
        return False
    changed = False
    for way in ways:
        after = state.after(State(way.sure, way.possible))
        if way.target == END:
            for moment in _ENDS:
                dataflow.meet(moment, steps, 0, after)
        elif way.target in steps.index:
            changed |= dataflow.meet("before", steps, steps.index[way.target], after)
    return changed


def _end(steps: StepList, place: int, dataflow: Dataflow) -> None:
    """What an `end` step brings to the end of its own list."""
    step, state = steps.steps[place], dataflow.state("before", steps, place)
    if not isinstance(step, EndStep) or state is None or step.status == "failed":
        return
    if steps.parent is None or step.scope == "container":
        _meet_end(steps, step, state, dataflow)


def _end_runs(steps: StepList, dataflow: Dataflow) -> None:
    """What the `end` steps inside a container bring to the end of the run: it sees of them only what lasts."""
    if steps.parent is None:
        return
    for place, step in enumerate(steps.steps):
        state = dataflow.state("before", steps, place)
        if not isinstance(step, EndStep) or state is None:
            continue
        if step.scope == "run" and step.status == "completed":
            lasting = state.possible & dataflow.facts.lasting
            outside = _outside(steps, dataflow)
            state = State(outside.sure, outside.possible | lasting)
            _meet_end(dataflow.lists[0], step, state, dataflow)


def _outside(steps: StepList, dataflow: Dataflow) -> State:
    """The state before the outermost container around the list."""
    state = NOTHING
    while steps.parent is not None:
        outer = dataflow.lists[steps.parent]
        state = dataflow.state("before", outer, steps.place) or state
        steps = outer
    return state


def _meet_end(steps: StepList, step: EndStep, state: State, dataflow: Dataflow) -> None:
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
