"""Runs on Temporal by their ids, through whatever client: one of this process, or that of the worker around an activity."""

import logging
from datetime import timedelta

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

logger = logging.getLogger(__name__)

# For a call that does not wait for a run.
RPC_TIMEOUT = timedelta(seconds=10)


def is_gone(error: RPCError) -> bool:
    """Whether Temporal says that it knows no such run or schedule, or has closed it.

    Of a namespace that is missing it says the same; that tells nothing about what is in it.
    """
    about_namespace = NamespaceNotFoundFailure.DESCRIPTOR
    details = error.grpc_status.details
    is_unknown = error.status == RPCStatusCode.NOT_FOUND
    return is_unknown and not any(detail.Is(about_namespace) for detail in details)


async def cancel(client: Client, execution_id: str) -> bool:
    """Ask Temporal to cancel the run, which itself records what came of it; false if no such run is open.

    Raises `RPCError`.
    """
    try:
        await client.get_workflow_handle(execution_id).cancel(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if not is_gone(error):
            raise
        return False
    return True


async def wait_until_closed(client: Client, execution_id: str) -> None:
    """Wait until Temporal has closed the run, however it ends, or not at all if it knows none. Raises `RPCError`."""
    try:
        await client.get_workflow_handle(execution_id).result()
    except WorkflowFailureError:
        logger.info("execution %s did not complete", execution_id)
    except RPCError as error:
        if not is_gone(error):
            raise
