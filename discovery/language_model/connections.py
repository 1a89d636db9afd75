"""Connections to the model service: one for a call, or kept open for many where a process asks for that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx2

from discovery.language_model.answers import MAX_ANSWER_BYTES
from discovery.outbound.bounded_transport import BoundedTransport

if TYPE_CHECKING:
    import openai

# Servers close what is idle after five seconds or more; a request that meets the closing would be lost.
KEPT_SECONDS = 4.0
MAX_KEPT = 100

# By event loop, then by address and key.
_kept: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], openai.AsyncOpenAI]]" = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """Inside, all calls of this event loop share their connections, which are closed at its end."""
    loop = asyncio.get_running_loop()
    clients = _kept.setdefault(loop, {})
    try:
        yield
    finally:
        del _kept[loop]
        for client in clients.values():
            await client.close()


@asynccontextmanager
async def to_service(url: str, key: str) -> AsyncIterator["openai.AsyncOpenAI"]:
    """A client that never retries and reads a bounded answer; how long a call may take is the caller's to say."""
    clients = _kept.get(asyncio.get_running_loop())
    if clients is None:
        async with _opened(url, key) as client:
            yield client
        return
    if (url, key) not in clients:
        clients[url, key] = _opened(url, key)
    yield clients[url, key]


def _opened(url: str, key: str) -> "openai.AsyncOpenAI":
    # As in `client.complete`.
    import openai  # noqa: PLC0415

    limits = httpx2.Limits(max_keepalive_connections=MAX_KEPT, keepalive_expiry=KEPT_SECONDS)
    inner = httpx2.AsyncHTTPTransport(verify=_tls_context(), trust_env=False, limits=limits)
    http = httpx2.AsyncClient(
        transport=BoundedTransport(inner, timeout_seconds=None, max_bytes=MAX_ANSWER_BYTES),
        trust_env=False,
        follow_redirects=False,
    )
    return openai.AsyncOpenAI(api_key=key, base_url=url, max_retries=0, http_client=http)


@cache
def _tls_context() -> Any:
    """Loading the certificates takes longer than building all the rest of a client."""
    return httpx2.create_ssl_context(trust_env=False)
