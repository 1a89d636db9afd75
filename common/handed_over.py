"""Answers that go on for long: a view decides as usual, then its stream runs outside of Django.

Django keeps a thread for as long as a request lasts, and runs middleware and views in it. A stream of events lasts as
long as somebody looks. So the view hands over a stream and ends; the ASGI layer around Django sends what it yields.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from django.http import HttpRequest

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Stream = Callable[[], AsyncIterator[bytes]]

KEY = "handed_over_stream"
# The server keeps some 64 KiB for a client; one that does not take them for so long is dropped.
SEND_SECONDS = 30.0


def hand_over(request: HttpRequest, stream: Stream) -> bool:
    """Let `stream` follow on the view's headers; returns false where no ASGI server can do it."""
    scope = getattr(request, "scope", None)
    if scope is None:
        return False
    scope[KEY] = stream
    return True


def with_handed_over_streams(app: App) -> App:
    """`app`, whose views may hand over."""

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_unless_handed_over(message: Message) -> None:
            if KEY not in scope:
                await send(message)
            elif message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message["headers"] if k.lower() != b"content-length"]
                await send({**message, "headers": kept})

        await app(scope, receive, send_unless_handed_over)
        stream = scope.pop(KEY, None)
        if stream is not None:
            await _run(stream, receive, send)

    return streaming


async def _run(stream: Stream, receive: Receive, send: Send) -> None:
    """Send until the stream or the client ends."""
    sending = asyncio.create_task(_send_all(stream, send))
    leaving = asyncio.create_task(until_gone(receive))
    try:
        await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (leaving, sending):
            task.cancel()
        await asyncio.wait([sending, leaving])
    if not sending.cancelled():
        sending.result()


async def _send_all(stream: Stream, send: Send) -> None:
    async with aclosing(stream()) as pieces:  # type: ignore[type-var]
        try:
            async for piece in pieces:
                await _send(send, {"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            logger.info("A client that took nothing for %s seconds was dropped", SEND_SECONDS)
            return
    await _send(send, {"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, message: Message) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send(message)


async def until_gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
