"""Steps that change places, or run at the same time or several times."""

from generation.refining.granting.adding import place_for
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.instructions.wishes import Again, AtOnce, Move, Swap
from generation.refining.operations import MoveStep, Place, Repeat, Together
from workflows.definition.graph import step_lists
from workflows.definition.steps import END, ConditionalStep


def moved(wish: Move, ground: Ground) -> Granted:
    """One step elsewhere."""
    step = ground.steps.find(wish.what)
    place = place_for(wish.side, wish.anchor, ground)
    if place.of == step.id:
        raise NotUnderstood(f"{step.id!r} is there already.")
    return Granted([MoveStep(step.id, place)])


def swapped(wish: Swap, ground: Ground) -> Granted:
    """Two steps of one list, each in the other's place."""
    first, second = ground.steps.find(wish.first), ground.steps.find(wish.second)
    lists = [one for one in step_lists(ground.definition) if first.id in one.index]
    if first.id == second.id or second.id not in lists[0].index:
        raise NotUnderstood("two different steps of one list change places.")
    following = getattr(first, "next", END)
    if following == second.id:
        return Granted([MoveStep(second.id, Place("before", first.id))])
    if getattr(second, "next", END) == first.id:
        return Granted([MoveStep(first.id, Place("before", second.id))])
    back = Place("before", following) if following != END else Place("end")
    if isinstance(first, ConditionalStep) or isinstance(second, ConditionalStep):
        raise NotUnderstood("a decision does not change places: move the steps on its ways.")
    return Granted([MoveStep(first.id, Place("before", second.id)), MoveStep(second.id, back)])


def at_once(wish: AtOnce, ground: Ground) -> Granted:
    """A parallel of the steps."""
    steps = tuple(dict.fromkeys(ground.steps.find(one).id for one in wish.what))
    return Granted([Together(ground.free("at-the-same-time"), steps)])


def again(wish: Again, ground: Ground) -> Granted:
    """A loop with a count."""
    steps = tuple(dict.fromkeys(ground.steps.find(one).id for one in wish.what))
    fields = {"loop_mode": "count", "max_iterations": wish.times}
    return Granted([Repeat(ground.free("repeat"), steps, fields)])
