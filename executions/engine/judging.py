"""The judge of a `best` parallel: an agent that answers the id of a branch."""

from executions.engine.agent_turns import converse
from executions.engine.errors import failed
from executions.engine.messages.calls import Agent
from executions.engine.messages.values import JoinValues, Value
from executions.engine.run import Run
from executions.engine.values import is_small
from workflows.definition.steps import ParallelStep, RetryPolicy

JUDGE_TIMEOUT_SECONDS = 120
MAX_JUDGE_TURNS = 10
QUESTION = "Which of these results is the best? Answer with its id alone."


async def judge(run: Run, step: ParallelStep, path: str, candidates: dict[str, Value]) -> str:
    """The id of the best branch. Raises `StepFailed` of kind `agent_error` for any other answer."""
    names = list(candidates)
    # There is nothing to choose (and nothing to pay for) with one candidate; stand-ins are all alike.
    if len(names) == 1 or run.input.simulate:
        return names[0]
    answer = await converse(
        run,
        path,
        Agent(agent_id=step.judge_agent_id, tools=[]),
        await _question(run, candidates),
        max_turns=MAX_JUDGE_TURNS,
        timeout_seconds=step.timeout or JUDGE_TIMEOUT_SECONDS,
        retry=RetryPolicy(),
    )
    chosen = answer.json.strip() if isinstance(answer.json, str) else None
    if chosen not in candidates:
        known = ", ".join(names)
        raise failed(
            "agent_error",
            f"The judge did not answer with the id of a branch that succeeded ({known}).",
            code="not_a_branch",
        )
    return chosen


async def _question(run: Run, candidates: dict[str, Value]) -> Value:
    parts = [Value({"question": QUESTION})]
    for name, output in candidates.items():
        parts.append(await _labelled(run, name, output))
    if not is_small(parts):
        return await run.calls.join_values(JoinValues(run.input.execution_id, "list", parts))
    return Value([part.json for part in parts])


async def _labelled(run: Run, name: str, output: Value) -> Value:
    if not output.is_stored:
        return Value({"id": name, "result": output.json})
    pair = [Value({"id": name}), output]
    return await run.calls.join_values(JoinValues(run.input.execution_id, "list", pair))
