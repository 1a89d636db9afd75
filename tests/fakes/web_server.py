"""A small web server on the loopback interface, for what the product calls in the outside world."""

import gzip
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class WebServer:
    """Use it as a context manager. `received` holds method, path and lower-case headers of each request."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], web: WebServer) -> None:
        self.web = web
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what the limits are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass(frozen=True)
class _Answer:
    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def _answer_for(kind: str, detail: str, request: dict[str, Any]) -> _Answer:
    match kind:
        case "echo":
            return _Answer(json.dumps(request).encode())
        case "status":
            return _Answer(b'{"detail": "SECRET upstream text"}', status=int(detail))
        case "redirect":
            return _Answer(b"", status=302, headers={"Location": "/echo"})
        case "big":
            return _Answer(b"x" * int(detail), content_type="text/plain")
        case "gzip":
            bomb = gzip.compress(b"x" * 5_000_000)
            return _Answer(bomb, content_type="text/plain", headers={"Content-Encoding": "gzip"})
        case "text":
            return _Answer("Grüße".encode("latin-1"), content_type="text/plain; charset=latin-1")
        case "bad-json":
            return _Answer(b'{"a": 1, "a": 2}')
        case "binary":
            return _Answer(b"\x00\x01\x02", content_type="application/octet-stream")
    return _Answer(b'{"detail": "unknown"}', status=404)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        request = {
            "method": self.command,
            "path": parts.path,
            "query": parse_qs(parts.query),
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(),
        }
        self.server.web.received.append(request)
        kind, _, detail = parts.path.lstrip("/").partition("/")
        if kind == "hang":
            self.server.web.stopping.wait(30)
        elif kind == "hang-up":
            self.close_connection = True
        elif kind == "endless":
            self._stream(b"x" * 65_536, pause_seconds=0)
        elif kind == "drip":
            self._stream(b"x", pause_seconds=0.02)
        else:
            self._answer(_answer_for(kind, detail, request))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def _answer(self, answer: _Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Set-Cookie", "session=secret")
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _stream(self, part: bytes, *, pause_seconds: float) -> None:
        """Parts without a stated end, until the client goes away or the test is over."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Connection", "close")
        self.end_headers()
        while not self.server.web.stopping.is_set():
            self.wfile.write(part)
            time.sleep(pause_seconds)
