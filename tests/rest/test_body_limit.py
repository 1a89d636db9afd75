"""The ASGI gate reads no body beyond the limit, and gives bodies sent in chunks their length."""

from typing import Any

import orjson
import pytest

from workflowsite.rest.body_limit import Receive, Scope, Send, with_body_limit

LIMIT = 100


class Echo:
    """Answers with the body's length and the length that its header gave."""

    calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        message = await receive()
        given = dict(scope["headers"]).get(b"content-length", b"").decode()
        body = orjson.dumps([len(message.get("body", b"")), given])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


async def exchange(
    app: Echo, headers: list[tuple[bytes, bytes]], chunks: list[bytes]
) -> tuple[int, Any, int]:
    """The status, the body and how many chunks were left unread."""
    pending = list(chunks)
    sent: list[Any] = []

    async def receive() -> Any:
        body = pending.pop(0) if pending else b""
        return {"type": "http.request", "body": body, "more_body": bool(pending)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "headers": headers}
    await with_body_limit(app, max_bytes=LIMIT)(scope, receive, send)
    return sent[0]["status"], orjson.loads(sent[1]["body"]), len(pending)


async def test_an_announced_body_over_the_limit_is_not_read() -> None:
    app = Echo()
    status, problem, unread = await exchange(app, [(b"content-length", b"101")], [b"x" * 101])
    assert (status, problem["code"], unread, app.calls) == (413, "too_large", 1, 0)


async def test_a_body_without_length_is_read_no_further_than_the_limit() -> None:
    app = Echo()
    headers = [(b"transfer-encoding", b"chunked")]
    status, problem, unread = await exchange(app, headers, [b"x" * 60] * 10)
    assert (status, problem["status"], unread, app.calls) == (413, 413, 8, 0)


async def test_a_body_in_chunks_gets_its_length() -> None:
    headers = [(b"transfer-encoding", b"chunked")]
    status, seen, _ = await exchange(Echo(), headers, [b"abc", b"de"])
    assert (status, seen) == (200, [5, "5"])


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"0")]])
async def test_a_request_without_body_passes(headers: list[tuple[bytes, bytes]]) -> None:
    assert (await exchange(Echo(), headers, [b""]))[0] == 200


async def test_what_is_no_request_passes_untouched() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        return {}

    await with_body_limit(app)({"type": "lifespan"}, nothing, nothing)
    assert seen == [{"type": "lifespan"}]
