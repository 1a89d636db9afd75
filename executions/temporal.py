"""The only place that builds a Temporal client: start, cancel, await and describe runs."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
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
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError

from executions import visibility
from executions.engine.messages import WORKFLOW_TYPE, ErrorInfo, RunInput, RunOutcome
from executions.payloads import DATA_CONVERTER
from executions.visibility import Labels

CONNECT_TIMEOUT_SECONDS = 10.0
RPC_TIMEOUT = timedelta(seconds=10)
DESCRIBED_AT_ONCE = 10

# By event loop, then by address and namespace: a client must not outlive its loop, and tests change the settings.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], Client]] = (
    WeakKeyDictionary()
)


async def connect() -> Client:
    """This event loop's client. Raises `TimeoutError` or `RuntimeError` when Temporal can't be reached."""
    address, namespace = settings.TEMPORAL_ADDRESS, settings.TEMPORAL_NAMESPACE
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if (address, namespace) not in clients:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            clients[address, namespace] = await Client.connect(
                address, namespace=namespace, data_converter=DATA_CONVERTER
            )
    return clients[address, namespace]


async def start_interpreter(run_input: RunInput, labels: Labels | None = None) -> None:
    """Start the run; its Temporal workflow id is the execution's id, `labels` are for Temporal's own pages.

    Raises `temporalio.exceptions.WorkflowAlreadyStartedError` for an id that was started before, running or
    closed, and `temporalio.service.RPCError` when the server refuses or does not answer within 10 seconds.
    """
    client = await connect()
    if labels is not None:
        attributes = visibility.attributes_of(client, run_input, labels)
        try:
            await _start(client, run_input, labels, attributes)
        except RPCError as error:
            if not visibility.are_unknown(client, error):
                raise
        else:
            return
    await _start(client, run_input, labels, TypedSearchAttributes.empty)


async def _start(
    client: Client, run_input: RunInput, labels: Labels | None, attributes: TypedSearchAttributes
) -> None:
    name = str(run_input.definition.get("name", ""))
    await client.start_workflow(
        WORKFLOW_TYPE,
        run_input,
        id=run_input.execution_id,
        task_queue=settings.TEMPORAL_TASK_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        memo=visibility.memo_of(run_input, labels),
        search_attributes=attributes,
        static_summary=f"{name} (simulated)" if run_input.simulate else name,
        static_details=visibility.details_of(run_input, labels) if labels is not None else None,
        rpc_timeout=RPC_TIMEOUT,
    )


async def cancel(execution_id: str) -> None:
    """Ask Temporal to cancel the run; the run itself records what came of it. Raises `RPCError`, e.g. NOT_FOUND."""
    await (await _handle(execution_id)).cancel(rpc_timeout=RPC_TIMEOUT)


async def result(execution_id: str, timeout_seconds: float) -> RunOutcome | None:
    """How the run ended, or null if it still runs after `timeout_seconds`. Raises `RPCError`, e.g. NOT_FOUND."""
    handle = await _handle(execution_id)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await handle.result()
    except TimeoutError:
        return None
    except WorkflowFailureError as failure:
        return _outcome_of(failure)


async def describe(execution_id: str) -> WorkflowExecutionDescription | None:
    """What Temporal knows of the run, or null if it knows none. Closed runs are forgotten after a day."""
    try:
        return await (await _handle(execution_id)).describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status.name == "NOT_FOUND":
            return None
        raise


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
