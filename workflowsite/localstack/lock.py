"""One stack per folder: a lock for who runs it and one that its servers hold until the last has ended."""

import fcntl
import os
import time
from pathlib import Path

from workflowsite.localstack.private_files import private_folder

LEFT_OVER_SECONDS = 15.0
POLL_SECONDS = 0.1


class FolderBusy(Exception):
    """Another process uses the folder; the message says which and what to do."""


def _open(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def hold_run_lock(state_dir: Path) -> int:
    """Claim the folder for this process; returns the lock's descriptor, freed when the process ends.

    Raises FolderBusy, naming the process that has it.
    """
    descriptor = _open(private_folder(state_dir) / "run.lock")
    if _is_taken(descriptor):
        owner = os.read(descriptor, 20).decode().strip() or "unknown"
        os.close(descriptor)
        raise FolderBusy(
            f"It is already running in this folder (process {owner}). Stop that one first with Ctrl+C, "
            f"or give STATE_DIR another folder."
        )
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def hold_server_lock(state_dir: Path) -> int:
    """The lock for the servers to inherit; waits for those of a run that was killed.

    Two servers on one data folder would destroy it. Raises FolderBusy when they do not end.
    """
    descriptor = _open(private_folder(state_dir) / "servers.lock")
    deadline = time.monotonic() + LEFT_OVER_SECONDS
    while _is_taken(descriptor):
        if time.monotonic() > deadline:
            os.close(descriptor)
            raise FolderBusy(
                f"Servers of an earlier run still use {state_dir}. End them (`ps`), then start again."
            )
        time.sleep(POLL_SECONDS)
    return descriptor
