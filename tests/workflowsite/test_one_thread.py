"""The ASGI handler: a request is answered whole in one thread, which goes on to the next."""

import asyncio
import threading
from typing import Any

import orjson
import pytest
from django.conf import settings as given_settings
from django.core import signals
from pytest_django import Settings

from tests.workflowsite import one_thread_urls
from workflowsite.one_thread import OneThreadHandler

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def handler(settings: Settings) -> OneThreadHandler:
    """It serves the tests' own addresses behind the product's middleware, and one that notes its thread."""
    settings.ROOT_URLCONF = one_thread_urls.__name__
    noting = f"{one_thread_urls.__name__}.NotesThread"
    settings.MIDDLEWARE = [*given_settings.MIDDLEWARE, noting]
    return OneThreadHandler()


def _scope(path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    headers = [(b"host", b"testserver"), *more.pop("headers", [])]
    return {"type": "http", "method": method, "path": path, "headers": headers, **more}


async def _sent(
    handler: OneThreadHandler, scope: dict[str, Any], *chunks: bytes, gone: bool = False
) -> list[dict[str, Any]]:
    """All messages of the answer; a client that is `gone` leaves before the last chunk's end."""
    pending = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    pending.append({"type": "http.disconnect"} if gone else {"type": "http.request"})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pending:
            await asyncio.Event().wait()
        return pending.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await handler(scope, receive, send)
    return sent


async def _answer(
    handler: OneThreadHandler, path: str, *chunks: bytes, **more: Any
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body."""
    head, content = await _sent(handler, _scope(path, **more), *chunks)
    return head["status"], head["headers"], content["body"]


async def test_middleware_and_view_share_a_thread_that_is_not_the_loops(
    handler: OneThreadHandler,
) -> None:
    status, headers, body = await _answer(handler, "/thread")
    noted = dict(headers)
    assert (status, noted[b"X-Before"], noted[b"X-After"]) == (200, body, body)
    assert body != str(threading.get_ident()).encode()


async def test_a_request_waits_without_keeping_others(handler: OneThreadHandler) -> None:
    one_thread_urls.release.clear()
    waiting = [asyncio.create_task(_answer(handler, "/wait")) for _ in range(20)]
    async with asyncio.timeout(20):
        status, _, _ = await _answer(handler, "/thread")
        one_thread_urls.release.set()
        answers = await asyncio.gather(*waiting)
    assert (status, {body for _, _, body in answers}) == (200, {b"True"})


async def test_a_body_comes_in_whole_and_cookies_go_out_one_by_one(
    handler: OneThreadHandler,
) -> None:
    given = [(b"content-length", b"6"), (b"content-type", b"text/plain")]
    status, headers, body = await _answer(
        handler, "/echo", b"abc", b"def", method="PUT", headers=given
    )
    cookies = [value for name, value in headers if name == b"Set-Cookie"]
    assert (status, body) == (201, b"abcdef")
    assert cookies == [b"first=1; Path=/", b"second=2; Path=/"]


async def test_nobody_is_answered_who_left_before_the_end(handler: OneThreadHandler) -> None:
    assert await _sent(handler, _scope("/thread"), b"half a", gone=True) == []


async def test_what_a_request_waits_for_is_cancelled_when_its_client_leaves(
    handler: OneThreadHandler,
) -> None:
    one_thread_urls.cancelled.clear()
    finished = threading.Event()

    def note(**_: Any) -> None:
        finished.set()

    signals.request_finished.connect(note)
    try:
        pending = [{"type": "http.disconnect"}, {"type": "http.request"}]

        async def receive() -> Any:
            return pending.pop()

        async def send(message: Any) -> None:
            raise AssertionError(f"nobody is there for {message}")

        async with asyncio.timeout(20):
            await handler(_scope("/wait-for-ever"), receive, send)
            assert await asyncio.to_thread(one_thread_urls.cancelled.wait, 10)
            # Whoever hears of it gives the database connection back.
            assert await asyncio.to_thread(finished.wait, 10)
    finally:
        signals.request_finished.disconnect(note)


async def test_an_answer_in_pieces_may_read_while_it_is_made(handler: OneThreadHandler) -> None:
    assert (await _answer(handler, "/pieces"))[2] == b"one two"


@pytest.mark.filterwarnings("ignore")
async def test_a_view_that_fails_answers_500_and_its_thread_goes_on(
    handler: OneThreadHandler, settings: Settings
) -> None:
    settings.DEBUG = False
    status, _, body = await _answer(handler, "/api/fail")
    assert (status, orjson.loads(body)["code"]) == (500, "internal")
    assert (await _answer(handler, "/thread"))[0] == 200


async def test_what_is_asynchronous_in_a_view_runs_in_the_servers_loop(
    handler: OneThreadHandler,
) -> None:
    """The clients of Temporal and MCP belong to a loop: with a loop for each request they would connect each time."""
    _, _, body = await _answer(handler, "/loop")
    assert orjson.loads(body) == {"loop": id(asyncio.get_running_loop())}


async def test_only_http_is_served(handler: OneThreadHandler) -> None:
    with pytest.raises(ValueError, match="Only HTTP"):
        await _sent(handler, {"type": "websocket"})
