"""A web process without log-in, and a client that sends it requests one after the other over one connection."""

import http.client
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import usage
from benchmarks.installation import Installation
from benchmarks.web.trusting import HEADER
from workflowsite.localstack.ports import LOOPBACK, free_port
from workflowsite.localstack.server import launch

PATIENCE_SECONDS = 60.0
SETTINGS = {"DJANGO_SETTINGS_MODULE": "benchmarks.web.settings"}


@dataclass(frozen=True)
class Ask:
    """One request; the answer's status must be `status`. Null `method`: GET, or POST with a body.

    Empty `user`: the benchmark's own.
    """

    path: str
    body: bytes | None = None
    status: int = 200
    method: str | None = None
    user: str = ""


class Web:
    """The process and the connection to it. Not for several threads."""

    def __init__(self, pid: int, port: int, token: str = "") -> None:
        self.pid = pid
        self._headers = {"Authorization": f"Token {token}"} if token else {}
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_SECONDS)

    def ask(self, ask: Ask) -> tuple[float, bytes]:
        """Milliseconds and the body; raises `RuntimeError` for another status."""
        headers = self._headers | ({"Content-Type": "application/json"} if ask.body else {})
        headers |= {HEADER: ask.user} if ask.user else {}
        started = time.perf_counter()
        method = ask.method or ("POST" if ask.body else "GET")
        self._connection.request(method, ask.path, ask.body, headers)
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - started) * 1000
        if answer.status != ask.status:
            raise RuntimeError(f"{ask.path}: {answer.status} {body[:500]!r}")
        return took, body

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        self._connection.close()


@contextmanager
def trusting_web(made: Installation) -> Iterator[Web]:
    """Start it beside the installation's own, stop it afterwards. Raises `ServerFailed`."""
    port = free_port()
    uvicorn = ["-m", "uvicorn", "workflowsite.asgi:application", "--host", LOOPBACK]
    command = [
        sys.executable,
        *uvicorn,
        "--port",
        str(port),
        "--lifespan",
        "off",
        "--no-access-log",
    ]
    log = made.folder / "log" / "trusting web.log"
    server = launch("trusting web", command, log=log, environment=made.environment | SETTINGS)
    web = Web(server.process.pid, port)
    try:
        server.wait_until(lambda: _answers(web), PATIENCE_SECONDS)
        yield web
    finally:
        web.close()
        server.stop()


def logged_in_web(made: Installation, token: str) -> Web:
    """The installation's own web process, asked with a token."""
    port = int(made.web_url.rpartition(":")[2])
    return Web(made.pids["web"], port, token)


def cpu_ms(web: Web, made: Installation) -> dict[str, float]:
    """Milliseconds of CPU so far: of the web process, and of PostgreSQL with all its children."""
    return usage.cpu_ms({"web": web.pid, "postgresql": made.pids["postgresql"]})


def _answers(web: Web) -> bool:
    try:
        web.ask(Ask("/healthz"))
    except (OSError, http.client.HTTPException):
        web.close()
        return False
    return True
