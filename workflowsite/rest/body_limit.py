"""The outermost ASGI layer: bodies are counted as they arrive, so that none is ever read whole beyond the limit."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from common.strict_json import MAX_BYTES
from workflowsite.rest.problem_details import MEDIA_TYPE, problem

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_body_limit(app: App, *, max_bytes: int = MAX_BYTES) -> App:
    """`app` behind a gate that answers 413 to a body over `max_bytes`, announced or not.

    A body sent in chunks is collected and given its length, since Django takes one without length for empty.
    """

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"transfer-encoding" not in headers and not int(headers.get(b"content-length", 0) or 0):
            await app(scope, receive, send)
            return
        if int(headers.get(b"content-length", 0)) > max_bytes:
            await _refuse(send)
            return
        body = await _collect(receive, max_bytes)
        if body is None:
            await _refuse(send)
            return
        scope = {**scope, "headers": _with_length(scope["headers"], len(body))}
        await app(scope, _replay(body, receive), send)

    return limited


async def _collect(receive: Receive, max_bytes: int) -> bytes | None:
    """The body, or null as soon as it is too long."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)  # the client went away; the app will notice
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > max_bytes:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return pending.pop() if pending else await receive()

    return next_message


def _with_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(k, v) for k, v in headers if k not in (b"content-length", b"transfer-encoding")]
    return [*kept, (b"content-length", str(length).encode())]


async def _refuse(send: Send) -> None:
    body = orjson.dumps(problem(413, "The body is larger than 2 MiB.", "too_large"))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
