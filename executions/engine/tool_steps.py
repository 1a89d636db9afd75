"""A tool step: one call with the arguments its templates give."""

from pydantic import JsonValue

from executions.engine.errors import failed
from executions.engine.messages.calls import CallTool
from executions.engine.messages.outcomes import Usage
from executions.engine.messages.values import Value
from executions.engine.run import Run
from executions.engine.scopes import Scope
from executions.engine.segments import has_run_ahead, take_over
from executions.engine.simulation import stand_in
from executions.engine.values import resolve
from workflows.definition.steps import ToolStep


async def run_tool_step(run: Run, scope: Scope, step: ToolStep, path: str) -> Value:
    """The tool's output. Raises `StepFailed`."""
    if step.tool is None:
        raise failed("tool_missing", "This step has chosen no tool.")
    if await has_run_ahead(run, scope, step, path):
        return take_over(run, path)
    arguments = await resolve(run, scope, step.arguments)
    run.note_input(path, arguments)
    if run.input.simulate:
        return Value(_simulated(run, step.tool))
    run.require_budget(is_model_call=False)
    run.spend(path, Usage(tool_calls=1))
    request = CallTool(
        execution_id=run.input.execution_id,
        path=path,
        timeout_seconds=step.timeout,
        tool=step.tool,
        arguments=await run.calls.packed(arguments),
        max_attempts=step.retry.max_attempts,
        budgets=run.budgets.of_tool_call(path),
        owner_id=run.input.owner_id,
    )
    is_local = step.tool in run.input.local_tools
    call = run.calls.call_local_tool if is_local else run.calls.call_tool
    result = await call(request, step.retry)
    run.note_attempts(path, result.attempts)
    return result.output


def _simulated(run: Run, tool: str) -> JsonValue:
    schema = run.input.stand_ins.get(tool)
    if isinstance(schema, dict):
        return stand_in(schema)
    return {"simulated": True, "tool": tool, "text": f"(simulated) Answer of {tool}."}
