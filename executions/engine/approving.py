"""The approval: asks people, waits for a signal with their decision, and gives up when its time is over."""

from datetime import datetime, timedelta

from pydantic import JsonValue
from temporalio import workflow

from executions.engine.errors import failed
from executions.engine.messages.approvals import AskPeople, Decision, GiveUp
from executions.engine.messages.outcomes import Outcome
from executions.engine.run import Run, completed
from executions.engine.scopes import Scope
from executions.engine.simulation import MARK
from executions.engine.tasks import require_not_cancelled
from executions.engine.values import resolve
from workflows.definition.steps import ApprovalStep


async def run_approval(run: Run, scope: Scope, step: ApprovalStep, path: str) -> Outcome:
    """What was decided; in a simulation everything is approved. Raises `StepFailed` of kind `rejected` and others."""
    if run.input.simulate:
        return await _simulated(run, scope, step, path)
    decision = await _decision(run, scope, step, path)
    run.state.decisions.pop(path, None)
    if decision.is_approved:
        return completed(decision.output, step.next)
    if step.on_reject != "fail":
        return completed(decision.output, step.on_reject)
    said = f": {decision.comment}" if decision.comment else "."
    raise failed("rejected", f"{decision.by} rejected this{said}")


async def _decision(run: Run, scope: Scope, step: ApprovalStep, path: str) -> Decision:
    expires_at = _end_of(run, step, path)
    # A run that continued as new has asked already.
    if run.state.open_steps[path].status != "WAITING":
        known = await _ask(run, scope, step, path, expires_at)
        if known is not None:
            return known
        run.note_waiting(path)
    try:
        await workflow.wait_condition(
            lambda: path in run.state.decisions, timeout=_left(expires_at), timeout_summary=path
        )
        require_not_cancelled()
        return run.state.decisions[path]
    except TimeoutError:
        # Only the database knows who was first, people or time.
        late = await run.calls.give_up(GiveUp(run.input.execution_id, path))
    if late is not None:
        return late
    seconds = step.approval_timeout_seconds
    raise failed("approval_timeout", f"The decision did not come within {seconds} seconds.")


async def _ask(
    run: Run, scope: Scope, step: ApprovalStep, path: str, expires_at: datetime | None
) -> Decision | None:
    """Open the approval; gives the decision if there is one already."""
    template: JsonValue = {"message": step.approval_message, "content": step.content}
    asked = await resolve(run, scope, template)
    run.note_input(path, asked)
    request = AskPeople(
        execution_id=run.input.execution_id,
        path=path,
        step_id=step.id,
        asked=await run.calls.packed(asked),
        approvers=step.approvers,
        required_approvals=step.required_approvals,
        expires_at=expires_at,
    )
    return await run.calls.ask_people(request)


async def _simulated(run: Run, scope: Scope, step: ApprovalStep, path: str) -> Outcome:
    template: JsonValue = {"message": step.approval_message, "content": step.content}
    run.note_input(path, await resolve(run, scope, template))
    answer: JsonValue = {
        "approved": True,
        "by": [MARK],
        "comment": MARK,
        "edited": step.content,
    }
    return completed(await resolve(run, scope, answer), step.next)


def _end_of(run: Run, step: ApprovalStep, path: str) -> datetime | None:
    if step.approval_timeout_seconds is None:
        return None
    seconds = timedelta(seconds=step.approval_timeout_seconds)
    return run.state.open_steps[path].started_at + seconds


def _left(expires_at: datetime | None) -> timedelta | None:
    if expires_at is None:
        return None
    return max(expires_at - workflow.now(), timedelta(0))
