"""/healthz and /readyz: what orchestrators ask without logging in."""

import asyncio
from datetime import timedelta

import pytest
from django.test import AsyncClient, Client
from pytest_django import Settings
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from executions import temporal


@workflow.defn
class Idle:
    """A workflow that nobody starts; a worker needs one to ask for."""

    @workflow.run
    async def run(self) -> None:
        """End at once."""


def test_healthz_answers_anybody(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_healthz_needs_no_known_host_name(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "10.0.0.7"}).status_code == 200
    assert client.get("/api/docs", headers={"host": "10.0.0.7"}).status_code == 400


def test_readyz_names_what_fails_and_reveals_no_address(client: Client, settings: Settings) -> None:
    settings.TEMPORAL_TASK_QUEUE = "nobody-polls-this"
    settings.REDIS_URL = "redis://:hidden@127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "error",
        "checks": {"database": "ok", "redis": "error", "temporal": "ok", "worker": "error"},
    }
    assert "no-cache" in response["Cache-Control"]


async def test_readyz_is_ok_once_a_worker_polls(settings: Settings) -> None:
    settings.TEMPORAL_TASK_QUEUE = "somebody-polls-this"
    worker = Worker(
        await temporal.connect(),
        task_queue=settings.TEMPORAL_TASK_QUEUE,
        workflows=[Idle],
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(0),
    )
    async with worker, asyncio.timeout(20):
        # There is no event to wait for, only the endpoint.
        while (response := await AsyncClient().get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    checks = dict.fromkeys(("database", "redis", "temporal", "worker"), "ok")
    assert response.json() == {"status": "ok", "checks": checks}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_takes_no_writes(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
