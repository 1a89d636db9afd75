"""The yardstick: hand-written Temporal workflows, without interpreter and records. Their steps do the bare call, or nothing.

A second one writes down by hand what ours records, to tell what any record of so many steps costs.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, assert_never

from temporalio import activity, workflow

from benchmarks.raw_calls import Calls
from benchmarks.raw_records import Records, Written

TASK_QUEUE = "raw"
TIMEOUT = timedelta(seconds=60)

How = Literal["inline", "local", "activity", "mcp", "model"]


@dataclass
class Shape:
    """So many steps one after the other: code in the workflow, (local) activities that do nothing, or calls."""

    how: How
    count: int
    text: str = ""


@activity.defn
async def nothing(text: str) -> str:
    """A step that does nothing."""
    return text


async def _step(how: How, number: int, text: str) -> str:
    match how:
        case "inline":
            return text
        case "local":
            return await workflow.execute_local_activity(
                nothing, text, start_to_close_timeout=TIMEOUT
            )
        case "activity":
            return await workflow.execute_activity(nothing, text, start_to_close_timeout=TIMEOUT)
        case "mcp":
            return await workflow.execute_activity_method(
                Calls.add, number, start_to_close_timeout=TIMEOUT
            )
        case "model":
            return await workflow.execute_activity_method(
                Calls.ask, text, start_to_close_timeout=TIMEOUT
            )
    assert_never(how)


@workflow.defn
class RawWorkflow:
    """Runs a shape."""

    @workflow.run
    async def run(self, shape: Shape) -> str:
        """The last step's result."""
        text = shape.text
        for number in range(shape.count):
            text = await _step(shape.how, number, text)
        return text


@workflow.defn
class RecordedWorkflow:
    """Runs a shape of steps that are code in the workflow, and writes down the run and each step when it is over."""

    @workflow.run
    async def run(self, shape: Shape) -> str:
        """The last step's result."""
        began, text, steps = workflow.now(), shape.text, list[dict[str, str]]()
        for number in range(1, shape.count + 1):
            text = await _step(shape.how, number, text)
            steps.append({"path": f"s{number}", "output": text})
        written = Written(workflow.info().workflow_id, began.isoformat(), steps)
        await workflow.execute_local_activity_method(
            Records.write, written, start_to_close_timeout=TIMEOUT
        )
        return text
