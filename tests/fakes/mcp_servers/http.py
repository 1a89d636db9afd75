"""The well-behaved server over streamable HTTP, on a free loopback port."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

import uvicorn

from tests.fakes.mcp_servers.well_behaved import build

App = Callable[[Any, Any, Any], Awaitable[None]]


class McpHttpServer:
    """Use it as a context manager; `required_header` (name, value) refuses requests without it with 401.

    `received` has the headers of each request, `told` what became of slow calls.
    """

    def __init__(self, *, required_header: tuple[str, str] | None = None) -> None:
        self.received: list[dict[str, str]] = []
        self.told: list[str] = []
        self._required = required_header
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        app = self._guard(build(self.told).streamable_http_app())
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _guard(self, app: App) -> App:
        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            headers = {key.decode(): value.decode() for key, value in scope["headers"]}
            self.received.append(headers)
            if (
                self._required is None
                or headers.get(self._required[0].lower()) == self._required[1]
            ):
                await app(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"no"})

        return guarded
