"""`manage.py dev` from start to end, twice, as a person uses it. One slow test: each start takes seconds."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from workflowsite.localstack.lock import hold_server_lock

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120
# What the test stack sets, and a person does not.
NOT_OURS = re.compile(
    "DATABASE_|REDIS_|TEMPORAL_|TEST_|SECRET_KEY|ENCRYPTION_SALTS|CELERY_|DJANGO_SET"
)

pytestmark = pytest.mark.timeout(600)


class Dev:
    """A running `manage.py dev` and what it printed so far."""

    def __init__(self, state_dir: Path, port: int) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not NOT_OURS.match(name)
        }
        descriptor, path = tempfile.mkstemp(dir=state_dir.parent)
        self.output = Path(path)
        with os.fdopen(descriptor, "wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "dev", "--no-demo-data", "--port", str(port)],
                cwd=PROJECT,
                env=environment | {"STATE_DIR": str(state_dir)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        """Everything printed so far."""
        return self.output.read_text()

    def found(self, pattern: str) -> str:
        """The first group of the first match in the output."""
        match = re.search(pattern, self.text())
        assert match, self.text()
        return match[1]

    def wait_until_ready(self) -> None:
        """Until it says so; shows what it printed when it does not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "Stop         Ctrl+C" not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.2)

    def children(self) -> dict[str, int]:
        """Process ids by name."""
        return {
            name: int(pid) for name, pid in re.findall(r"(\w+) started \(pid=(\d+)\)", self.text())
        }

    def wait(self) -> int:
        """Its exit code."""
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def running(state_dir: Path, port: int) -> Iterator[Dev]:
    """A started command, stopped in any case."""
    dev = Dev(state_dir, port)
    try:
        yield dev
    finally:
        dev.process.terminate()
        dev.wait()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _nothing_is_left(dev: Dev, state_dir: Path) -> bool:
    """Whether every child and every server, which hold a lock, has ended."""
    os.close(hold_server_lock(state_dir))
    return not any(map(_is_alive, dev.children().values()))


def _status(url: str, token: str = "") -> int:
    headers = {"Authorization": f"Token {token}"} if token else {}
    with urlopen(Request(url, headers=headers), timeout=30) as response:
        return int(response.status)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder with spaces, not made yet."""
    return tmp_path / "state of dev" / "var"


def test_dev_starts_works_stops_and_starts_again(state_dir: Path) -> None:
    state_dir.parent.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with running(state_dir, port) as first:
            first.wait_until_ready()
            api_url = json.loads((state_dir / "endpoints.json").read_text())["API_URL"]
            assert api_url != f"http://127.0.0.1:{port}"
            token = first.found(r"API token +(\w+)")
            assert first.found(r"Log-in +(admin / \S+  \(shown only this once\))")
            assert _status(f"{api_url}/readyz") == 200
            assert _status(f"{api_url}/api/v1/workflows", token) == 200

            with running(state_dir, port) as second:
                assert second.wait() == 1
                assert (
                    f"already running in this folder (process {first.process.pid})" in second.text()
                )

            os.kill(first.children()["celery"], signal.SIGKILL)
            assert first.wait() == 128 + signal.SIGKILL
            assert "celery ended by itself with exit code 137." in first.text()
            assert _nothing_is_left(first, state_dir)

        with running(state_dir, port) as again:
            again.wait_until_ready()
            assert again.found(r"API token +(\w+)") == token
            assert "shown only this once" not in again.text()
            assert "Preparing the database" not in again.text()
            assert _status(f"{api_url}/api/v1/workflows", token) == 200
            again.process.send_signal(signal.SIGINT)
            assert again.wait() == 0
            assert "(rc=" not in again.text()
            assert again.text().endswith("Stopped.\n")
            assert _nothing_is_left(again, state_dir)
        assert "API_URL" not in json.loads((state_dir / "endpoints.json").read_text())
