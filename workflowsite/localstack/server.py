"""One server process: started, waited for until it really answers, stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
POLL_SECONDS = 0.05


class ServerFailed(Exception):
    """A server did not start; the message says which, why and where its log is."""


@dataclass
class Server:
    """A running server process and how it wants to be stopped."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Ask it to end and wait; kill it when it doesn't."""
        if not self.is_running():
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_until(self, is_ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Poll `is_ready`; raises ServerFailed when the process ends or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not is_ready():
            if not self.is_running():
                raise ServerFailed(
                    f"{self.name} ended with code {self.process.returncode} before it was ready."
                    f"\n{self.last_lines()}\nIts log: {self.log}"
                )
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"{self.name} did not answer within {timeout_seconds:.0f} seconds."
                    f"\n{self.last_lines()}\nIts log: {self.log}"
                )
            time.sleep(POLL_SECONDS)

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-count:])


def tethered(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGTERM,
    identity: str = "same",
    parent_pid: int | None = None,
) -> list[str]:
    """`command`, so that it gets `death_signal` when its parent (this process) ends; see tether.py."""
    return [
        sys.executable,
        "-I",
        "-S",
        str(TETHER),
        str(os.getpid() if parent_pid is None else parent_pid),
        str(int(death_signal)),
        identity,
        *map(str, command),
    ]


def launch(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    stop_signal: signal.Signals = signal.SIGTERM,
    identity: str = "same",
    environment: dict[str, str] | None = None,
    held_files: Sequence[int] = (),
) -> Server:
    """Start `command` in a session of its own, so that Ctrl+C in the terminal reaches only the one who stops it.

    `held_files` are descriptors it keeps open, for locks that must last as long as the server. Call it from the
    main thread: Linux counts the thread's end as the parent's.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".previous.log"))
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - binaries of our own wheels
            tethered(command, death_signal=stop_signal, identity=identity),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | (environment or {}),
            start_new_session=True,
            pass_fds=tuple(held_files),
        )
    return Server(name, process, log, stop_signal)
