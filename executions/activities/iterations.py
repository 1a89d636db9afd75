"""`run_iterations`: iterations of a loop of quick steps, ahead of the workflow that walks it."""

import asyncio

from temporalio import activity

from executions.activities.callers import require_active
from executions.activities.failures import before_the_call
from executions.activities.segments import run_line
from executions.engine.ahead_run import iterations_ahead
from executions.engine.messages.iterations import RUN_ITERATIONS, IterationsAhead, RunIterations


@activity.defn(name=RUN_ITERATIONS)
async def run_iterations(request: RunIterations) -> IterationsAhead:
    """Run iterations until one fails, the time is over or the room full. Fails as `tool_missing` for a deactivated user."""
    with before_the_call():
        await require_active(request.run_input.owner_id)
    return await asyncio.to_thread(iterations_ahead, request, run_line)
