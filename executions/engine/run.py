"""One run as its steps see it: what it was given, what it remembers, and its ways out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from executions.engine import shown_status
from executions.engine.budgets import FIRST_ENGINE, Budgets
from executions.engine.calls import Calls
from executions.engine.errors import failed
from executions.engine.messages.approvals import Decision
from executions.engine.messages.changes import RunChange, StepChange
from executions.engine.messages.limits import CONTINUE_AFTER_BYTES
from executions.engine.messages.outcomes import ErrorInfo, Outcome, StepStatus, Usage
from executions.engine.messages.run_input import RunInput
from executions.engine.messages.segments import SegmentResult
from executions.engine.messages.state import RunState, TurnsMade
from executions.engine.messages.values import Value
from executions.engine.recorder import FIRST_ENGINE_TO_SEND, Recorder
from executions.engine.standing import Standing
from executions.engine.tasks import require_not_cancelled
from workflows.definition.steps import Definition, Step

# Steps that call nothing give Temporal no chance to breathe: it fails a workflow task after two seconds.
MAX_STEPS_WITHOUT_PAUSE = 100
MAX_KNOWN_WITHOUT_PAUSE = 500


@dataclass(frozen=True)
class Ahead:
    """A step that has run before the walker came to it; a loop may have begun and not ended."""

    started_at: datetime
    completed_at: datetime | None
    result: SegmentResult


class Run:
    """Shared by all steps of one run. `state` is all that must survive when it continues elsewhere."""

    # Whether this is a part of a run that is walked ahead, inside of an activity.
    is_ahead = False

    def __init__(self, run_input: RunInput, state: RunState, definition: Definition) -> None:
        self.input = run_input
        self.state = state
        self.definition = definition
        self.calls = Calls(run_input.execution_id, engine=run_input.engine)
        self.budgets = Budgets(run_input, definition)
        self.recorder = Recorder(run_input.execution_id, state, self.calls.record, self._is_brief)
        if run_input.engine >= FIRST_ENGINE_TO_SEND:
            self.calls.sent_news = self.recorder.sent_with_call
        self.standing = Standing(state, self._tell_standing)
        # What loops that still run have written to the context so far, by path.
        self.written: dict[str, dict[str, Value]] = {}
        self.ahead: dict[str, Ahead] = {}
        self.is_draining = False
        # Between the last step's end and the word of how the run ended.
        self.is_ending = False
        self._started_here = 0
        self._turns_here = 0
        self._bytes_at_start = self._history_bytes()
        self._taken_over = 0
        self._moment, self._now = -1.0, state.started_at
        self._looked_at, self._was_long = -1.0, False
        # It waited before it continued as new.
        if self.standing.is_waiting:
            self._show_standing()

    def _is_brief(self) -> bool:
        # Runs of the first engine write everything down at once.
        is_brief = self.is_ending or self.calls.brief_in_flight > 0
        return self.input.engine >= 2 and is_brief

    def _tell_standing(self, change: RunChange) -> None:
        self.recorder.run(change)
        self._show_standing()

    def _show_standing(self) -> None:
        if self.input.engine >= shown_status.FIRST_ENGINE:
            shown_status.show_soon(self.standing)

    def leave(self) -> None:
        """The run continues as new at once."""
        if self.input.engine >= shown_status.FIRST_ENGINE:
            shown_status.show_nothing_more()

    @property
    def is_quiet(self) -> bool:
        """Whether every branch has stopped before its next step, or waits, so that `state` can be handed on."""
        return self.is_draining and self.calls.in_flight == 0

    async def before_step(self, path: str) -> None:
        """The gate before each step: pauses, continues as new, never lets a cancelled branch go on."""
        require_not_cancelled()
        if path in self.ahead:
            # It has run: a run that continued as new here would run it again.
            self._started_here += 1
            return
        await self.calls.end_task_if_long()
        if self._started_here and self._started_here % MAX_STEPS_WITHOUT_PAUSE == 0:
            await self.recorder.until_idle()
        await self._stop_if_draining()
        self._started_here += 1

    async def before_iteration(self) -> None:
        """The gate before each iteration of a loop whose iterations run in turn; each step has one of its own."""

    async def before_running_ahead(self) -> None:
        """The gate before iterations run ahead, which pass no other."""
        require_not_cancelled()
        await self.calls.end_task_if_long()
        await self._stop_if_draining()

    async def _stop_if_draining(self) -> None:
        require_not_cancelled()
        self.is_draining = self.is_draining or self._is_history_long()
        if self.is_draining:
            self.standing.is_frozen = True
            await workflow.wait_condition(lambda: False)

    async def before_turn(self, path: str, made: TurnsMade) -> None:
        """The gate before each turn of an agent but its first: a long conversation is cut as a long list is."""
        if self.input.engine < 2:
            return
        self.state.turns[path] = made
        require_not_cancelled()
        self.is_draining = self.is_draining or self._is_history_long()
        if self.is_draining:
            await workflow.wait_condition(lambda: False)
        self._turns_here += 1

    async def pass_known(self) -> None:
        """A step is passed whose outcome is known; many of them must not fill one workflow task."""
        self._taken_over += 1
        if self.input.engine >= 2 and self._taken_over % MAX_KNOWN_WITHOUT_PAUSE == 0:
            await workflow.sleep(timedelta(milliseconds=1), summary="many steps were taken over")

    def now(self) -> datetime:
        """This moment, the same in each replay. In a workflow time stands still until something comes from outside."""
        moment = asyncio.get_running_loop().time()
        if moment != self._moment:
            self._moment, self._now = moment, workflow.now()
        return self._now

    def _history_bytes(self) -> int:
        return workflow.info().get_current_history_size()

    def _is_history_long(self) -> bool:
        # Each of Temporal's runs gets at least one step further, or it would continue as new for ever.
        if self._started_here + self._turns_here == 0:
            return False
        # It grows when something comes from outside, as time does.
        moment = asyncio.get_running_loop().time()
        if moment != self._looked_at:
            self._looked_at, self._was_long = moment, self._looks_long()
        return self._was_long

    def _looks_long(self) -> bool:
        info = workflow.info()
        if info.get_current_history_length() >= self.input.continue_after_events:
            return True
        if self.input.engine >= 2:
            grown = info.get_current_history_size() - self._bytes_at_start
            if grown >= CONTINUE_AFTER_BYTES:
                return True
        return info.is_continue_as_new_suggested()

    # --- steps as they are recorded

    def open_step(self, step: Step, path: str, iteration: int | None) -> None:
        """The step starts: counted, remembered and recorded."""
        self.state.steps_started += 1
        ahead = self.ahead.get(path)
        self._note(
            StepChange(
                path=path,
                step_id=step.id,
                step_type=step.type,
                name=step.name,
                position=self.state.steps_started,
                iteration=iteration,
                status="RUNNING",
                started_at=ahead.started_at if ahead else self.now(),
                opened=self._next_moment(),
            )
        )

    def require_steps_left(self) -> None:
        """Raise `limit_exceeded` once more steps started than `limits.max_steps` allows."""
        limit = self.definition.limits.max_steps
        if self.state.steps_started > limit:
            raise failed(
                "limit_exceeded",
                f"The run started more than {limit} steps.",
                code="max_steps",
                hint="Raise limits.max_steps, or look for a loop that does not end.",
            )

    def note_input(self, path: str, value: Value) -> None:
        """What the step works on, once it is known."""
        self._note(replace(self.state.open_steps[path], input=value))

    def note_waiting(self, path: str, *, is_waiting: bool = True) -> None:
        """The step begins (or ends) to wait for people, time or another run."""
        self._note(
            replace(self.state.open_steps[path], status="WAITING" if is_waiting else "RUNNING")
        )

    def take(self, decision: Decision) -> None:
        """Keep a decision for the step that waits for it; the first one stands."""
        if decision.path in self.state.open_steps:
            self.state.decisions.setdefault(decision.path, decision)

    def take_end(self, child_id: str) -> None:
        """A child has ended; of others than those that are waited for nothing is kept."""
        if child_id in self.state.children:
            self.state.children[child_id] = True

    def note_attempts(self, path: str, attempts: int) -> None:
        """How often its most repeated call was made."""
        step = self.state.open_steps[path]
        self.state.open_steps[path] = replace(step, attempts=max(step.attempts, attempts))

    def spend(self, path: str, usage: Usage) -> None:
        """Add to what the step and the run have cost."""
        step = self.state.open_steps[path]
        self.state.open_steps[path] = replace(step, usage=step.usage + usage)
        self.state.usage = self.state.usage + usage

    def close_step(
        self,
        path: str,
        status: StepStatus,
        *,
        output: Value | None = None,
        error: ErrorInfo | None = None,
        writes: dict[str, Value] | None = None,
        next_step: str = "",
    ) -> None:
        """The step ended: recorded and no longer remembered as open."""
        step = self.state.open_steps.pop(path)
        self.standing.note_end(path)
        self.state.turns.pop(path, None)
        ahead = self.ahead.pop(path, None)
        how: dict[str, Any] = {
            "status": status,
            "completed_at": (ahead and ahead.completed_at) or self.now(),
            "closed": self._next_moment(),
            "output": output,
            "error": error,
            "writes": writes,
            "next": next_step,
        }
        # As `replace` does it, which takes twice the time: it is done for each step.
        self.recorder.step(StepChange(**(vars(step) | how)))

    def forget(self, paths: Mapping[str, object] | list[str]) -> None:
        """Drop outcomes that nobody can see any more."""
        for path in paths:
            self.state.outcomes.pop(path, None)

    def _next_moment(self) -> int:
        self.state.moments += 1
        return self.state.moments

    def _note(self, step: StepChange) -> None:
        self.state.open_steps[step.path] = step
        self.standing.note(step)
        self.recorder.step(step)

    # --- limits

    def require_budget(self, *, is_model_call: bool) -> None:
        """For old runs: raise `budget_exceeded` before a call that the run's limits no longer pay for."""
        if self.input.engine >= FIRST_ENGINE:
            return
        limits, usage = self.definition.limits, self.state.usage
        tokens = usage.input_tokens + usage.output_tokens
        if limits.max_tokens is not None and is_model_call and tokens >= limits.max_tokens:
            raise _over_budget("max_tokens", f"{tokens} tokens are spent")
        cost = usage.cost_usd
        if limits.max_cost_usd is not None and cost is not None and cost >= limits.max_cost_usd:
            raise _over_budget("max_cost_usd", f"{cost} US dollars are spent")
        calls = usage.tool_calls
        if limits.max_tool_calls is None or is_model_call:
            return
        if calls >= limits.max_tool_calls:
            raise _over_budget("max_tool_calls", f"{calls} tool calls are made")

    def time_left(self) -> timedelta:
        """Until `limits.timeout_seconds` are over, counted from the first start without the time of waiting."""
        limit = timedelta(seconds=self.definition.limits.timeout_seconds) + self.standing.waited
        return max(self.state.started_at + limit - workflow.now(), timedelta(0))


def completed(output: Value, next_step: str | None) -> Outcome:
    """The outcome of a step that went well."""
    return Outcome("COMPLETED", output, next=next_step)


def _over_budget(limit: str, spent: str) -> Exception:
    return failed("budget_exceeded", f"{spent}: limits.{limit} allows no more.", code=limit)
