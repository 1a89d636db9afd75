"""Loops of quick steps: many iterations run in one local activity, ahead of the walker.

The activity walks the loop with the engine's own code (`ahead_run.py`), the walker then comes to the same steps in the
same order and takes their results over. So what is recorded, `on_error` and limits are those of the walker alone.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta

from pydantic_core import to_json
from temporalio.exceptions import FailureError

from executions.engine.messages.iterations import IterationsAhead, RunIterations
from executions.engine.messages.run_input import Alone, GivenLoop, RunInput
from executions.engine.messages.state import RunState
from executions.engine.messages.values import Value
from executions.engine.run import Ahead, Run
from executions.engine.scopes import LoopView, Place, Scope
from executions.engine.segments import (
    MAX_GIVEN_BYTES,
    is_free_of_limits,
    may_run_ahead,
    room_of_segment,
)
from executions.engine.sizes import size_of
from workflows.definition.conditions import references_in_condition
from workflows.definition.references import MISSING, Reference, follow, references_in
from workflows.definition.steps import (
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    SetStep,
    Step,
    ToolStep,
    walk,
)
from workflows.definition.uses import step_expressions

# Runs that started before have histories of an activity for each iteration.
FIRST_ENGINE = 5
# With fewer there is nothing to gain.
MIN_ITERATIONS = 2


class Iterations:
    """The iterations of one loop step, as far as they may run ahead."""

    def __init__(self, run: Run, scope: Scope, step: LoopStep, path: str) -> None:
        self._run = run
        self._scope = scope
        self._step = step
        self._path = path
        self._is_quick = self._may_run_ahead()
        self._around: RunInput | None = None

    async def run_ahead(
        self, first: int, last: int, *, items: Value | None, before: Value, writes: dict[str, Value]
    ) -> None:
        """Let iterations from `first` up to `last` run ahead, unless that one has, or they must go step by step."""
        if not self._is_quick or self._has_begun(first):
            return
        last = min([last, *(number - 1 for number in self._known() if number >= first)])
        run_input = self._run_input(items) if last - first + 1 >= MIN_ITERATIONS else None
        if run_input is None:
            return
        await self._run.before_running_ahead()
        request = RunIterations(
            execution_id=run_input.execution_id,
            path=self._path,
            run_input=run_input,
            first=first,
            last=last,
            begins_at=self._run.now(),
            room_bytes=room_of_segment(self._run),
            items=items,
            before=before,
            writes=writes,
        )
        self._take(request, await self._called(request))

    async def _called(self, request: RunIterations) -> IterationsAhead:
        steps = [step for _, step in walk([self._step])]
        seconds = max(step.timeout for step in steps if isinstance(step, ToolStep))
        try:
            return await self._run.calls.run_iterations(request, seconds)
        except FailureError:
            # Each step by itself says what is wrong, and waits for what is away.
            return IterationsAhead(is_stuck=True)

    def _take(self, request: RunIterations, ahead: IterationsAhead) -> None:
        self._is_quick = not ahead.is_stuck
        for step in ahead.steps:
            started = request.begins_at + timedelta(seconds=step.result.started)
            ended = request.begins_at + timedelta(seconds=step.result.ended)
            self._run.ahead[step.path] = Ahead(
                started, None if step.is_open else ended, step.result
            )

    def _may_run_ahead(self) -> bool:
        run = self._run.input
        steps = [step for _, step in walk([self._step])]
        local_tools = frozenset(run.local_tools)
        return (
            run.engine >= FIRST_ENGINE
            and not self._run.is_ahead
            and is_free_of_limits(self._run, self._path)
            and any(isinstance(step, ToolStep) for step in steps)
            and all(_is_quick(step, local_tools) for step in steps)
        )

    def _has_begun(self, number: int) -> bool:
        entry = self._step.entry_step or self._step.steps[0].id
        return f"{self._path}/{number}/{entry}" in self._run.ahead

    def _known(self) -> Iterator[int]:
        """Iterations of which something is known: they ran before the run continued as new, or it was forked."""
        state, inside = self._run.state, f"{self._path}/"
        for paths in (state.outcomes, state.open_steps, state.positions):
            for path in paths:
                if path.startswith(inside):
                    yield int(path[len(inside) :].partition("/")[0])

    def _run_input(self, items: Value | None) -> RunInput | None:
        """A run of nothing but the loop among what it refers to; nothing if that is too much."""
        if self._around is None:
            self._around = _around(self._run, self._scope, self._step)
            size = _size_of_values(self._around) + size_of(items.json if items else None)
            self._is_quick = size <= MAX_GIVEN_BYTES
            if not self._is_quick:
                return None
        state = RunState(self._run.state.started_at, steps_started=self._run.state.steps_started)
        return replace(self._around, state=state)


def _is_quick(step: Step, local_tools: Collection[str]) -> bool:
    """Whether it needs nothing but the code of the workflow and a quick tool, and no clock of its own."""
    match step:
        case ToolStep():
            return may_run_ahead(step, local_tools)
        case LoopStep():
            is_plain = step.timeout is None and step.limits is None
            return is_plain and step.max_concurrency == 1 and bool(step.steps)
        case ConditionalStep() | SetStep():
            return step.timeout is None
        case _:
            return isinstance(step, EndStep)


def _around(run: Run, scope: Scope, step: LoopStep) -> RunInput:
    wanted = list(_references(step))
    keys = {str(found.path[0]) for found in wanted if found.root == "context"}
    context = {key: scope.written(key) or run.state.context.get(key) for key in keys}
    steps = {str(found.path[0]) for found in wanted if found.root == "steps"}
    records = {step_id: scope.record(step_id) for step_id in steps}
    definition = Definition(
        id=run.definition.id,
        name=run.definition.name,
        limits=run.definition.limits,
        steps=[step],
    )
    roots = {found.root for found in wanted}
    return RunInput(
        execution_id=run.input.execution_id,
        definition=definition.to_json(),
        user_input=run.input.user_input if "user_input" in roots else Value(),
        input=run.input.input if "input" in roots else Value(),
        context={key: value for key, value in context.items() if value is not None},
        local_tools=run.input.local_tools,
        engine=run.input.engine,
        owner_id=run.input.owner_id,
        alone=Alone(
            step.id,
            {step_id: record for step_id, record in records.items() if record is not None},
            _given_loop(scope.loop),
            scope.current_error(),
        ),
    )


def _references(loop: LoopStep) -> Iterator[Reference]:
    """What the loop's steps refer to, and the loop itself before and after an iteration."""
    for pointer, step in walk([loop]):
        for _, expression in step_expressions(step, pointer):
            yield from expression.references
        if isinstance(step, LoopStep):
            yield from references_in(step.output)
            for condition in (step.exit_condition, step.break_condition):
                yield from references_in_condition(condition) if condition else ()


def _given_loop(view: LoopView | None) -> GivenLoop | None:
    """The loops around, of each no more than the item at hand."""
    if view is None:
        return None
    item = view.item
    if not item.value.is_stored:
        found = follow(item.value.json, item.path)
        item = Place(Value(None if found is MISSING else found))
    return GivenLoop(view.iteration, item.value, view.last, _given_loop(view.parent), item.path)


def _size_of_values(given: RunInput) -> int:
    return len(to_json([given.user_input, given.input, given.context, given.alone]))
