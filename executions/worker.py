"""The Temporal worker: which code runs for the installation's task queue, and how it stops."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from common.connections import DATABASE_AWAY
from common.upkeep import mend
from discovery.language_model import connections as model_connections
from discovery.mcp.client import close_connections
from executions import temporal, visibility
from executions.activities import (
    bookkeeping,
    children,
    iterations,
    launches,
    model_turns,
    people,
    segments,
    tool_calls,
)
from executions.activities.database import in_database
from executions.activities.log_context import LogContext
from executions.engine.interpreter import InterpreterWorkflow
from executions.engine.scheduled_start import ScheduledStart

logger = logging.getLogger(__name__)

WORKFLOWS: list[type] = [InterpreterWorkflow, ScheduledStart]
ACTIVITIES: list[Callable[..., Any]] = [
    bookkeeping.record,
    bookkeeping.resolve_value,
    bookkeeping.load_values,
    bookkeeping.load_part,
    bookkeeping.join_values,
    bookkeeping.store_values,
    children.launch_child,
    children.collect_child,
    children.stop_child,
    people.ask_people,
    people.give_up,
    tool_calls.call_tool,
    tool_calls.may_repeat,
    model_turns.ask_model,
    segments.run_segment,
    iterations.run_iterations,
    launches.launch_scheduled,
    launches.await_run,
]
# Threads for what blocks on the database; each holds a connection only while it works.
DATABASE_THREADS = 8
MAX_ACTIVITIES = 100
MAX_CACHED_RUNS = 200
# The SDK collects heartbeats for up to a minute; cancelling shall be felt within a second.
HEARTBEAT_THROTTLE = timedelta(seconds=1)
GRACEFUL_SHUTDOWN = timedelta(seconds=10)
# After this time a workflow task counts as hanging. The SDK's own two seconds pass on a machine that has too much to do,
# also for one that starts 200 branches; what is interrupted there is never evicted, and its run stands still until the
# worker is started again. Temporal gives a task that takes over ten seconds to somebody else.
DEADLOCK_SECONDS = 60
CONNECT_PAUSE_SECONDS = 2.0
FIRST_CHORES_SECONDS = 5.0


def build_worker(client: Client) -> Worker:
    """A worker for the configured task queue. Not sandboxed: replay tests guard determinism and it costs a third less."""
    worker = Worker(
        client,
        task_queue=settings.TEMPORAL_TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=ACTIVITIES,
        interceptors=[LogContext()],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=MAX_CACHED_RUNS,
        max_concurrent_activities=MAX_ACTIVITIES,
        max_concurrent_local_activities=DATABASE_THREADS * 4,
        max_concurrent_workflow_tasks=20,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
    )
    # The SDK has no setting for it, but for a debugger.
    worker._workflow_worker._deadlock_timeout_seconds = DEADLOCK_SECONDS  # type: ignore[union-attr]
    return worker


async def run_until_signalled() -> None:
    """Work until SIGTERM or SIGINT."""
    _keep_what_is_loaded()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    mending = asyncio.create_task(_keep_mending(stopping))
    try:
        await run_worker(stopping)
    finally:
        stopping.set()
        await mending


def _keep_what_is_loaded() -> None:
    """Modules and models live as long as the process: looking through them at each collection cost a third of a run's CPU."""
    # Elsewhere it is loaded when it is needed.
    import_module("openai")
    gc.collect()
    gc.freeze()


async def run_worker(stopping: asyncio.Event) -> None:
    """Work until `stopping`; running activities get 10 seconds, then they are cancelled."""
    client = await _connected(stopping)
    if client is None:
        return
    await visibility.register(client)
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="activity")
    )
    try:
        async with model_connections.kept(), build_worker(client):
            logger.info(
                "Worker ready: queue %s at %s",
                settings.TEMPORAL_TASK_QUEUE,
                settings.TEMPORAL_ADDRESS,
            )
            await stopping.wait()
    finally:
        # Or the end of the event loop could leave the processes of stdio servers behind.
        await close_connections()
        logger.info("Worker stops")


async def _keep_mending(stopping: asyncio.Event) -> None:
    """Do the chores soon after the start and then every minute; Celery does them too, but may be away."""
    seconds = min(FIRST_CHORES_SECONDS, settings.UPKEEP_SECONDS)
    while not await _is_set_within(stopping, seconds):
        seconds = settings.UPKEEP_SECONDS
        try:
            await in_database(mend)
        except DATABASE_AWAY as error:
            logger.warning("Chores are left for the next pass: %s", error)
        # A mistake in here must not end the worker; the next pass shows it again.
        except Exception:
            logger.exception("Chores are left for the next pass")


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def _connected(stopping: asyncio.Event) -> Client | None:
    """The client, as soon as Temporal answers; nothing if the worker is told to stop before."""
    is_told = False
    while not stopping.is_set():
        try:
            return await temporal.connect()
        except (ConnectionError, TimeoutError) as error:
            logger.debug("Temporal at %s: %s", settings.TEMPORAL_ADDRESS, error)
        if not is_told:
            is_told = True
            logger.warning(
                "Temporal does not answer at %s. Start it, or correct TEMPORAL_ADDRESS; "
                "this worker goes on trying.",
                settings.TEMPORAL_ADDRESS,
            )
        await _is_set_within(stopping, CONNECT_PAUSE_SECONDS)
    return None
