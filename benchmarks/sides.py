"""The two sides of each comparison: one run from its start to its result, as a client sees it."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.client import Client, WorkflowHandle

from benchmarks.raw_workflows import TASK_QUEUE, RawWorkflow, Shape
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
        name = f"raw-{uuid.uuid4()}"
        await self.raw.execute_workflow(RawWorkflow.run, shape, id=name, task_queue=TASK_QUEUE)
        return name

    async def run_ours(self, run_input: RunInput) -> str:
        """One of ours; raises `RuntimeError` if it does not complete."""
        await temporal.start_interpreter(run_input)
        outcome = await temporal.result(run_input.execution_id, PATIENCE_SECONDS)
        if outcome is None or outcome.status != "COMPLETED":
            raise RuntimeError(f"{run_input.execution_id} ended as {outcome}.")
        return run_input.execution_id

    async def history(self, workflow_id: str) -> tuple[int, int]:
        """Events and bytes of a run's history, all Temporal runs that it continued as included."""
        events = size = 0
        run_id: str | None = None
        while True:
            handle: WorkflowHandle[object, object] = self.raw.get_workflow_handle(
                workflow_id, run_id=run_id
            )
            found = (await handle.fetch_history()).events
            events += len(found)
            size += sum(event.ByteSize() for event in found)
            started = found[0].workflow_execution_started_event_attributes
            run_id = started.continued_execution_run_id
            if not run_id:
                return events, size
