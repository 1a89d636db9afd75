"""A language model for tests: a real small HTTP server that speaks /v1/chat/completions and follows a script.

Stand-alone: `python -m tests.fakes.model_server --port 0` prints its base URL and answers deterministically.
"""

import argparse
import json
import select
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.fakes.model_answers import (
    Answer,
    Body,
    Scripted,
    completion,
    cut_off,
    filtered,
    hang,
    html_200,
    huge,
    no_choices,
    rate_limited,
    raw,
    redirect,
    refusal,
    rejected,
    server_error,
    slow_drip,
    structured,
    text,
    tool_call,
    tool_calls,
    truncated_json,
)

__all__ = [
    "Answer",
    "ModelServer",
    "completion",
    "cut_off",
    "filtered",
    "hang",
    "html_200",
    "huge",
    "no_choices",
    "rate_limited",
    "raw",
    "redirect",
    "refusal",
    "rejected",
    "server_error",
    "slow_drip",
    "structured",
    "text",
    "tool_call",
    "tool_calls",
    "truncated_json",
]


class ModelServer:
    """Use it as a context manager. Each request takes the next answer of the script, else the default one.

    `requests` holds the received bodies in order, `headers` the received headers (names in lower case) beside them;
    `hung_up` counts the clients that went away while they waited, `connections` all that came. A connection is closed
    after its answer unless `keeps_connections`.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.hung_up = 0
        self.connections = 0
        self.keeps_connections = False
        self.default: Scripted = default_answer
        self._script: deque[Scripted] = deque()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._serve, name="fake-model", daemon=True)

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL takes."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/v1"

    def script(self, answers: Iterable[Scripted]) -> None:
        """Replace what is left of the script."""
        with self._lock:
            self._script = deque(answers)

    @property
    def unused(self) -> int:
        """How many scripted answers nobody asked for."""
        return len(self._script)

    def answer_for(self, body: Body, headers: Mapping[str, str]) -> Answer:
        """Record the request and take its answer."""
        with self._lock:
            self.requests.append(body)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            scripted = self._script.popleft() if self._script else self.default
        return scripted if isinstance(scripted, Answer) else scripted(body)

    def start(self) -> Self:
        """Begin to answer, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Free the port; answers that still hang are dropped."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def wait(self) -> None:
        """Until it is stopped."""
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)


def default_answer(body: Body) -> Answer:
    """The smallest value of the wanted schema, else a sentence that repeats the last message."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    if schema is not None:
        return structured(smallest_value(schema, schema))
    said = str(body["messages"][-1].get("content") or "")
    return text(f"Answer to: {said[:500]}")


def smallest_value(schema: Any, root: Any) -> Any:
    """A value that satisfies simple schemas: the first of an enum, the minimum, one item where one is required."""
    if "$ref" in schema:
        return smallest_value(_follow(root, schema["$ref"]), root)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return smallest_value(schema["anyOf"][0], root)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: smallest_value(fields[name], root) for name in schema.get("required", fields)}
    if kind == "array":
        return [smallest_value(schema.get("items", {}), root)] * schema.get("minItems", 0)
    if kind == "string":
        return "text".ljust(schema.get("minLength", 0), ".")
    return {"boolean": True, "null": None}.get(kind, schema.get("minimum", 1))


def _follow(root: Any, reference: str) -> Any:
    for key in reference.removeprefix("#/").split("/"):
        root = root[key]
    return root


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], model: ModelServer) -> None:
        self.model = model
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what many tests are about; anything else is a fault of the fake."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two packets: the second must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.model.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.endswith("/chat/completions"):
            self._send(raw(b'{"error": {"message": "unknown path"}}', status=404))
            return
        self._send(self.server.model.answer_for(json.loads(body), dict(self.headers)))

    def do_GET(self) -> None:
        self._send(raw(b'{"object": "list", "data": [{"id": "fake-model", "object": "model"}]}'))

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the test says what it expects."""

    def _send(self, answer: Answer) -> None:
        if not self._has_waited(answer.delay_seconds):
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if not self.server.model.keeps_connections:
            self.send_header("Connection", "close")
        self.end_headers()
        self._send_body(answer)

    def _has_waited(self, seconds: float) -> bool:
        """Whether the client is still there after the pause, and the test too."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.server.model.stopping.wait(min(left, 0.05)):
                return False
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.server.model.hung_up += 1
                return False
        return True

    def _send_body(self, answer: Answer) -> None:
        if not answer.byte_seconds:
            self.wfile.write(answer.body)
            return
        for byte in answer.body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.model.stopping.wait(answer.byte_seconds):
                return


def main() -> None:
    """Serve until interrupted; the first line of output is the base URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    arguments = parser.parse_args()
    with ModelServer(port=arguments.port) as server:
        server.keeps_connections = True
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        try:
            server.wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
