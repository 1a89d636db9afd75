"""The yardstick: hand-written Temporal workflows whose steps do nothing, without interpreter and records."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from temporalio import activity, workflow

TASK_QUEUE = "raw"
TIMEOUT = timedelta(seconds=60)

How = Literal["inline", "local", "activity"]


@dataclass
class Shape:
    """So many steps one after the other: code in the workflow, local activities, or activities."""

    how: How
    count: int
    text: str = ""


@activity.defn
async def nothing(text: str) -> str:
    """A step that does nothing."""
    return text


@workflow.defn
class RawWorkflow:
    """Runs a shape."""

    @workflow.run
    async def run(self, shape: Shape) -> str:
        """The last step's result."""
        text = shape.text
        for _ in range(shape.count if shape.how != "inline" else 0):
            if shape.how == "local":
                text = await workflow.execute_local_activity(
                    nothing, text, start_to_close_timeout=TIMEOUT
                )
            else:
                text = await workflow.execute_activity(
                    nothing, text, start_to_close_timeout=TIMEOUT
                )
        return text
