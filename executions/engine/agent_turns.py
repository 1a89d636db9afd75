"""An agent at work: one activity per turn of the model, one per tool call it asks for."""

import asyncio

from pydantic import JsonValue
from temporalio import workflow

from executions.engine.errors import StepFailed, failed
from executions.engine.messages.calls import Agent, AskModel, CallTool, Turn, WantedCall
from executions.engine.messages.outcomes import Usage
from executions.engine.messages.state import TurnsMade
from executions.engine.messages.values import Value
from executions.engine.run import Run
from executions.engine.scopes import Scope
from executions.engine.simulation import stand_in
from executions.engine.tasks import are_done, supervise
from executions.engine.values import resolve
from workflows.definition.steps import AgentStep, RetryPolicy, to_json

# Of the calls that a model asks for in one turn; the others are answered as not made.
MAX_CALLS_PER_TURN = 32


async def run_agent_step(run: Run, scope: Scope, step: AgentStep, path: str) -> Value:
    """The agent's final text, or the JSON that satisfies the schema. Raises `StepFailed`."""
    question = await resolve(run, scope, step.input)
    run.note_input(path, question)
    if run.input.simulate:
        return Value(_simulated(run, step))
    agent = Agent(
        agent_id=step.agent_id,
        inline=to_json(step.agent) if step.agent is not None else None,
        tools=step.tools,
        output_schema=step.output_schema,
    )
    return await converse(
        run,
        path,
        agent,
        question,
        max_turns=step.max_turns,
        timeout_seconds=step.timeout,
        retry=step.retry,
    )


async def converse(
    run: Run,
    path: str,
    agent: Agent,
    given: Value,
    *,
    max_turns: int,
    timeout_seconds: int,
    retry: RetryPolicy,
) -> Value:
    """Turn after turn until the agent gives a valid answer. Raises `StepFailed` after `max_turns` without one."""
    packed = await run.calls.packed(given)
    made = run.state.turns.get(path, TurnsMade(0, max_turns))
    number, limit, turn = made.number, made.limit, Turn()
    while number < limit:
        if number > 0:
            await run.before_turn(path, TurnsMade(number, limit))
        number += 1
        run.require_budget(is_model_call=True)
        question = AskModel(
            run.input.execution_id,
            path,
            number,
            agent,
            packed,
            timeout_seconds,
            budgets=run.budgets.of_model_call(path),
        )
        turn = await _asked(run, question, retry)
        limit = min(limit, turn.max_turns)
        if turn.output is not None:
            return turn.output
        if number < limit:
            await _make_calls(run, path, agent, number, turn.calls, timeout_seconds, retry)
    raise _no_answer(turn, limit)


async def _asked(run: Run, question: AskModel, retry: RetryPolicy) -> Turn:
    """The turn; also one without a usable answer is paid for."""
    try:
        turn = await run.calls.ask_model(question, retry)
    except StepFailed as failure:
        run.spend(question.path, failure.usage)
        raise
    run.note_attempts(question.path, turn.attempts)
    run.spend(question.path, turn.usage)
    return turn


async def _make_calls(
    run: Run,
    path: str,
    agent: Agent,
    turn: int,
    calls: list[WantedCall],
    timeout_seconds: int,
    retry: RetryPolicy,
) -> None:
    async def make(wanted: WantedCall) -> None:
        run.require_budget(is_model_call=False)
        run.spend(path, Usage(tool_calls=1))
        request = CallTool(
            execution_id=run.input.execution_id,
            path=path,
            timeout_seconds=timeout_seconds,
            tool=wanted.tool,
            turn=turn,
            call_id=wanted.id,
            agent=agent,
            max_attempts=retry.max_attempts,
            budgets=run.budgets.of_tool_call(path),
        )
        result = await run.calls.call_tool(request, retry)
        run.note_attempts(path, result.attempts)

    tasks = [asyncio.create_task(make(wanted)) for wanted in calls[:MAX_CALLS_PER_TURN]]
    await supervise(tasks, lambda: are_done(tasks))


def _no_answer(turn: Turn, limit: int) -> Exception:
    if turn.complaint:
        return failed(
            "schema_mismatch", turn.complaint, hint="Simplify output_schema or give an example."
        )
    return failed(
        "agent_error",
        f"The agent gave no final answer within {limit} turns.",
        code="max_turns",
        hint="Raise max_turns, or tell the agent when it is done.",
    )


def _simulated(run: Run, step: AgentStep) -> JsonValue:
    workflow.logger.debug("Simulating the agent step %s", step.id)
    schema = step.output_schema or run.input.stand_ins.get(f"agent:{step.agent_id}")
    if isinstance(schema, dict):
        return stand_in(schema)
    return f"(simulated) Answer of the agent step {step.id!r}."
