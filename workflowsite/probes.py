"""Short questions to the services behind the product: does each of them answer?"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import psycopg
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from executions import temporal

logger = logging.getLogger(__name__)

PROBE_SECONDS = 3.0
Probe = Callable[[], Awaitable[None]]


class NotReady(Exception):
    """The service answers but can't do its work; the message says why."""


async def database() -> None:
    """A connection of its own: the pool's may all be busy while the database is well."""
    async with await psycopg.AsyncConnection.connect(settings.DATABASE_URL) as connection:
        await connection.execute("SELECT 1")


async def broker() -> None:
    """Redis takes a command."""
    once = Retry(NoBackoff(), 0)
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, retry=once)
    try:
        await client.ping()
    finally:
        await client.aclose()


async def temporal_server() -> None:
    """Temporal knows our namespace."""
    client = await temporal.connect()
    request = DescribeNamespaceRequest(namespace=settings.TEMPORAL_NAMESPACE)
    await client.workflow_service.describe_namespace(request)


async def worker() -> None:
    """Somebody asks Temporal for our work."""
    if not await temporal.is_worker_polling():
        raise NotReady("no worker asks for work; start one with `manage.py temporal_worker`")


PROBES: Mapping[str, Probe] = {
    "database": database,
    "redis": broker,
    "temporal": temporal_server,
    "worker": worker,
}


async def failure_of(name: str) -> str | None:
    """Why the probe failed, for the log and the operator; None when the service is well."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await PROBES[name]()
    # Whatever goes wrong in a client library means the same here: the service is not ready.
    except Exception as error:
        logger.debug("The probe %s failed", name, exc_info=True)
        first_line = str(error).partition("\n")[0]
        return f"{type(error).__name__}: {first_line}"
    return None


async def failures() -> dict[str, str | None]:
    """Every probe's name and why it failed, asked at the same time; takes three seconds at most."""
    reasons = await asyncio.gather(*map(failure_of, PROBES))
    return dict(zip(PROBES, reasons, strict=True))
