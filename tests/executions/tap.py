"""A small HTTP server that counts its visitors, makes them wait and fails on demand: what tool steps call in tests."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Tap:
    """Paths: `/ok/NAME`, `/wait/SECONDS/NAME`, `/hold/NAME` (until `release`), `/flaky/TIMES/NAME` (503 first), `/big/BYTES/NAME`.

    `/cut/NAME` hangs up, `/garbage/NAME` answers with what is no JSON.
    """

    def __init__(self) -> None:
        self.hits: list[str] = []
        self.keys: list[str] = []
        self.moments: list[float] = []
        self.lock = threading.Lock()
        self.held = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{path}"

    def step(self, step_id: str, path: str, **more: Any) -> dict[str, Any]:
        """A tool step that calls the path; its output is the HTTP answer."""
        arguments = {"url": self.url(path), "method": "POST"}
        return {
            "id": step_id,
            "type": "tool",
            "tool": "native:http_request",
            "arguments": arguments,
            **more,
        }

    def count(self, name: str) -> int:
        """How often somebody called a path that ends in this name."""
        return Counter(hit.rsplit("/", 1)[-1] for hit in self.hits)[name]

    def wait_for(self, name: str, seconds: float = 20) -> None:
        """Until somebody called the path."""
        pause = threading.Event()
        for _ in range(int(seconds / 0.02)):
            if self.count(name):
                return
            pause.wait(0.02)
        raise AssertionError(f"nobody called {name} within {seconds} seconds; hits: {self.hits}")

    def release(self) -> None:
        """Let those at `/hold/…` go on."""
        self.held.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.held.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], tap: Tap) -> None:
        self.tap = tap
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are cancelled hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        tap = self.server.tap
        kind, *rest = self.path.strip("/").split("/")
        tap.hits.append(self.path)
        with tap.lock:
            tap.keys.append(self.headers.get("Idempotency-Key", ""))
            tap.moments.append(time.time())
        status = 200
        match kind:
            case "wait":
                tap.held.wait(float(rest[0]))
            case "hold":
                tap.held.wait(60)
            case "flaky":
                status = 503 if tap.count(rest[-1]) <= int(rest[0]) else 200
            case "cut":
                self.close_connection = True
                return
        more = {"text": "x" * int(rest[0])} if kind == "big" else {}
        data = json.dumps({"name": rest[-1]} | more).encode()
        self._answer(status, b"{" if kind == "garbage" else data)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
