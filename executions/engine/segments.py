"""Segments: straight lines of quick, repeatable tool steps that run in one local activity, ahead of the walker.

The walker still comes to each of the steps; it finds that the step has run and takes the result over. So everything
that steps have in common (records, `on_error`, limits) is done in one place, and only the calls are made together.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from temporalio import workflow

from executions.engine.errors import StepFailed
from executions.engine.messages.changes import StepChange
from executions.engine.messages.limits import MAX_TASK_BYTES
from executions.engine.messages.outcomes import Usage
from executions.engine.messages.segments import Ending, RunSegment, SegmentResult, SegmentStep
from executions.engine.messages.values import Binding, Value
from executions.engine.run import Ahead, Run
from executions.engine.scopes import Scope, bind
from executions.engine.sizes import size_of
from workflows.definition.references import MISSING, Reference, follow, references_in
from workflows.definition.steps import END, ToolStep

# Runs that started before there were segments have histories without them.
FIRST_ENGINE = 2
# Before that the end of a run is always a batch of its own.
FIRST_ENGINE_TO_END = 4
MAX_STEPS = 100
# Of the steps' arguments and all values that they refer to.
MAX_GIVEN_BYTES = 256 * 1024
# Of what a segment gives back; with other calls in the air less, so that many fit into one workflow task.
MAX_TAKEN_BYTES = 256 * 1024


async def has_run_ahead(run: Run, scope: Scope, step: ToolStep, path: str) -> bool:
    """Whether the step has run as one of a segment; a segment that begins with it is run now."""
    if path in run.ahead:
        return True
    is_possible = run.input.engine >= FIRST_ENGINE and is_free_of_limits(run, path)
    if not is_possible:
        return False
    plan = _Plan(run, scope, step, path)
    ending = plan.ending()
    if len(plan.steps) < (1 if run.is_ahead else 2) and ending is None:
        return False
    base, segment = await run.calls.run_segment(plan.request(ending))
    if segment.is_recorded:
        run.recorder.take_as_written()
    # A step that could not be reached in time is left for the next segment.
    for planned, result in zip(plan.steps, segment.results, strict=False):
        run.ahead[planned.path] = Ahead(
            base + timedelta(seconds=result.started), base + timedelta(seconds=result.ended), result
        )
    return True


def take_over(run: Run, path: str) -> Value:
    """The output of a step that has run ahead. Raises `StepFailed` as its own call would have."""
    result: SegmentResult = run.ahead[path].result
    if result.input is not None:
        run.note_input(path, result.input)
        run.spend(path, Usage(tool_calls=1))
        run.note_attempts(path, 1)
    if result.error is not None:
        raise StepFailed(result.error, attempts=0 if result.input is None else 1)
    return result.output


def is_free_of_limits(run: Run, path: str) -> bool:
    """Calls that a limit counts are made one by one; stand-ins need no call at all."""
    return not (run.input.simulate or run.budgets.of_tool_call(path))


def may_run_ahead(step: ToolStep, local_tools: Collection[str]) -> bool:
    """Whether the step is of the kind that segments are made of."""
    # Retries with their pauses are Temporal's business.
    is_plain = step.retry.max_attempts == 1 and step.limits is None
    return step.tool in local_tools and is_plain


def room_of_segment(run: Run) -> int:
    """How many bytes a segment may give back that is called now."""
    return max(MAX_TAKEN_BYTES // (run.calls.in_flight + 1), MAX_TASK_BYTES)


class _Plan:
    """The steps that one segment shall run, and what their references lead to."""

    def __init__(self, run: Run, scope: Scope, first: ToolStep, path: str) -> None:
        self._run = run
        self._scope = scope
        self._room = MAX_GIVEN_BYTES
        self._local_tools = frozenset(run.input.local_tools)
        self._inside: set[str] = set()
        self.steps: list[SegmentStep] = []
        self.bindings: dict[str, Binding] = {}
        # The first step is open already, and counted.
        left = run.definition.limits.max_steps - run.state.steps_started + 1
        for step, step_path in islice(self._line(first, path), min(left, MAX_STEPS)):
            if not self._takes(step, step_path):
                break

    def ending(self) -> Ending | None:
        """How the run ends with the segment, if it can be told now: nothing is left to do or to fill in after it."""
        last = self._scope.by_id[self.steps[-1].step_id] if self.steps else None
        is_last = isinstance(last, ToolStep) and last.next == END and not self._scope.path
        is_plain = self._scope.output is None and self._run.input.alone is None
        is_new = self._run.input.engine >= FIRST_ENGINE_TO_END
        # An end that overtook a batch would be the last word: what the batch tells would be lost.
        if not (is_last and is_plain and is_new) or self._run.recorder.is_writing:
            return None
        usage = self._run.state.usage + Usage(tool_calls=len(self.steps))
        batch = self._run.recorder.ending(list(self._ended()), usage)
        return Ending(batch, workflow.now())

    def _ended(self) -> Iterator[StepChange]:
        """The steps as they will be recorded, as the walker would tell of them one after the other."""
        opened = self._run.state.open_steps[self.steps[0].path]
        moment, position = self._run.state.moments + 1, opened.position
        for number, planned in enumerate(self.steps):
            step = self._scope.by_id[planned.step_id]
            assert isinstance(step, ToolStep), "segments are of tool steps"
            change = replace(
                opened,
                path=planned.path,
                step_id=step.id,
                name=step.name,
                position=position + number,
                opened=opened.opened if number == 0 else moment - 1,
                status="COMPLETED",
                closed=moment,
                attempts=1,
                usage=Usage(tool_calls=1),
                next=step.next,
            )
            moment += 2
            yield change

    def request(self, ending: Ending | None) -> RunSegment:
        """The call that runs it."""
        room, bindings = room_of_segment(self._run), list(self.bindings.values())
        run = self._run.input
        return RunSegment(run.execution_id, self.steps, bindings, room, run.owner_id, ending)

    def _line(self, step: ToolStep, path: str) -> Iterator[tuple[ToolStep, str]]:
        """The step and those that follow it, as far as they are of the kind that may run ahead."""
        visits = self._run.state.positions[self._scope.path].visits
        while may_run_ahead(step, self._local_tools):
            yield step, path
            following = self._scope.by_id.get(step.next)
            if not isinstance(following, ToolStep) or following.id in self._inside:
                return
            step = following
            path = self._scope.step_path(step.id, visits.get(step.id, 0) + 1)
            if path in self._run.state.outcomes or path in self._run.state.open_steps:
                return

    def _takes(self, step: ToolStep, path: str) -> bool:
        """Add the step, unless it and what it refers to are too much."""
        assert step.tool is not None, "only steps with a tool are of the kind"
        found = dict(self._bound(reference) for reference in self._new_references(step))
        bindings = {text: binding for text, binding in found.items() if binding is not None}
        self._room -= size_of(step.arguments)
        self._room -= sum(size_of(binding.value.json) for binding in bindings.values())
        if self._room < 0:
            return False
        self._inside.add(step.id)
        self.bindings |= bindings
        self.steps.append(SegmentStep(path, step.id, step.tool, step.arguments, step.timeout))
        return True

    def _new_references(self, step: ToolStep) -> Iterator[Reference]:
        for reference in references_in(step.arguments):
            is_inside = reference.root == "steps" and reference.path[0] in self._inside
            if not is_inside and reference.text not in self.bindings:
                yield reference

    def _bound(self, reference: Reference) -> tuple[str, Binding | None]:
        """What the reference leads to, as small as possible: of a value at hand only the part that is meant."""
        binding = bind(reference, self._scope, self._run)
        if binding is None or binding.value.is_stored or not binding.path:
            return reference.text, binding
        part = follow(binding.value.json, binding.path)
        return reference.text, None if part is MISSING else Binding(reference.text, Value(part))
