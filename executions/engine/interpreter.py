"""The Temporal workflow that runs a definition: starts, bounds, cancels, continues as new, and always says how it ended."""

import asyncio
from dataclasses import replace

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from executions.engine.calls import Calls
from executions.engine.children import keep_telling_parent, take_standing, tell_parent
from executions.engine.errors import RunEnded, StepFailed, failed
from executions.engine.messages.approvals import Decision
from executions.engine.messages.changes import Batch, RunChange
from executions.engine.messages.children import CHILD_STANDS, ChildStands
from executions.engine.messages.names import CHILD_ENDED, DECIDE, WORKFLOW_TYPE
from executions.engine.messages.outcomes import ErrorInfo, RunOutcome
from executions.engine.messages.run_input import RunInput
from executions.engine.messages.state import RunState
from executions.engine.run import Run
from executions.engine.scopes import Scope, as_json
from executions.engine.spilling import handed_on, unpacked
from executions.engine.step_alone import run_alone
from executions.engine.tasks import outlast, require_not_cancelled, settle
from executions.engine.values import resolve
from executions.engine.walking import list_output, run_list
from workflows.definition.steps import Definition


@workflow.defn(name=WORKFLOW_TYPE)
class InterpreterWorkflow:
    """Runs one canonical definition; its id is the execution's id."""

    def __init__(self) -> None:
        self._run: Run | None = None
        # What came before the run was there to take it.
        self._early: list[Decision | ChildStands | str] = []

    @workflow.signal(name=DECIDE)
    def decide(self, decision: Decision) -> None:
        """People decided an approval; what comes twice, or too late, changes nothing."""
        if self._run is None:
            self._early.append(decision)
            return
        self._run.take(decision)

    @workflow.signal(name=CHILD_ENDED)
    def child_ended(self, child_id: str) -> None:
        """A run that a step started has ended; how, the step looks up itself."""
        if self._run is None:
            self._early.append(child_id)
            return
        self._run.take_end(child_id)

    @workflow.signal(name=CHILD_STANDS)
    def child_stands(self, news: ChildStands) -> None:
        """A run that a step started began or ended to wait."""
        if self._run is None:
            self._early.append(news)
            return
        take_standing(self._run, news)

    @workflow.run
    async def run(self, run_input: RunInput) -> RunOutcome:
        """The run's outcome; a failed run fails this workflow too, a cancelled one cancels it."""
        end = await self._lived(run_input)
        await tell_parent(run_input)
        return _told(end)

    async def _lived(self, run_input: RunInput) -> RunChange:
        """How the run ended, written down; does not return when it continues as new."""
        try:
            definition = Definition.model_validate(run_input.definition)
        except ValidationError:
            return await _refused(run_input)
        if run_input.state_parts:
            try:
                run_input = await _with_state(run_input)
            except StepFailed:
                return await _refused(run_input)
        state = run_input.state or RunState(started_at=workflow.now())
        run = self._run = Run(run_input, state, definition)
        for news in self._early:
            _take(run, news)
        writing = asyncio.create_task(run.recorder.keep_writing())
        telling = asyncio.create_task(keep_telling_parent(run))
        if state.sequence == 0:
            # A fork brings the outcomes of another run, and begins now all the same.
            state.started_at = workflow.now()
            run.recorder.run(RunChange("RUNNING", workflow.now()))
        end = await self._end_of(run)
        end = await _recorded(run, end)
        await settle([writing, telling])
        return end

    async def _end_of(self, run: Run) -> RunChange:
        """How the run ended; does not return when it continues as new."""
        walk = asyncio.create_task(_walk(run))
        try:
            require_not_cancelled()
            while not walk.done():
                has_waited = run.standing.is_waiting
                await _news(run, walk)
                if run.recorder.has_failed:
                    await settle([walk])
                    return _failed(_internal())
                has_changed = run.standing.is_waiting != has_waited
                if not walk.done() and (run.is_quiet or not has_changed):
                    await _continue_as_new(run)
        except TimeoutError:
            await settle([walk])
            return _failed(_out_of_time(run))
        except StepFailed as failure:
            # The state could not be written down to be handed on.
            await settle([walk])
            return _failed(failure.error)
        except asyncio.CancelledError:
            await settle([walk])
            # Without a reason nobody asked for it: the worker only lets go of the run, which goes on elsewhere.
            if workflow.cancellation_reason() is None:
                raise
            return RunChange("CANCELLED", workflow.now())
        return walk.result()


def _take(run: Run, news: Decision | ChildStands | str) -> None:
    match news:
        case Decision():
            run.take(news)
        case ChildStands():
            take_standing(run, news)
        case _:
            run.take_end(news)


async def _news(run: Run, walk: asyncio.Task[RunChange]) -> None:
    """Until the walk ended or came to a stop, or its clock starts or stops. Raises `TimeoutError` when time is up."""
    is_waiting = run.standing.is_waiting
    await workflow.wait_condition(
        lambda: (
            walk.done()
            or run.is_quiet
            or run.recorder.has_failed
            or run.standing.is_waiting != is_waiting
        ),
        timeout=None if is_waiting else run.time_left(),
        timeout_summary="limits.timeout_seconds",
    )


async def _with_state(run_input: RunInput) -> RunInput:
    """The input with the state that was too large to travel. Raises `StepFailed` when it can't be read."""
    calls = Calls(run_input.execution_id, engine=run_input.engine)
    reading = asyncio.create_task(calls.load_parts(run_input.state_parts))
    # Whoever cancels meanwhile is heard as soon as the run can write down that it was cancelled.
    await outlast(reading)
    return replace(run_input, state=unpacked(reading.result()), state_parts=[])


async def _refused(run_input: RunInput) -> RunChange:
    """A definition or state that this code does not understand: stored by another version of it, or lost."""
    workflow.logger.exception("The definition or the state can't be read")
    end = _failed(_internal())
    calls = Calls(run_input.execution_id, engine=run_input.engine)
    await calls.record(Batch(run_input.execution_id, 1, run=end))
    return end


async def _walk(run: Run) -> RunChange:
    """Walk the whole definition and say how it ended, which is written down together with its last steps."""
    try:
        return await _walked(run)
    finally:
        run.is_ending = True


async def _walked(run: Run) -> RunChange:
    definition = run.definition
    scope = Scope("", definition.steps, definition.entry_step, definition.output)
    try:
        await _fill_context(run, scope)
        alone = run.input.alone
        output = await (run_list(run, scope) if alone is None else run_alone(run, alone))
    except RunEnded as end:
        if end.error is not None:
            return _failed(end.error)
        return await _ended_early(run, scope, end)
    except StepFailed as failure:
        return _failed(failure.error)
    except Exception:  # noqa: BLE001 - a mistake of ours must end the run visibly, not block its workflow task
        workflow.logger.exception("The run failed inside the engine")
        return _failed(_internal())
    return RunChange("COMPLETED", workflow.now(), output)


async def _ended_early(run: Run, scope: Scope, end: RunEnded) -> RunChange:
    try:
        output = end.output if end.output is not None else await list_output(run, scope)
    except StepFailed as failure:
        return _failed(failure.error)
    return RunChange("COMPLETED", workflow.now(), output)


async def _fill_context(run: Run, scope: Scope) -> None:
    """The definition's defaults, whose templates see the input, under what the run was given, which is data."""
    state = run.input.state
    if state is not None and (state.has_context or run.input.engine < 2):
        return
    for key, template in run.definition.context.items():
        if key not in run.input.context:
            run.state.context[key] = await resolve(run, scope, template)
    run.state.context |= run.input.context
    run.state.has_context = True


async def _continue_as_new(run: Run) -> None:
    """Hand the state on to a new Temporal run, unless something moved while it was written down."""
    await run.recorder.until_idle()
    following = await handed_on(run)
    if run.is_quiet and run.recorder.is_idle and not run.recorder.has_failed:
        run.leave()
        workflow.continue_as_new(following)


async def _recorded(run: Run, end: RunChange) -> RunChange:
    """The end as it was written down, whatever happens meanwhile.

    That may be another one: whoever cancels while the last task writes a good end makes Temporal refuse this task, and
    the workflow goes another way the next time. What everybody was told stands.
    """
    run.recorder.run(end)
    run.is_ending = False
    await outlast(asyncio.create_task(run.recorder.until_idle()))
    before = run.recorder.ended_before
    if before is not None:
        return RunChange(before.status, end.at, error=before.error)
    if not run.recorder.has_failed:
        return end
    end = _failed(_internal())
    last_try = asyncio.create_task(run.calls.record(run.recorder.start_over(end)))
    await outlast(last_try)
    return end


def _told(end: RunChange) -> RunOutcome:
    if end.status == "CANCELLED":
        raise asyncio.CancelledError
    if end.status == "FAILED" and end.error is not None:
        raise ApplicationError(
            end.error.message, as_json(end.error), type=end.error.kind, non_retryable=True
        )
    return RunOutcome("COMPLETED")


def _failed(error: ErrorInfo) -> RunChange:
    return RunChange("FAILED", workflow.now(), error=error)


def _out_of_time(run: Run) -> ErrorInfo:
    limit = run.definition.limits.timeout_seconds
    return failed(
        "limit_exceeded", f"The run did not end within {limit} seconds.", code="timeout_seconds"
    ).error


def _internal() -> ErrorInfo:
    return failed("internal", "The workflow engine made a mistake; its log says more.").error
