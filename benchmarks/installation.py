"""A whole installation to throw away: servers, workers of both sides, web, a model and a tool server."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from benchmarks.cases import SERVER
from benchmarks.servers import PROJECT, tool_server
from workflowsite.localstack.ports import LOOPBACK, free_port
from workflowsite.localstack.private_files import installation_secrets
from workflowsite.localstack.server import Server, ServerFailed, launch
from workflowsite.localstack.stack import LocalStack

PATIENCE_SECONDS = 60.0


@dataclass
class Installation:
    """Where it is, and the process ids of its parts by name."""

    folder: Path
    environment: dict[str, str]
    pids: dict[str, int] = field(default_factory=dict)
    web_url: str = ""

    @property
    def temporal_address(self) -> str:
        """Where Temporal answers."""
        return self.environment["TEMPORAL_ADDRESS"]


@contextmanager
def installation() -> Iterator[Installation]:
    """Start everything and put its addresses into the environment; all is gone afterwards. Raises `ServerFailed`."""
    with ExitStack() as cleaning:
        folder = Path(tempfile.mkdtemp(prefix="workflow-bench-"))
        cleaning.callback(shutil.rmtree, folder, ignore_errors=True)
        stack = LocalStack(folder, is_throw_away=True)
        cleaning.callback(stack.stop)
        stack.start()
        (folder / "static").mkdir()
        made = Installation(folder, stack.endpoints | _settings(folder))
        names = {"PostgreSQL": "postgresql", "Redis": "redis", "Temporal": "temporal"}
        made.pids |= {names[server.name]: server.process.pid for server in stack.servers}
        _start(made, cleaning)
        os.environ |= made.environment
        yield made


def _settings(folder: Path) -> dict[str, str]:
    config = folder / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {SERVER: tool_server()}}))
    secrets = installation_secrets(folder)
    return {
        "STATE_DIR": str(folder),
        "TEMPORAL_NAMESPACE": "default",
        "TEMPORAL_TASK_QUEUE": "bench",
        "DATABASE_POOL_SIZE": "10",
        "MCP_CONFIG": str(config),
        "DJANGO_SETTINGS_MODULE": "workflowsite.settings",
        "DEBUG": "false",
        "ALLOWED_HOSTS": LOOPBACK,
        "SECURE_COOKIES": "false",
        "LOG_LEVEL": "INFO",
        "OUTBOUND_ALLOWLIST": LOOPBACK,
        "OPENAI_API_KEY": "sk-none",
        "OPENAI_MODEL": "fake-model",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        "SECRET_KEY": secrets["SECRET_KEY"],
        "ENCRYPTION_SALTS": secrets["ENCRYPTION_SALTS"],
    }


def _start(made: Installation, cleaning: ExitStack) -> None:
    """The processes of our own, each ready before the next."""

    def process(name: str, *arguments: str) -> Server:
        log = made.folder / "log" / f"{name}.log"
        command = [sys.executable, *arguments]
        server = launch(name, command, log=log, environment=made.environment)
        cleaning.callback(server.stop)
        made.pids[name] = server.process.pid
        return server

    model = process("model", "-m", "tests.fakes.model_server")
    _wait(model, lambda: "http" in model.last_lines())
    made.environment["OPENAI_BASE_URL"] = model.last_lines().splitlines()[0]
    _migrate(made)
    port = free_port()
    made.web_url = f"http://{LOOPBACK}:{port}"
    uvicorn = ["-m", "uvicorn", "workflowsite.asgi:application", "--host", LOOPBACK]
    web = process("web", *uvicorn, "--port", str(port), "--lifespan", "off", "--no-access-log")
    worker = process("worker", str(PROJECT / "manage.py"), "temporal_worker", "--skip-checks")
    raw = process("raw worker", "-m", "benchmarks.raw_worker", made.temporal_address)
    for server in (worker, raw):
        _wait(server, lambda server=server: "Worker ready" in server.last_lines(50))  # type: ignore[misc]
    _wait(web, lambda: _answers(made.web_url))


def _migrate(made: Installation) -> None:
    command = [sys.executable, str(PROJECT / "manage.py"), "migrate", "--verbosity", "0"]
    environment = os.environ | made.environment | {"DATABASE_POOL_SIZE": "0"}
    outcome = subprocess.run(  # noqa: S603 - our own command
        command, env=environment, check=False, capture_output=True, text=True
    )
    if outcome.returncode != 0:
        raise ServerFailed(f"The database could not be prepared:\n{outcome.stderr}")


def _wait(server: Server, is_ready: Callable[[], bool]) -> None:
    server.wait_until(is_ready, PATIENCE_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz") as answer:  # noqa: S310 - our own address
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
