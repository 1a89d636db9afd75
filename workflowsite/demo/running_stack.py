"""The stack that the demo talks to: the one that is up, else one of its own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from workflowsite.localstack.private_files import ENDPOINTS_FILE, private_folder, read_json
from workflowsite.localstack.server import tethered
from workflowsite.prepared import TOKEN_PATH

READY_SECONDS = 180.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.3


class StackFailed(Exception):
    """The stack did not come up; the message ends with its last lines."""


@dataclass(frozen=True)
class RunningStack:
    """Where the product answers, and the token of its administrator."""

    api_url: str
    token: str
    temporal_ui_url: str
    was_started_here: bool


@contextmanager
def running_stack(
    *, state_dir: Path, manage: Path, keep: bool, report: Callable[[str], None]
) -> Iterator[RunningStack]:
    """The stack of this folder; one that had to be started is stopped at the end, unless `keep`.

    Raises `StackFailed`.
    """
    if _is_ready(state_dir):
        yield _stack(state_dir, was_started_here=False)
        return
    log = private_folder(state_dir / "log") / "demo-stack.log"
    report(f"Starting the stack (its log: {log})")
    process = _start(manage, log, keep=keep)
    try:
        _wait_until_ready(process, state_dir, log)
        yield _stack(state_dir, was_started_here=True)
    finally:
        if keep and process.poll() is None:
            report(f"The stack goes on; stop it with: kill {process.pid}")
        else:
            _stop(process, report)


def _start(manage: Path, log: Path, *, keep: bool) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(manage), "dev"]
    with log.open("wb") as output:
        # A session of its own: Ctrl+C ends the demo, and the demo ends the stack in order.
        return subprocess.Popen(  # noqa: S603 - our own command
            command if keep else tethered(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(process: "subprocess.Popen[bytes]", state_dir: Path, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _is_ready(state_dir):
        if process.poll() is not None:
            raise StackFailed(f"The stack ended by itself.\n{_last_lines(log)}")
        if time.monotonic() > deadline:
            raise StackFailed(f"Not ready after {READY_SECONDS:.0f} seconds.\n{_last_lines(log)}")
        time.sleep(POLL_SECONDS)


def _stop(process: "subprocess.Popen[bytes]", report: Callable[[str], None]) -> None:
    if process.poll() is None:
        report("Stopping the stack")
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_ready(state_dir: Path) -> bool:
    """Whether web, database, Redis, Temporal and a worker answer at the address of endpoints.json."""
    api_url = read_json(state_dir / ENDPOINTS_FILE).get("API_URL")
    if not api_url:
        return False
    try:
        with build_opener(ProxyHandler({})).open(f"{api_url}/readyz", timeout=10) as response:
            return bool(json.load(response).get("status") == "ok")
    except (OSError, ValueError):
        return False


def _stack(state_dir: Path, *, was_started_here: bool) -> RunningStack:
    endpoints = read_json(state_dir / ENDPOINTS_FILE)
    token = read_json(state_dir / TOKEN_PATH.name).get("token", "")
    if not token:
        raise StackFailed("The stack has no token: run `manage.py prepare`.")
    return RunningStack(
        api_url=endpoints["API_URL"],
        token=token,
        temporal_ui_url=endpoints.get("TEMPORAL_UI_URL", ""),
        was_started_here=was_started_here,
    )


def _last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
