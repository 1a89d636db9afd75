"""The servers of `make run`: started where missing, with their data kept, and gone afterwards."""

import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workflowsite.localstack import postgres_server, redis_server
from workflowsite.localstack.lock import FolderBusy, hold_run_lock, hold_server_lock
from workflowsite.localstack.ports import free_port
from workflowsite.localstack.postgres_home import PostgresHome, home_outside, postgres_home
from workflowsite.localstack.stack import LocalStack, port_of

PROJECT = Path(__file__).resolve().parents[2]
ELSEWHERE = {
    "DATABASE_URL": "postgres://somebody@db.example:5432/theirs",
    "TEMPORAL_ADDRESS": "temporal.example:7233",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with spaces in its name, that only its owner may enter."""
    private = tmp_path / "only mine"
    private.mkdir(mode=0o700)
    return private / "var"


@pytest.fixture
def redis_only(folder: Path) -> Iterator[LocalStack]:
    """A stack whose database and Temporal are elsewhere."""
    stack = LocalStack(folder, given=ELSEWHERE, is_throw_away=True)
    yield stack
    stack.stop()


def _pids(stack: LocalStack) -> list[int]:
    return [server.process.pid for server in stack.servers]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_data_and_ports_survive_a_restart_in_a_private_folder_with_spaces(folder: Path) -> None:
    first = LocalStack(folder)
    endpoints = first.start()
    pids = _pids(first)
    try:
        with psycopg.connect(endpoints["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        redis.Redis.from_url(endpoints["REDIS_URL"]).set("kept", "42")
    finally:
        first.stop()
    assert not any(_is_alive(pid) for pid in pids)

    second = LocalStack(folder)
    again = second.start()
    try:
        assert again == endpoints
        with psycopg.connect(again["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert redis.Redis.from_url(again["REDIS_URL"]).get("kept") == b"42"
    finally:
        second.stop()


def test_endpoints_are_written_for_their_owner_only(redis_only: LocalStack) -> None:
    endpoints = redis_only.start()
    for name in ("endpoints.json", "secrets.json", "redis/redis.conf"):
        assert stat.S_IMODE((redis_only.state_dir / name).stat().st_mode) == 0o600
    assert json.loads((redis_only.state_dir / "endpoints.json").read_text()) == endpoints


def test_starts_only_servers_without_a_given_address(redis_only: LocalStack) -> None:
    endpoints = redis_only.start()
    assert [server.name for server in redis_only.servers] == ["Redis"]
    assert {name: endpoints[name] for name in ELSEWHERE} == ELSEWHERE


def test_a_port_that_somebody_took_is_replaced(redis_only: LocalStack) -> None:
    taken = port_of(redis_only.start()["REDIS_URL"])
    redis_only.stop()
    with socket.create_server(("127.0.0.1", taken or 0)):
        address = redis_only.start()["REDIS_URL"]
        assert port_of(address) != taken
        assert redis.Redis.from_url(address).ping() is True


def test_redis_wants_its_password(redis_only: LocalStack) -> None:
    port = port_of(redis_only.start()["REDIS_URL"])
    without_password = redis.Redis(port=port or 0, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.AuthenticationError):
        without_password.ping()


def test_postgresql_wants_its_password() -> None:
    port = port_of(os.environ["DATABASE_URL"])
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=port, user="workflow", password="guess")


def test_a_second_run_in_the_same_folder_is_refused(folder: Path) -> None:
    descriptor = hold_run_lock(folder)
    with pytest.raises(
        FolderBusy, match=rf"already running in this folder \(process {os.getpid()}\)"
    ):
        hold_run_lock(folder)
    os.close(descriptor)
    os.close(hold_run_lock(folder))


def test_servers_end_when_their_starter_is_killed(folder: Path) -> None:
    program = (
        "import os, sys, pathlib; from workflowsite.localstack.stack import LocalStack;"
        "from workflowsite.localstack.lock import hold_server_lock;"
        "folder = pathlib.Path(sys.argv[1]); lock = hold_server_lock(folder);"
        f"stack = LocalStack(folder, given={ELSEWHERE!r}, held_files=[lock]); stack.start();"
        "os.write(1, stack.endpoints['REDIS_URL'].encode()); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, folder],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout is not None
        address = os.read(starter.stdout.fileno(), 200).decode()
        assert redis_server.answers(address)
        starter.send_signal(signal.SIGKILL)
    # The lock is free as soon as the last server has ended.
    os.close(hold_server_lock(folder))
    assert not redis_server.answers(address)


# Only root has, and needs, a second way.
WAYS = ["as given", "outside"] if os.geteuid() == 0 else ["as given"]


@pytest.fixture(params=WAYS)
def home(request: pytest.FixtureRequest, folder: Path) -> Iterator[PostgresHome]:
    """Where and as whom PostgreSQL runs."""
    if request.param == "as given":
        yield postgres_home(folder / "postgres")
        return
    outside = home_outside(folder / "postgres", pwd.getpwnam("nobody"))
    yield outside
    shutil.rmtree(outside.data.parent)


def test_postgresql_runs_whoever_the_user_is(home: PostgresHome, folder: Path) -> None:
    port = free_port()
    server = postgres_server.start(
        home, port=port, password="secret", log=folder / "postgres.log", is_throw_away=True
    )
    try:
        server.wait_until(lambda: postgres_server.answers(port, "secret"), 30)
        with psycopg.connect(postgres_server.url(port, "secret")) as connection:
            assert connection.execute("SELECT 6 * 7").fetchone() == (42,)
    finally:
        server.stop()
    assert stat.S_IMODE(home.data.stat().st_mode) == 0o700
