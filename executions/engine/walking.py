"""Walks a list of steps: one after the other along `next`, with everything that is common to all steps."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from temporalio import workflow

from executions.engine.agent_turns import run_agent_step
from executions.engine.approving import run_approval
from executions.engine.children import run_child
from executions.engine.choosing import run_conditional
from executions.engine.context_writes import run_set
from executions.engine.error_paths import error_target
from executions.engine.errors import RunEnded, StepFailed, failed, placed
from executions.engine.loops import run_loop
from executions.engine.messages.outcomes import Outcome, StepStatus
from executions.engine.messages.state import Position
from executions.engine.messages.values import Value
from executions.engine.parallel import known_branches, run_parallel
from executions.engine.run import Run, completed
from executions.engine.scopes import Scope
from executions.engine.tasks import outlast, settle
from executions.engine.tool_steps import run_tool_step
from executions.engine.values import resolve, resolve_optional
from executions.engine.waits import run_wait
from workflows.definition.references import as_text
from workflows.definition.steps import (
    END,
    AgentStep,
    ApprovalStep,
    ConditionalStep,
    EndStep,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
    ToolStep,
    WaitStep,
    WorkflowStep,
)

# An error's text travels with Temporal's failures, which are no place for documents.
MAX_ERROR_CHARACTERS = 2_000
# Steps that say how it goes on, not what came out: a list's output is never theirs.
WITHOUT_RESULT = (ConditionalStep, WaitStep, ApprovalStep, EndStep)
# Their calls have one of their own, or they take no time.
WITHOUT_TIMEOUT = (AgentStep, ToolStep, EndStep)


async def run_list(run: Run, scope: Scope) -> Value:
    """Run the list from where it stands to its end; gives its output.

    Raises `StepFailed` for what nothing in the list caught, and `RunEnded` at an `end` of scope `run`.
    """
    position = _position(run, scope)
    try:
        output: Value | None = None
        while position.at != END:
            step = scope.by_id[position.at]
            outcome = await _visit(run, scope, position, step)
            output = own_output(run, step, outcome.output)
        return await list_output(run, scope) if output is None else output
    finally:
        _forget(run, scope, position)


def own_output(run: Run, step: Step, output: Value) -> Value | None:
    """What an `end` gives as the output of its list or run; nothing where it names none.

    Runs that engine 1 started take the list's output where an `end` gave null.
    """
    if not isinstance(step, EndStep) or step.output is None:
        return None
    return None if run.input.engine < 2 and output == Value() else output


async def list_output(run: Run, scope: Scope) -> Value:
    """The declared output, else that of the last completed step that has a result of its own."""
    declared = await resolve_optional(run, scope, scope.output)
    if declared is not None:
        return declared
    last = run.state.positions[scope.path].last_completed
    return scope.records[last].output if last is not None else Value()


def _position(run: Run, scope: Scope) -> Position:
    """Where the list stands; a list that was left by continuing as new gets its records back."""
    entry = scope.entry_step or (scope.steps[0].id if scope.steps else END)
    position = run.state.positions.setdefault(scope.path, Position(at=entry))
    scope.error = position.error
    scope.writes = position.writes
    for step_id, visits in position.visits.items():
        scope.records[step_id] = run.state.outcomes[scope.step_path(step_id, visits)]
    return position


def _forget(run: Run, scope: Scope, position: Position) -> None:
    # The run's own list stays: it is what `list_output` and a fork look at.
    if not scope.path:
        return
    run.state.positions.pop(scope.path, None)
    run.forget([scope.step_path(step_id, visits) for step_id, visits in position.visits.items()])


async def _visit(run: Run, scope: Scope, position: Position, step: Step) -> Outcome:
    visit = position.visits.get(step.id, 0) + 1
    path = scope.step_path(step.id, visit)
    try:
        outcome = await outcome_of(run, scope, step, path)
    finally:
        # What finished iterations wrote stays, even if the loop that holds them fails.
        scope.writes.update(run.written.pop(path, {}))
    scope.writes.update(outcome.writes or {})
    run.state.outcomes[path] = outcome
    if visit > 1:
        run.forget([scope.step_path(step.id, visit - 1)])
    scope.records[step.id] = outcome
    position.visits[step.id] = visit
    position.at = outcome.next or END
    if outcome.status == "FAILED":
        position.error = scope.error = outcome.error
    if outcome.status == "COMPLETED" and not isinstance(step, WITHOUT_RESULT):
        position.last_completed = step.id
    return outcome


async def outcome_of(run: Run, scope: Scope, step: Step, path: str) -> Outcome:
    """The outcome of a step, also if it ran before: in this run, or in the one that it was forked from."""
    known = run.state.outcomes.get(path)
    if known is None:
        return await _run_step(run, scope, step, path)
    await run.pass_known()
    if isinstance(step, ParallelStep) and known.branches is not None:
        branches = await known_branches(run, scope, step, path, known.branches, run_list)
        return replace(known, branches=branches)
    return known


async def _run_step(run: Run, scope: Scope, step: Step, path: str) -> Outcome:
    """Run one step and record how it ended; `on_error` has had its say in the outcome."""
    if path not in run.state.open_steps:
        await run.before_step(path)
        run.open_step(step, path, scope.iteration)
    try:
        run.require_steps_left()
        outcome = await _within_timeout(run, scope, step, path)
    except StepFailed as failure:
        return _caught(run, step, path, placed(failure, step=step.id, path=path))
    except RunEnded as end:
        run.close_step(
            path, "FAILED" if end.error else "COMPLETED", output=end.output, error=end.error
        )
        raise
    except asyncio.CancelledError:
        run.close_step(path, "CANCELLED")
        raise
    run.close_step(
        path,
        outcome.status,
        output=outcome.output,
        writes=outcome.writes,
        next_step=outcome.next or "",
    )
    return outcome


def _caught(run: Run, step: Step, path: str, failure: StepFailed) -> Outcome:
    """Where `on_error` goes on after the failure; raises it where nothing catches it."""
    run.note_attempts(path, failure.attempts)
    target = error_target(step, failure.error.kind)
    status: StepStatus = "SKIPPED" if target == "skip" else "FAILED"
    next_step = getattr(step, "next", END) if target == "skip" else target
    writes = run.written.get(path)
    run.close_step(
        path,
        status,
        error=failure.error,
        writes=writes,
        next_step="" if target == "fail" else next_step,
    )
    if target == "fail":
        raise failure
    return Outcome(status, error=failure.error, next=next_step, writes=writes)


async def _within_timeout(run: Run, scope: Scope, step: Step, path: str) -> Outcome:
    """A whole-step timeout, which containers and conditionals have; calls have their own."""
    if isinstance(step, WITHOUT_TIMEOUT) or step.timeout is None:
        return await _guarded(run, scope, step, path)
    deadline = run.state.open_steps[path].started_at + timedelta(seconds=step.timeout)
    work = asyncio.create_task(_guarded(run, scope, step, path))
    try:
        await workflow.wait_condition(
            work.done, timeout=max(deadline - workflow.now(), timedelta(0))
        )
    except TimeoutError:
        await settle([work])
        raise failed("timeout", f"The step did not end within {step.timeout} seconds.") from None
    except asyncio.CancelledError:
        await settle([work])
        raise
    await outlast(work)
    return work.result()


async def _guarded(run: Run, scope: Scope, step: Step, path: str) -> Outcome:
    try:
        with run.budgets.inside(step, path):
            return await _execute(run, scope, step, path)
    except (StepFailed, RunEnded):
        raise
    except Exception:  # noqa: BLE001 - a mistake of ours must end the run visibly, not block its workflow task
        workflow.logger.exception("Step %s failed inside the engine", path)
        raise failed("internal", "The workflow engine made a mistake; its log says more.") from None


async def _execute(  # noqa: C901 - one case per type of step
    run: Run, scope: Scope, step: Step, path: str
) -> Outcome:
    match step:
        case AgentStep():
            return completed(await run_agent_step(run, scope, step, path), step.next)
        case ToolStep():
            return completed(await run_tool_step(run, scope, step, path), step.next)
        case ParallelStep():
            return await run_parallel(run, scope, step, path, run_list)
        case LoopStep():
            return await run_loop(run, scope, step, path, run_list)
        case ConditionalStep():
            return await run_conditional(run, scope, step)
        case EndStep():
            return await _end(run, scope, step, path)
        case SetStep():
            return await run_set(run, scope, step)
        case WaitStep():
            return await run_wait(run, scope, step, path)
        case ApprovalStep():
            return await run_approval(run, scope, step, path)
        case WorkflowStep():
            return await run_child(run, scope, step, path)
    assert_never(step)


async def _raised(run: Run, scope: Scope, step: EndStep) -> StepFailed:
    message = await resolve(run, scope, step.error or f"The step {step.id!r} ended this.")
    text = (
        "The error's text is too long to be shown." if message.is_stored else as_text(message.json)
    )
    return failed("raised", text[:MAX_ERROR_CHARACTERS])


async def _end(run: Run, scope: Scope, step: EndStep, path: str) -> Outcome:
    output = await resolve_optional(run, scope, step.output)
    if step.status == "failed":
        failure = placed(await _raised(run, scope, step), step=step.id, path=path)
        if step.scope == "container":
            raise failure
        raise RunEnded(output, failure.error)
    if step.scope == "run" and scope.path:
        raise RunEnded(own_output(run, step, output or Value()), None)
    return completed(output or Value(), END)
