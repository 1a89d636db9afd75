"""One step tried alone, among outcomes that were given instead of run."""

from executions.engine.errors import RunEnded
from executions.engine.messages.run_input import Alone, GivenLoop
from executions.engine.messages.state import Position
from executions.engine.messages.values import Value
from executions.engine.run import Run
from executions.engine.scopes import LoopView, Place, Scope
from executions.engine.walking import outcome_of
from workflows.definition.steps import END, ConditionalStep, EndStep, Step, walk


async def run_alone(run: Run, alone: Alone) -> Value:
    """The step's output, with all that runs inside it. Raises `StepFailed`, which nothing around it catches."""
    steps = {step.id: step for _, step in walk(run.definition.steps)}
    step = _by_itself(steps.pop(alone.step))
    around = Scope(
        "", list(steps.values()), None, None, error=alone.error, records=dict(alone.outcomes)
    )
    scope = Scope(
        "",
        [step],
        step.id,
        None,
        parent=around,
        loop=view_of(alone.loop),
        iteration=alone.loop.iteration if alone.loop else None,
        records={key: known for key, known in alone.outcomes.items() if key == step.id},
    )
    run.state.positions.setdefault("", Position(at=step.id))
    try:
        return (await outcome_of(run, scope, step, scope.step_path(step.id, 1))).output
    except RunEnded as end:
        if end.error is not None:
            raise
        return end.output or Value()


def _by_itself(step: Step) -> Step:
    """The step as if nothing came after it."""
    if isinstance(step, EndStep):
        return step
    if isinstance(step, ConditionalStep):
        return step.model_copy(update={"on_error": "fail"})
    return step.model_copy(update={"on_error": "fail", "next": END})


def view_of(loop: GivenLoop | None) -> LoopView | None:
    """What `loop` means, from what was given."""
    if loop is None:
        return None
    item = Place(loop.item, loop.item_path)
    return LoopView(item, loop.iteration, loop.last, view_of(loop.parent))
