"""Steps that go."""

from generation.planning.language.words import STOP, stem, tokens
from generation.refining.finding import StepNotFound
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.instructions.wishes import Remove
from generation.refining.operations import Operation, RemoveStep
from generation.refining.selecting import select
from workflows.definition.steps import Definition, LoopStep, ParallelStep, Step, walk

# Who something is done for is no step, even if a step's name has them.
_PEOPLE = frozenset(
    stem(word)
    for word in (
        "customer",
        "client",
        "user",
        "team",
        "engineer",
        "manager",
        "boss",
        "recipient",
        "colleague",
        "reader",
    )
)


def removed(wish: Remove, ground: Ground) -> Granted:
    """The steps that are meant; never all of them, and none with others inside that only its kind tells."""
    said = {stem(word) for word in tokens(wish.what) if word not in STOP}
    if said and said <= _PEOPLE:
        raise StepNotFound(f"{wish.what!r} is somebody, not a step.")
    gone = select(wish.what, ground.steps)
    for step in gone:
        inside = [one.id for _, one in walk(_inside(step))]
        if inside and len(gone) == 1 and not ground.steps.is_called(step, wish.what):
            raise StepNotFound(
                f"{step.id!r} holds {', '.join(map(repr, inside[:20]))}: say 'remove {step.id}' if they are to go with it."
            )
    if not gone or {step.id for step in ground.definition.steps} <= {step.id for step in gone}:
        raise NotUnderstood("no step would be left.")
    warnings = [
        f"With {step.id!r} went {', '.join(repr(one.id) for _, one in walk(_inside(step)))}."
        for step in gone
        if _inside(step)
    ]
    return Granted([_removal(step, ground.definition) for step in gone], warnings)


def _inside(step: Step) -> list[Step]:
    if isinstance(step, LoopStep):
        return step.steps
    if isinstance(step, ParallelStep):
        return [inner for branch in step.branches for inner in branch.steps]
    return []


def _removal(step: Step, definition: Definition) -> Operation:
    """The step, or its branch where it is the only step in it."""
    for _, parallel in walk(definition.steps):
        if isinstance(parallel, ParallelStep) and len(parallel.branches) > 1:
            for branch in parallel.branches:
                if [one.id for one in branch.steps] == [step.id]:
                    return RemoveStep(f"{parallel.id}/{branch.id}")
    return RemoveStep(step.id)
