"""The only place that builds a Temporal client: start, cancel, await and describe runs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError

from executions import runs_on_temporal
from executions.engine.messages.approvals import Decision
from executions.engine.messages.names import CHILD_ENDED, DECIDE
from executions.engine.messages.outcomes import ErrorInfo, RunOutcome
from executions.engine.messages.run_input import RunInput
from executions.payloads import DATA_CONVERTER
from executions.runs_on_temporal import RPC_TIMEOUT, is_gone
from executions.starts.start_request import start_run
from executions.visibility import Labels

CONNECT_TIMEOUT_SECONDS = 10.0
DESCRIBED_AT_ONCE = 10

# By event loop, then by address and namespace: a client must not outlive its loop, and tests change the settings.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], Client]] = (
    WeakKeyDictionary()
)


async def connect() -> Client:
    """This event loop's client. Raises `TimeoutError` or `ConnectionError` when Temporal can't be reached."""
    address, namespace = settings.TEMPORAL_ADDRESS, settings.TEMPORAL_NAMESPACE
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if (address, namespace) not in clients:
        clients[address, namespace] = await _connected(address, namespace)
    return clients[address, namespace]


async def _connected(address: str, namespace: str) -> Client:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            return await Client.connect(address, namespace=namespace, data_converter=DATA_CONVERTER)
    # As the SDK says it; but so does Python of mistakes, too deep a recursion among them.
    except RuntimeError as error:
        raise ConnectionError(str(error)) from error


async def start_interpreter(run_input: RunInput, labels: Labels | None = None) -> None:
    """Start the run; its Temporal workflow id is the execution's id, `labels` are for Temporal's own pages.

    Raises `temporalio.exceptions.WorkflowAlreadyStartedError` for an id that was started before, running or
    closed, and `temporalio.service.RPCError` when the server refuses or does not answer within 10 seconds.
    """
    await start_run(await connect(), run_input, labels)


async def cancel(execution_id: str) -> bool:
    """As `runs_on_temporal.cancel`."""
    return await runs_on_temporal.cancel(await connect(), execution_id)


async def decide(execution_id: str, decision: Decision) -> None:
    """Tell the run how people decided. Raises `RPCError`, NOT_FOUND for a run that has ended."""
    await (await _handle(execution_id)).signal(DECIDE, decision, rpc_timeout=RPC_TIMEOUT)


async def child_ended(parent_id: str, child_id: str) -> None:
    """Tell a run that one that it waits for has ended. Raises `RPCError`, NOT_FOUND for a run that has ended."""
    await (await _handle(parent_id)).signal(CHILD_ENDED, child_id, rpc_timeout=RPC_TIMEOUT)


async def result(execution_id: str, timeout_seconds: float) -> RunOutcome | None:
    """How the run ended, or null if it still runs after `timeout_seconds` or Temporal knows none. Raises `RPCError`."""
    handle = await _handle(execution_id)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await handle.result()
    except TimeoutError:
        return None
    except WorkflowFailureError as failure:
        return _outcome_of(failure)
    except RPCError as error:
        if not is_gone(error):
            raise
        return None


async def describe(execution_id: str) -> WorkflowExecutionDescription | None:
    """What Temporal knows of the run, or null if it knows none. Closed runs are forgotten after a day."""
    try:
        return await (await _handle(execution_id)).describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if not is_gone(error):
            raise
        return None


async def describe_many(
    execution_ids: Sequence[str],
) -> dict[str, WorkflowExecutionDescription | None]:
    """What Temporal knows of each run, asked for several at a time."""
    slots = asyncio.Semaphore(DESCRIBED_AT_ONCE)

    async def one(execution_id: str) -> WorkflowExecutionDescription | None:
        async with slots:
            return await describe(execution_id)

    found = await asyncio.gather(*(one(execution_id) for execution_id in execution_ids))
    return dict(zip(execution_ids, found, strict=True))


async def is_worker_polling() -> bool:
    """Whether some worker asked Temporal for this installation's work within the last minutes."""
    client = await connect()
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=settings.TEMPORAL_NAMESPACE,
            task_queue=TaskQueue(name=settings.TEMPORAL_TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        timeout=RPC_TIMEOUT,
    )
    return len(answer.pollers) > 0


async def _handle(execution_id: str) -> WorkflowHandle[Any, RunOutcome]:
    client = await connect()
    return client.get_workflow_handle(execution_id, result_type=RunOutcome)


def _outcome_of(failure: WorkflowFailureError) -> RunOutcome:
    cause = failure.cause
    if isinstance(cause, CancelledError):
        return RunOutcome("CANCELLED")
    if isinstance(cause, ApplicationError) and cause.details:
        return RunOutcome("FAILED", _error_of(cause.details[0]))
    return RunOutcome("FAILED", ErrorInfo(kind="internal", message=str(cause)))


def _error_of(details: Mapping[str, Any]) -> ErrorInfo:
    return ErrorInfo(**{name: details[name] for name in ErrorInfo.__dataclass_fields__})
