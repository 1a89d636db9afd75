"""The product's own processes side by side: logs mixed, all ended when one ends or somebody presses Ctrl+C."""

import os
import re
import shlex
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

from honcho import manager as honcho_manager
from honcho.printer import Message
from honcho.process import Popen, Process

from workflowsite.localstack.server import tethered
from workflowsite.localstack.tether import die_with_parent

# Celery and Temporal finish what they are doing before they end.
honcho_manager.KILL_WAIT = 10
REPORTER = "ready"
WATCHER_SECONDS = 5.0
ASKED_FOR = re.compile(rf" stopped \(rc=(0|-{int(signal.SIGTERM)}|-{int(signal.SIGINT)})\)")


class TetheredProcess(Process):  # type: ignore[misc]  # honcho has no types
    """honcho's go-between of a child, which ends with us even when we are killed; the child ends with it."""

    def run(self, events: object = None, ignore_signals: bool = False) -> None:
        """Tie this process to its parent, then start the child as honcho does."""
        die_with_parent(os.getppid(), signal.SIGKILL)
        self._child_ctor = _leader_of_its_group
        super().run(events, ignore_signals)


def _leader_of_its_group(command: str, **options: object) -> Popen:
    """Start a child whose own children do not outlive it.

    honcho believes a child alive as long as anybody holds its output open, as the pool of a killed Celery does.
    """
    child = Popen(command, **options)
    Thread(target=_end_group_with, args=(child,), daemon=True).start()
    return child


def _end_group_with(leader: Popen) -> None:
    leader.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, signal.SIGKILL)


class Processes(honcho_manager.Manager):  # type: ignore[misc]  # honcho has no types
    """Children by name; `watch` runs in a thread once they are started and may `say` lines among their logs.

    It returns once `stopping` is set.
    """

    def __init__(self, watch: Callable[["Processes"], None]) -> None:
        """`watch` gets this object."""
        super().__init__()
        self._process_ctor = TetheredProcess
        self._watcher = Thread(target=watch, args=(self,), daemon=True)
        self.first_ended: str | None = None
        self.stopping = Event()

    def add(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], folder: Path
    ) -> None:
        """Add a child that `run` starts in `folder`."""
        # honcho wants a shell's line; `exec` leaves no shell between us and the child.
        line = "exec " + shlex.join(tethered(command, parent_pid=0))
        self.add_process(name, line, env=dict(environment), cwd=str(folder))

    def say(self, text: str) -> None:
        """Print `text` in turn with the children's lines; callable from any thread."""
        for line in text.splitlines():
            self.events.put(Message("line", line, datetime.now().astimezone(), REPORTER, None))

    def run(self) -> int:
        """Run until one child ends or a signal asks to stop; returns the exit code.

        A child that ended by itself gives its own code, 128 + the number for a signal, as in a shell, and 1 for a 0,
        since no child should end; being asked to stop is a success.
        """
        self.loop()
        self._watcher.join(WATCHER_SECONDS)
        if self.first_ended is None:
            return 0
        code = int(self.returncode)
        return 128 - code if code < 0 else code or 1

    def terminate(self) -> None:
        """Called by honcho at the first end of a child, and by its signal handlers before any has ended."""
        if not self._terminating:
            self.first_ended = next(
                (name for name, child in self._processes.items() if "returncode" in child), None
            )
        self.stopping.set()
        super().terminate()

    def _system_print(self, data: str) -> None:
        # After Ctrl+C an end by SIGTERM is what was asked for; honcho's "(rc=-15)" would look like a fault.
        told = ASKED_FOR.sub(" stopped", data) if self.stopping.is_set() else data
        super()._system_print(told)

    def _start(self) -> None:
        # A thread must not run while honcho forks, so it starts only now.
        super()._start()
        self._watcher.start()
