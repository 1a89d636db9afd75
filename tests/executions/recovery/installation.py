"""A whole installation of processes of its own, each of which can be killed and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import requests

from workflowsite.localstack.ports import LOOPBACK, free_port
from workflowsite.localstack.private_files import installation_secrets
from workflowsite.localstack.server import Server, launch
from workflowsite.localstack.stack import LocalStack

PROJECT = Path(__file__).resolve().parents[3]
SERVERS = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "temporal": "TEMPORAL_ADDRESS"}
COMPONENTS = [*SERVERS, "web", "celery", "worker"]
PATIENCE_SECONDS = 90.0


class Installation:
    """Durable servers of our own, and web, Celery and Temporal worker beside them."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.stack = LocalStack(folder)
        (folder / "static").mkdir(parents=True, exist_ok=True)
        self._given = environment
        self._port = free_port()
        self._processes: dict[str, Server] = {}

    @property
    def web_url(self) -> str:
        """Where the API is."""
        return f"{self.web_root}/api/v1"

    @property
    def web_root(self) -> str:
        """Where the web process answers."""
        return f"http://{LOOPBACK}:{self._port}"

    def start_servers(self) -> None:
        """PostgreSQL, Redis and Temporal, and the tables."""
        self.stack.start()
        self.manage("migrate", "--verbosity=0")

    def start_product(self) -> None:
        """Web and workers."""
        for name in ("web", "celery", "worker"):
            self.start(name)

    def manage(self, *arguments: str) -> str:
        """What a command of manage.py prints."""
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> str:
        """What Python prints, run with the installation's settings."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the product gets."""
        secrets = installation_secrets(self.folder)
        keys = {name: secrets[name] for name in ("SECRET_KEY", "ENCRYPTION_SALTS")}
        return {
            "STATE_DIR": str(self.folder),
            "DEBUG": "true",
            "DATABASE_POOL_SIZE": "8",
            "TEMPORAL_NAMESPACE": "default",
            "CELERY_QUEUE": "celery",
            "UPKEEP_SECONDS": "5",
            "SCHEDULE_MIN_INTERVAL_SECONDS": "1",
            "PYTHONUNBUFFERED": "1",
            **self.stack.endpoints,
            **keys,
            **self._given,
        }

    def kill(self, name: str) -> None:
        """SIGKILL to the process and all that it started: no chance to say goodbye."""
        process = self._process(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def terminate(self, name: str) -> int:
        """SIGTERM; gives the exit code."""
        process = self._process(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=60)

    def start(self, name: str) -> None:
        """Start it (again) and wait until it works."""
        if name in SERVERS:
            self.stack.revive(SERVERS[name])
            return
        web = f"-m uvicorn workflowsite.asgi:application --host {LOOPBACK} --port {self._port}"
        celery = (
            "-W ignore:::celery.platforms -m celery -A workflowsite worker --beat --concurrency 1"
        )
        beat = ["--schedule", str(self.folder / "beat")]
        commands: dict[str, tuple[Sequence[str], Callable[[], bool]]] = {
            "web": (f"{web} --lifespan off --no-access-log".split(), self._web_answers),
            "celery": (
                [*f"{celery} --loglevel INFO --without-gossip --without-mingle".split(), *beat],
                lambda: True,
            ),
            "worker": (["manage.py", "temporal_worker"], self._worker_polls),
        }
        arguments, is_ready = commands[name]
        process = launch(
            name,
            [sys.executable, *arguments],
            log=self.folder / "log" / f"{name}.log",
            environment=self.environment,
        )
        self._processes[name] = process
        process.wait_until(is_ready, PATIENCE_SECONDS)

    def stop(self) -> None:
        """The workers first, which still want their servers."""
        for process in reversed(self._processes.values()):
            process.stop(30)
        self.stack.stop()

    def _process(self, name: str) -> "subprocess.Popen[bytes]":
        if name not in SERVERS:
            return self._processes[name].process
        return self.stack.server_of(SERVERS[name]).process

    def _worker_polls(self) -> bool:
        return "Worker ready" in (self.folder / "log" / "worker.log").read_text(errors="replace")

    def _web_answers(self) -> bool:
        try:
            return requests.get(f"{self.web_url}/nowhere", timeout=2).status_code in (401, 404)
        except requests.RequestException:
            return False


def mcp_config(folder: Path) -> Path:
    """The operator's file with the counting server, which writes to `calls.jsonl` beside it."""
    path = folder / "mcp.json"
    module = "tests.executions.recovery.counting_mcp"
    entry = {"command": sys.executable, "args": ["-m", module, str(folder / "calls.jsonl")]}
    path.write_text(json.dumps({"mcpServers": {"counter": entry}}))
    return path
