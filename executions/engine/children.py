"""The step that runs another workflow: a run of its own, which tells its parent by a signal when it has ended.

No Temporal child: so the parent continues as new, or waits for days, without its children noticing.
"""

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta

from pydantic import JsonValue
from temporalio import workflow

from executions.engine.errors import StepFailed, failed
from executions.engine.messages.children import (
    CHILD_STANDS,
    ChildOf,
    ChildResult,
    ChildStands,
    LaunchChild,
)
from executions.engine.messages.names import CHILD_ENDED
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.run_input import RunInput
from executions.engine.run import Run, completed
from executions.engine.scopes import Scope
from executions.engine.tasks import outlast, require_not_cancelled
from executions.engine.values import resolve
from workflows.definition.steps import WorkflowStep

# Runs that started before say only that they have ended.
FIRST_TELLING_ENGINE = 3
# Should a child's signal be lost, as when an operator terminates it in Temporal.
LOOK_AGAIN = timedelta(minutes=15)
NAMESPACE = uuid.UUID("5f0c1c1e-6d0b-4f0e-9a4e-0d6f3b1d7a52")


async def run_child(run: Run, scope: Scope, step: WorkflowStep, path: str) -> Outcome:
    """The child's output. Raises `StepFailed` of kind `child_failed`."""
    child = ChildOf(run.input.execution_id, child_id(run.input.execution_id, path))
    try:
        result = await _result(run, scope, step, path, child)
    except asyncio.CancelledError:
        await _stop(run, path, child)
        raise
    finally:
        run.state.children.pop(child.child_id, None)
    run.spend(path, result.usage)
    if result.status == "COMPLETED":
        return completed(result.output, step.next)
    raise _failed(step, child, result)


def take_standing(run: Run, news: ChildStands) -> None:
    """A child began or ended to wait, and the step that runs it with it."""
    for path, step in run.state.open_steps.items():
        if step.step_type == "workflow" and _is_of(run, path, news.child_id):
            run.note_waiting(path, is_waiting=news.is_waiting)
            return


async def keep_telling_parent(run: Run) -> None:
    """Let the run that waits for this one know each time that this one begins or ends to wait; until cancelled."""
    if run.input.engine < FIRST_TELLING_ENGINE or not run.input.parent_id:
        return
    state = run.state
    parent = workflow.get_external_workflow_handle(run.input.parent_id)
    while True:
        await workflow.wait_condition(lambda: run.standing.is_waiting != state.has_told_waiting)
        state.has_told_waiting = run.standing.is_waiting
        news = ChildStands(run.input.execution_id, state.has_told_waiting)
        # A parent that is gone needs no word.
        await outlast(asyncio.create_task(parent.signal(CHILD_STANDS, news)))
        require_not_cancelled()


async def tell_parent(run_input: RunInput) -> None:
    """Let the run that waits for this one know that it has ended; a parent that is gone needs no word."""
    if not run_input.parent_id:
        return
    parent = workflow.get_external_workflow_handle(run_input.parent_id)
    telling = asyncio.create_task(parent.signal(CHILD_ENDED, run_input.execution_id))
    await outlast(telling)


def _is_of(run: Run, path: str, key: str) -> bool:
    return child_id(run.input.execution_id, path) == key


def child_id(execution_id: str, path: str) -> str:
    """The same for the same step, so that a repeated launch finds its own row."""
    return f"execution-{uuid.uuid5(NAMESPACE, f'{execution_id}/{path}')}"


async def _result(
    run: Run, scope: Scope, step: WorkflowStep, path: str, child: ChildOf
) -> ChildResult:
    # A run that continued as new has started it already.
    if child.child_id not in run.state.children:
        await _launch(run, scope, step, path, child)
    while True:
        try:
            await workflow.wait_condition(
                lambda: run.state.children.get(child.child_id, True),
                timeout=LOOK_AGAIN,
                timeout_summary=path,
            )
        except TimeoutError:
            workflow.logger.info("Looking after the child %s", child.child_id)
        require_not_cancelled()
        result = await run.calls.collect_child(child)
        if result.status is not None:
            return result
        run.state.children[child.child_id] = False


async def _launch(run: Run, scope: Scope, step: WorkflowStep, path: str, child: ChildOf) -> None:
    if step.workflow_id is None:
        raise failed("child_failed", "This step has chosen no workflow.")
    template: JsonValue = {"input": step.input, "context": step.context}
    given = await resolve(run, scope, template)
    run.note_input(path, given)
    version = step.version or run.input.child_versions.get(step.workflow_id)
    request = LaunchChild(
        parent_id=child.parent_id,
        child_id=child.child_id,
        path=path,
        workflow_id=step.workflow_id,
        version=version,
        given=await run.calls.packed(given),
        simulate=run.input.simulate,
        budgets=run.budgets.around(path),
    )
    # Before the launch: the child may have ended before its launch is known here.
    run.state.children[child.child_id] = False
    await run.calls.launch_child(request)


async def _stop(run: Run, path: str, child: ChildOf) -> None:
    """Cancel the child and wait for its end, whatever happens meanwhile; what it has spent counts."""
    if child.child_id not in run.state.children:
        return
    stopping = asyncio.create_task(run.calls.stop_child(child))
    await outlast(stopping)
    if not stopping.cancelled() and stopping.exception() is None:
        run.spend(path, stopping.result().usage)


def _failed(step: WorkflowStep, child: ChildOf, result: ChildResult) -> Exception:
    """The step's error. A limit from above the child is not the child's to answer for: it ends who has set it, too."""
    what = f"The run {child.child_id} of {step.workflow_id!r}"
    if result.error is None:
        return failed("child_failed", f"{what} was cancelled.", code="cancelled")
    where = f" at {result.error.path!r}" if result.error.path else ""
    if result.error.limit_of not in ("", child.child_id):
        message = f"{what} ended{where}: {result.error.message}"
        return StepFailed(replace(result.error, message=message, step="", path=""))
    return failed(
        "child_failed", f"{what} failed{where}: {result.error.message}", code=result.error.kind
    )
