"""The only importer of `mcp`: lists and calls the tools of one server, bounded in time and size."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import anyio
import httpx2
from django.conf import settings
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    HEADER_MISMATCH,
    METHOD_NOT_FOUND,
    REQUEST_TIMEOUT,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    InputRequiredResult,
)
from pydantic import JsonValue, TypeAdapter

from discovery.mcp.addresses import Address, HttpAddress, StdioAddress
from discovery.mcp.failures import ServerUnreachable, causes, explain, is_refused
from discovery.mcp.listing import MAX_TOOLS, Listing, sift
from discovery.mcp.pool import ConnectionPool
from discovery.mcp.results import output_of, readable
from discovery.mcp.wire import ErrorOutput, Wire
from discovery.outbound.network import guarded_client
from discovery.tool_errors import ToolCallFailed

MAX_PAGES = 50
# The SDK's and the transport's own limits are a net under the caller's deadline: at the same moment they would race it.
NET_SECONDS = 5.0
IDLE_SECONDS = 60.0
MAX_AGE_SECONDS = 3600.0
# In a call's `_meta`: the same for every attempt of one step in one run, so that a server can recognise a repetition.
IDEMPOTENCY_META_KEY = "workflow-builder/idempotency-key"

_Answer = CallToolResult | InputRequiredResult | MCPError
_CALL_RESULT: TypeAdapter[CallToolResult | InputRequiredResult] = TypeAdapter(
    CallToolResult | InputRequiredResult
)
_CLIENT_INFO = Implementation(name="workflow-builder", version="1")
# What the SDK and its transports raise, often inside an ExceptionGroup; anything else is a fault of ours.
_FAILURES = (
    ServerUnreachable,
    MCPError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    OSError,
    ValueError,  # pydantic's ValidationError among them
    RuntimeError,  # httpx2.StreamError among them
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
)


class McpSession:
    """An open connection to one server."""

    def __init__(self, client: Client, wire: Wire) -> None:
        self._client = client
        self._wire = wire
        self.is_broken = False

    @property
    def is_usable(self) -> bool:
        """False once the server is gone, or may still be busy with a call that was given up."""
        return not (self.is_broken or self._wire.has_ended)

    async def list_tools(self) -> Listing:
        """All pages, sifted; a server without the capability has no tools."""
        try:
            names = await self._list_names()
        except MCPError as error:
            if error.code != METHOD_NOT_FOUND:
                raise
            names = set()
        listing = sift(self._wire.tools)
        # The SDK drops tools of its own accord, as newer protocol versions demand.
        return Listing(
            {name: tool for name, tool in listing.tools.items() if name in names}, listing.refused
        )

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> _Answer:
        """One call; a refusal by the server is an answer too, only a lost connection is raised.

        The SDK's own `call_tool` would first list the tools to check the result; that is done by `calling`.
        """
        params = CallToolRequestParams.model_validate(
            {"name": name, "arguments": dict(arguments), "_meta": {IDEMPOTENCY_META_KEY: key}}
        )
        try:
            return await self._send(CallToolRequest(params=params))
        except MCPError as error:
            if error.code in (CONNECTION_CLOSED, REQUEST_TIMEOUT):
                raise
            return error

    async def _send(self, request: CallToolRequest) -> CallToolResult | InputRequiredResult:
        session = self._client.session
        try:
            return await session.send_request(request, _CALL_RESULT)
        except MCPError as error:
            # MCP 2026-07-28: arguments that must travel as headers are known only from the listing.
            if error.code != HEADER_MISMATCH:
                raise
            await self._client.list_tools()
            return await session.send_request(request, _CALL_RESULT)

    async def _list_names(self) -> set[str]:
        names: set[str] = set()
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._client.list_tools(cursor=cursor)
            names |= {tool.name for tool in page.tools}
            cursor = page.next_cursor
            if not cursor or len(self._wire.tools) > MAX_TOOLS:
                break
        return names


_stdio_sessions: ConnectionPool[McpSession] = ConnectionPool(
    idle_seconds=IDLE_SECONDS, max_age_seconds=MAX_AGE_SECONDS
)


async def list_tools(address: Address, *, timeout_seconds: float | None = None) -> Listing:
    """What the server offers now, over a connection of its own; raises `ServerUnreachable`.

    `timeout_seconds` (default MCP_TIMEOUT_SECONDS) is for everything from the connection to the last page.
    """
    seconds = timeout_seconds or settings.MCP_TIMEOUT_SECONDS
    try:
        async with asyncio.timeout(seconds), _open(address, seconds + NET_SECONDS) as session:
            return await session.list_tools()
    except TimeoutError:
        raise ServerUnreachable(f"No answer within {seconds:g} seconds.") from None


async def call_tool(
    address: Address,
    name: str,
    arguments: Mapping[str, JsonValue],
    *,
    timeout_seconds: float,
    idempotency_key: str = "",
) -> JsonValue:
    """The tool's structured content if it gives any, else its text; `timeout_seconds` is for everything.

    Raises `ToolCallFailed`: also for a result that is too large or no JSON that can be stored.
    """
    is_asked = False
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            _session(address, timeout_seconds + NET_SECONDS) as session,
        ):
            is_asked = True
            answer = await session.call(name, arguments, idempotency_key)
    except TimeoutError:
        raise ToolCallFailed(
            f"The tool did not answer within {timeout_seconds:g} seconds.",
            kind="timeout",
            hint="Give the step a longer timeout, or ask the tool for less.",
            is_retryable=True,
        ) from None
    except ServerUnreachable as error:
        is_lost = is_asked and not error.is_refused
        code = "connection_lost" if is_lost else "server_unreachable"
        raise ToolCallFailed(error.reason, code=code, is_retryable=True) from error
    return _output(answer)


async def close_connections() -> None:
    """Close the connections that this event loop keeps for the next call; for a worker about to stop."""
    await _stdio_sessions.aclose()


def _output(answer: _Answer) -> JsonValue:
    match answer:
        case MCPError():
            raise ToolCallFailed(
                readable(answer.message) or "The server refused the call.", code=str(answer.code)
            )
        case InputRequiredResult():
            raise ToolCallFailed(
                "The tool asks a person for input in the middle of a call, which is not supported.",
                code="input_required",
            )
        case CallToolResult():
            wire = answer.model_dump(by_alias=True)
            return output_of(wire, max_bytes=settings.OUTBOUND_MAX_BYTES)


@asynccontextmanager
async def _session(address: Address, timeout_seconds: float) -> AsyncIterator[McpSession]:
    """A connection for one call: a command's is shared and kept for the next call, an HTTP one is not."""
    if isinstance(address, HttpAddress):
        async with _open(address, timeout_seconds) as session:
            yield session
        return
    opening = _stdio_sessions.borrow(address, lambda: _open(address, settings.MCP_TIMEOUT_SECONDS))
    async with opening as session:
        with _explaining(address):
            try:
                yield session
            except BaseException:
                # Whatever went wrong, a time-out and a cancellation included: let nobody wait behind this call.
                session.is_broken = True
                raise


@asynccontextmanager
async def _open(address: Address, timeout_seconds: float) -> AsyncIterator[McpSession]:
    """A new connection, ready to be used; raises `ServerUnreachable`, also for what breaks while it is used."""
    match address:
        case HttpAddress():
            opening = _open_http(address, timeout_seconds)
        case StdioAddress():
            opening = _open_stdio(address, timeout_seconds)
    async with opening as session:
        yield session


@asynccontextmanager
async def _open_http(address: HttpAddress, timeout_seconds: float) -> AsyncIterator[McpSession]:
    status: list[int] = []

    async def note_status(response: httpx2.Response) -> None:
        # Servers may refuse the stream (GET) and the farewell (DELETE); what is asked of them is a POST.
        if response.request.method == "POST":
            status[:] = [response.status_code]

    client = guarded_client(
        timeout_seconds=timeout_seconds,
        max_bytes=settings.OUTBOUND_MAX_BYTES,
        headers=dict(address.headers),
    )
    client.event_hooks = {"request": [], "response": [note_status]}
    try:
        async with client:
            transport = streamable_http_client(
                address.url, http_client=client, max_sse_event_size=settings.OUTBOUND_MAX_BYTES
            )
            async with _handshaken(transport, timeout_seconds) as session:
                yield session
    except (*_FAILURES, ExceptionGroup) as error:
        raise _unreachable(error, address, http_status=status[-1] if status else None) from error


@asynccontextmanager
async def _open_stdio(address: StdioAddress, timeout_seconds: float) -> AsyncIterator[McpSession]:
    parameters = StdioServerParameters(
        command=address.command, args=list(address.args), env=dict(address.env), cwd=address.cwd
    )
    said = ErrorOutput(dict(address.env))
    try:
        transport = stdio_client(parameters, errlog=said.file)
        async with _handshaken(transport, timeout_seconds) as session:
            yield session
    except (*_FAILURES, ExceptionGroup) as error:
        raise _unreachable(error, address, last_words=said.last_line()) from error
    finally:
        said.close()


@asynccontextmanager
async def _handshaken(
    transport: AbstractAsyncContextManager[Any], timeout_seconds: float
) -> AsyncIterator[McpSession]:
    wire = Wire(transport)
    async with Client(
        wire,
        # Without it the SDK waits for ever.
        read_timeout_seconds=timeout_seconds,
        client_info=_CLIENT_INFO,
        cache=None,
    ) as client:
        yield McpSession(client, wire)


@contextmanager
def _explaining(address: Address) -> Iterator[None]:
    try:
        yield
    except (*_FAILURES, ExceptionGroup) as error:
        raise _unreachable(error, address) from error


def _unreachable(
    error: Exception,
    address: Address,
    *,
    http_status: int | None = None,
    last_words: str = "",
) -> ServerUnreachable:
    """The reason for people. Re-raises an error that is not one of the SDK's or the network's."""
    for cause in causes(error):
        if isinstance(cause, ServerUnreachable):
            return cause
        if not isinstance(cause, _FAILURES):
            raise error
    reason = explain(error, address, http_status=http_status, last_words=last_words)
    return ServerUnreachable(reason, is_refused=is_refused(error, http_status))
