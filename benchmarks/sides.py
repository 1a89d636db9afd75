"""The two sides of each comparison: one run from its start to its result, as a client sees it."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowHandle

from benchmarks.figures import History
from benchmarks.raw_workflows import TASK_QUEUE, RawWorkflow, RecordedWorkflow, Shape
from executions import temporal
from executions.engine.messages.run_input import RunInput
from executions.payloads import DATA_CONVERTER

PATIENCE_SECONDS = 300.0
# Starts one run and waits for its result; gives Temporal's id of it.
RunOne = Callable[[], Awaitable[str]]


@dataclass
class Clients:
    """One Temporal client per side: each talks as its workers do."""

    raw: Client
    ours: Client

    @classmethod
    async def connect(cls, address: str) -> "Clients":
        """Connect both."""
        return cls(
            await Client.connect(address),
            await Client.connect(address, data_converter=DATA_CONVERTER),
        )

    async def run_raw(self, shape: Shape) -> str:
        """A raw workflow."""
        return await self._run_raw(RawWorkflow.run, shape, f"raw-{uuid.uuid4()}")

    async def run_recorded(self, shape: Shape, run_input: RunInput) -> str:
        """A raw workflow that writes down by hand what ours records; it takes one of our rows."""
        return await self._run_raw(RecordedWorkflow.run, shape, run_input.execution_id)

    async def _run_raw(
        self, run: Callable[[Any, Shape], Awaitable[str]], shape: Shape, name: str
    ) -> str:
        await self.raw.start_workflow(run, shape, id=name, task_queue=TASK_QUEUE)
        # By its id alone, as ours is waited for, which may continue as new: Temporal looks up which run that is.
        await self.raw.get_workflow_handle(name).result()
        return name

    async def run_ours(self, run_input: RunInput) -> str:
        """One of ours; raises `RuntimeError` if it does not complete."""
        await temporal.start_interpreter(run_input)
        outcome = await temporal.result(run_input.execution_id, PATIENCE_SECONDS)
        if outcome is None or outcome.status != "COMPLETED":
            raise RuntimeError(f"{run_input.execution_id} ended as {outcome}.")
        return run_input.execution_id

    async def history(self, workflow_id: str) -> History:
        """A run's history, those of all Temporal runs that it continued as included."""
        whole = History()
        run_id: str | None = None
        while True:
            handle: WorkflowHandle[object, object] = self.raw.get_workflow_handle(
                workflow_id, run_id=run_id
            )
            found = (await handle.fetch_history()).events
            whole.events += len(found)
            whole.bytes += sum(event.ByteSize() for event in found)
            whole.longest = max(whole.longest, len(found))
            started = found[0].workflow_execution_started_event_attributes
            run_id = started.continued_execution_run_id
            if not run_id:
                return whole
