"""The step that waits: for a time, which a timer of Temporal keeps."""

from datetime import UTC, datetime, timedelta

from temporalio import workflow

from executions.engine.errors import failed
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.values import Value
from executions.engine.run import Run, completed
from executions.engine.scopes import Scope
from executions.engine.tasks import require_not_cancelled
from executions.engine.values import resolve
from workflows.definition.references import as_text
from workflows.definition.steps import WaitStep

MAX_WAIT = timedelta(seconds=31_536_000)


async def run_wait(run: Run, scope: Scope, step: WaitStep, path: str) -> Outcome:
    """Null, when the time has come; in a simulation at once. Raises `StepFailed`."""
    if run.input.simulate:
        return completed(Value(), step.next)
    until = await _end_of(run, scope, step, path)
    run.note_input(path, Value({"until": until.isoformat()}))
    left = until - workflow.now()
    if left > MAX_WAIT:
        raise failed("limit_exceeded", "A step waits at most 365 days.", code="wait")
    if left > timedelta(0):
        run.note_waiting(path)
        await workflow.sleep(left, summary=path)
        require_not_cancelled()
    return completed(Value(), step.next)


async def _end_of(run: Run, scope: Scope, step: WaitStep, path: str) -> datetime:
    """When the waiting ends: counted from the step's start, whichever Temporal run that was in."""
    if step.until is None:
        seconds = timedelta(seconds=step.duration_seconds or 0)
        return run.state.open_steps[path].started_at + seconds
    until = await resolve(run, scope, step.until)
    text = "" if until.is_stored else as_text(until.json).strip()
    return _time(text)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise failed("template_error", f"The time {text[:100]!r} in `until` has no time zone.")
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise failed(
            "template_error",
            f"`until` gave {text[:100]!r}, which is no ISO 8601 time.",
            hint="Such as 2030-01-31T09:00:00+01:00.",
        ) from None
