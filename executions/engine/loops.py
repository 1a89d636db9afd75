"""The loop: a number of times, over a list, or until a condition holds; one iteration after the other or several at once."""

import asyncio

from pydantic import JsonValue

from executions.engine.errors import failed
from executions.engine.iterations import Iterations
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.values import Value
from executions.engine.parallel import join_list, written_at_once
from executions.engine.run import Run
from executions.engine.scopes import LoopView, Place, RunList, Scope
from executions.engine.tasks import are_done, supervise
from executions.engine.values import holds, resolve
from workflows.definition.steps import LoopStep

# The `next` of an iteration after which the loop's exit condition holds.
EXIT = "exit"


async def run_loop(run: Run, scope: Scope, step: LoopStep, path: str, run_list: RunList) -> Outcome:
    """Run the iterations; gives the list of their outputs or the last one's. Raises `StepFailed`, `RunEnded`."""
    loop = Loop(run, scope, step, path, run_list)
    await loop.prepare()
    try:
        if loop.is_at_once:
            outputs = await loop.at_once()
        else:
            outputs = await loop.in_turn()
        output = await _output(run, step, outputs)
    finally:
        run.forget([f"{path}/{number}" for number in range(1, loop.count + 1)])
    return Outcome("COMPLETED", output, next=step.next, writes=dict(loop.writes) or None)


async def _output(run: Run, step: LoopStep, outputs: list[Value]) -> Value:
    if step.collect_results:
        return await join_list(run, outputs)
    return outputs[-1] if outputs else Value()


class Loop:
    """One loop step while it runs."""

    def __init__(
        self, run: Run, scope: Scope, step: LoopStep, path: str, run_list: RunList
    ) -> None:
        self.run = run
        self.scope = scope
        self.step = step
        self.path = path
        self.run_list = run_list
        self.count = step.max_iterations or 0
        self.items: Value | None = None
        # What the iterations wrote; where they run in turn each sees what the ones before it wrote.
        self.writes = run.written.setdefault(path, {})
        self._iterations = Iterations(run, scope, step, path)

    @property
    def is_at_once(self) -> bool:
        """Whether iterations run at the same time, each with a copy of the `context`."""
        return self.step.max_concurrency > 1

    async def prepare(self) -> None:
        """Find out how many iterations there are at most, and over what."""
        if self.step.loop_mode != "foreach":
            return
        self.items = await resolve(self.run, self.scope, self.step.over)
        length = self._length(self.items)
        limit = self.step.max_iterations
        if limit is not None and length > limit:
            raise failed(
                "limit_exceeded",
                f"The list has {length} items, but max_iterations is {limit}.",
                code="max_iterations",
            )
        self.count = length

    def _length(self, items: Value) -> int:
        if items.is_stored and items.length is not None:
            return items.length
        if isinstance(items.json, list):
            return len(items.json)
        if self.run.input.simulate and not items.is_stored:
            self.items = Value([items.json])
            return 1
        raise failed("template_error", "`over` of the loop did not give a list.")

    async def in_turn(self, first: int = 1, before: Value = Value()) -> list[Value]:
        """One iteration after the other; each sees the output of the one before as `loop.last`.

        Those from number `first` on, of which the one before gave `before`.
        """
        outputs: list[Value] = []
        has_exited = False
        for number in range(first, self.count + 1):
            last = outputs[-1] if outputs else before
            known = self.run.state.outcomes.get(f"{self.path}/{number}")
            if known is None and await self._breaks(number, last):
                return outputs
            if known is None:
                await self._before(number, last)
            outcome = known or await self._iterate(number, last)
            self.writes.update(outcome.writes or {})
            outputs.append(outcome.output)
            has_exited = outcome.next == EXIT
            if has_exited:
                break
        if self.step.loop_mode == "until" and not has_exited:
            self._exhausted()
        return outputs

    async def _before(self, number: int, last: Value) -> None:
        await self.run.before_iteration()
        await self._iterations.run_ahead(
            number, self.count, items=self.items, before=last, writes=self.writes
        )

    async def at_once(self) -> list[Value]:
        """Up to `max_concurrency` iterations at the same time; the first failure cancels the others."""
        slots = asyncio.Semaphore(self.step.max_concurrency)
        tasks = [
            asyncio.create_task(self._iterate_in(slots, number))
            for number in range(1, self.count + 1)
        ]
        await supervise(tasks, lambda: are_done(tasks))
        outcomes = [task.result() for task in tasks]
        self.writes.update(written_at_once(outcomes) or {})
        return [outcome.output for outcome in outcomes]

    async def _iterate_in(self, slots: asyncio.Semaphore, number: int) -> Outcome:
        if (known := self.run.state.outcomes.get(f"{self.path}/{number}")) is not None:
            return known
        async with slots:
            return await self._iterate(number, Value())

    async def _iterate(self, number: int, last: Value) -> Outcome:
        inner = self._inner(number, last)
        try:
            output = await self.run_list(self.run, inner)
            exits = await self._exits(inner, number, output)
        except BaseException:
            if not self.is_at_once:
                self.writes.update(inner.writes)
            raise
        outcome = Outcome(
            "COMPLETED", output, next=EXIT if exits else None, writes=inner.writes or None
        )
        self.run.state.outcomes[inner.path] = outcome
        return outcome

    def _inner(self, number: int, last: Value) -> Scope:
        return Scope(
            path=f"{self.path}/{number}",
            steps=self.step.steps,
            entry_step=self.step.entry_step,
            output=self.step.output,
            parent=self.scope,
            loop=self._view(number, last),
            iteration=number,
            before={} if self.is_at_once else self.writes,
        )

    def _view(self, number: int, last: Value) -> LoopView:
        return LoopView(self._item(number - 1), number, last, self.scope.loop)

    def _item(self, index: int) -> Place:
        if self.items is None:
            return Place(Value())
        if self.items.is_stored:
            return Place(self.items, (index,))
        items: JsonValue = self.items.json
        assert isinstance(items, list), "checked by _length"
        return Place(Value(items[index]))

    async def _breaks(self, number: int, last: Value) -> bool:
        """Before an iteration: sees no inner step."""
        if self.step.break_condition is None:
            return False
        outside = self._inner(number, last)
        return await holds(self.run, outside, self.step.break_condition)

    async def _exits(self, inner: Scope, number: int, output: Value) -> bool:
        """After an iteration: sees its steps, and its output as `loop.last`."""
        if self.step.exit_condition is None or self.step.loop_mode != "until":
            return False
        inner.loop = self._view(number, output)
        return await holds(self.run, inner, self.step.exit_condition)

    def _exhausted(self) -> None:
        if self.step.on_exhausted == "fail":
            raise failed(
                "exhausted",
                f"The exit condition did not hold after {self.count} iterations.",
            )
