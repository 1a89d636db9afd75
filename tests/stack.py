"""The servers the tests run against: real ones, thrown away at the end, started before Django reads its settings.

The first pytest process starts them and puts their addresses into the environment; parallel (xdist) processes inherit
those and take a Redis database, a Temporal namespace and a Celery queue each. pytest-django gives each a database.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflowsite.localstack.private_files import installation_secrets
from workflowsite.localstack.server import ServerFailed
from workflowsite.localstack.stack import LocalStack

PREFIX = "workflow-tests-"
LOCK = "in-use.lock"
PROJECT = Path(__file__).resolve().parent.parent
# What a developer's own `.env` must not change in a test.
NEUTRAL = {
    "DEBUG": "true",
    "OPENAI_API_KEY": "",
    "OPENAI_BASE_URL": "",
    "OPENAI_MODEL": "gpt-4o",
    "OUTBOUND_ALLOWLIST": "",
    "MCP_CONFIG": str(PROJECT / "mcp.json"),
    # Users of different tests have the same numbers.
    "EXECUTE_RATE": "none",
    "TRY_RATE": "none",
    "EXPLAIN_RATE": "none",
    # Tests do the chores themselves: a worker's own turn would be faster now and then.
    "UPKEEP_SECONDS": "86400",
    # A pool's open connections would keep the test database from being dropped.
    "DATABASE_POOL_SIZE": "0",
}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Set the environment before pytest-django, which is called inside this wrapper, loads the settings."""
    options = early_config.known_args_namespace
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        _take_share(worker)
    elif not (options.help or options.version):
        _start(_process_names(getattr(options, "numprocesses", None)))
        _take_share("main")
    yield


def _process_names(wanted: int | str | None) -> list[str]:
    """Names of the pytest processes: the first, and those that xdist may start."""
    if isinstance(wanted, int):
        count = wanted
    elif wanted is None:
        count = 0
    else:
        count = int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") or os.cpu_count() or 1)
    return ["main", *(f"gw{index}" for index in range(count))]


def _take_share(process_name: str) -> None:
    """Point this process at its own part of each server."""
    number = 0 if process_name == "main" else int(process_name.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = os.environ["TEST_REDIS_URL"].removesuffix("/0") + f"/{number}"
    os.environ["TEMPORAL_NAMESPACE"] = f"{os.environ['TEST_NAMESPACE_PREFIX']}{process_name}"
    os.environ["CELERY_QUEUE"] = f"celery-{process_name}"


def _start(process_names: list[str]) -> None:
    """Start the servers in a folder of their own and export where they are."""
    _remove_left_overs()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    namespace_prefix = f"test-{os.getpid()}-"
    stack = LocalStack(
        folder,
        is_throw_away=True,
        namespaces=[namespace_prefix + name for name in process_names],
        held_files=[lock],
    )
    atexit.register(_stop, stack, os.getpid())
    # The static files' middleware warns about a missing folder, and a warning fails a test.
    (folder / "static").mkdir()
    try:
        endpoints = stack.start()
    except ServerFailed as error:
        raise pytest.UsageError(str(error)) from error
    secrets = installation_secrets(folder)
    os.environ |= NEUTRAL | endpoints
    os.environ |= {name: secrets[name] for name in ("SECRET_KEY", "ENCRYPTION_SALTS")}
    os.environ["STATE_DIR"] = str(folder)
    os.environ["TEST_REDIS_URL"] = endpoints["REDIS_URL"]
    os.environ["TEST_NAMESPACE_PREFIX"] = namespace_prefix


def _stop(stack: LocalStack, starter: int) -> None:
    """At exit, in the process that started the servers; a process forked from it must leave them alone."""
    if os.getpid() == starter:
        stack.stop()
        shutil.rmtree(stack.state_dir, ignore_errors=True)


def _remove_left_overs() -> None:
    """Delete the folders of runs that were killed: nobody, no server either, holds their lock any more."""
    for lock_path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        try:
            with lock_path.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock_path.parent, ignore_errors=True)
        except OSError:
            continue
