"""A worker process for the raw workflows, set up like the product's: `python -m benchmarks.raw_worker ADDRESS`."""

import asyncio
import sys

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.raw_workflows import TASK_QUEUE, RawWorkflow, nothing


async def main(address: str) -> None:
    """Work until killed."""
    client = await Client.connect(address)
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[RawWorkflow],
        activities=[nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=200,
        max_concurrent_activities=100,
        max_concurrent_local_activities=32,
        max_concurrent_workflow_tasks=20,
    )
    sys.stdout.write("Worker ready\n")
    sys.stdout.flush()
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
