"""A worker process for the raw workflows, set up like the product's: `python -m benchmarks.raw_worker ADDRESS`.

Its clients are those of the SDKs, opened once and kept: what somebody writes who needs nothing else.
"""

import asyncio
import os
import sys

from mcp.client import Client as McpClient
from mcp.client.stdio import StdioServerParameters, stdio_client
from openai import AsyncOpenAI
from psycopg_pool import AsyncConnectionPool
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.raw_calls import Calls
from benchmarks.raw_records import Records
from benchmarks.raw_workflows import TASK_QUEUE, RawWorkflow, RecordedWorkflow, nothing
from benchmarks.servers import tool_server

# As many as the product's worker has threads for its database.
CONNECTIONS = 8


async def main(address: str) -> None:
    """Work until killed."""
    client = await Client.connect(address)
    server = stdio_client(StdioServerParameters.model_validate(tool_server()))
    database = AsyncConnectionPool(
        os.environ["DATABASE_URL"],
        min_size=1,
        max_size=CONNECTIONS,
        kwargs={"autocommit": True},
        open=False,
    )
    async with McpClient(server) as tools, AsyncOpenAI() as models, database:
        calls = Calls(tools, models, os.environ["OPENAI_MODEL"])
        worker = _worker(client, calls, Records(database))
        sys.stdout.write("Worker ready\n")
        sys.stdout.flush()
        await worker.run()


def _worker(client: Client, calls: Calls, records: Records) -> Worker:
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[RawWorkflow, RecordedWorkflow],
        activities=[nothing, calls.add, calls.ask, records.write],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=200,
        max_concurrent_activities=100,
        max_concurrent_local_activities=32,
        max_concurrent_workflow_tasks=20,
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
