"""Django behind an ASGI server, each request whole in one thread: middleware, view, database and signals.

Django's own handler changes threads for each part of a request that is not asynchronous, and starts new ones each
time; that took more CPU than most views. What must not hold a thread is handed over (common/handed_over.py).
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.core import signals
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from common.handed_over import Message, Receive, Scope, Send, until_gone
from workflowsite.request_threads import RequestThreads

Answer = tuple[Message, bytes]

# Most answers are there before it would pay to listen whether the client is.
SECONDS_BEFORE_LISTENING = 1.0


class OneThreadHandler(ASGIHandler):
    """An ASGI application for HTTP; bodies are kept in memory, so a limit on them must stand before it.

    When a client leaves, the asynchronous call that its request waits for is cancelled; a thread can't be.
    """

    def __init__(self) -> None:
        super().__init__()
        # Any executor will do: https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_in_executor
        threads = cast(ThreadPoolExecutor, RequestThreads())
        self._answer_in_thread = sync_to_async(
            self._answer, thread_sensitive=False, executor=threads
        )

    def load_middleware(self, is_async: bool = False) -> None:
        """As for WSGI: all of it is called one after the other, in the request's thread."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises `ValueError` for anything but HTTP."""
        if scope["type"] != "http":
            raise ValueError(f"Only HTTP is served, not {scope['type']!r}.")
        body = await _whole_body(receive)
        if body is None:
            return
        answer = await self._answer_unless_gone(scope, body, receive)
        if answer is None:
            return
        head, content = answer
        await send(head)
        await send({"type": "http.response.body", "body": content})

    async def _answer_unless_gone(
        self, scope: Scope, body: bytes, receive: Receive
    ) -> Answer | None:
        answering = asyncio.create_task(self._answer_in_thread(scope, body))
        try:
            await asyncio.wait({answering}, timeout=SECONDS_BEFORE_LISTENING)
            if not answering.done():
                leaving = asyncio.create_task(until_gone(receive))
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                leaving.cancel()
            return answering.result() if answering.done() else None
        finally:
            answering.cancel()

    def _answer(self, scope: Scope, body: bytes) -> Answer:
        """The answer's first message and its content. Its end gives the database connection back."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, BytesIO(body))
        try:
            response: Any = refused or self.get_response(cast(HttpRequest, request))
        except asyncio.CancelledError:
            signals.request_finished.send(sender=self.__class__)
            raise
        response._handler_class = self.__class__
        try:
            return _head(response), b"".join(response)
        finally:
            response.close()


async def _whole_body(receive: Receive) -> bytes | None:
    """The request's body; null when the client has gone before its end."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _head(response: HttpResponseBase) -> Message:
    cookies = [(b"Set-Cookie", c.OutputString().encode("ascii")) for c in response.cookies.values()]
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": headers + cookies,
    }
