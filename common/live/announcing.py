"""Telling readers that there is news: a wake-up without content, which may get lost."""

import logging
import os
import time
from functools import cache
from threading import Lock
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

# Who has something to tell must not wait again and again for a Redis that is away.
LEFT_ALONE_SECONDS = 1.0


def announce(channel: str) -> None:
    """Wake those who listen; call it after the commit. Without Redis they find the news a little later."""
    try:
        _announcer(settings.REDIS_URL, os.getpid()).publish(channel)
    except redis.RedisError as error:
        logger.warning("%s: readers were not woken: %s", channel, error)


class _Announcer:
    """One connection for all threads, on which Redis answers nothing: reading its answers cost more than the messages."""

    def __init__(self, url: str, process: int) -> None:
        self._connections = redis.ConnectionPool.from_url(
            url,
            client_name=f"announcer:{process}",
            socket_timeout=2,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        # Any: the package has no types for what is done with a connection.
        self._open: Any = None
        self._lock = Lock()
        self._left_alone_until = 0.0

    def publish(self, channel: str) -> None:
        """Send it. Raises `RedisError`; after that nothing is sent for a second."""
        with self._lock:
            if time.monotonic() < self._left_alone_until:
                return
            try:
                connection = self._connected()
                message = connection.pack_command("PUBLISH", channel, "")
                connection.send_packed_command(message, check_health=False)
            except redis.RedisError:
                self._close()
                self._left_alone_until = time.monotonic() + LEFT_ALONE_SECONDS
                raise

    def _connected(self) -> Any:
        if self._open is not None and not _has_ended(self._open):
            return self._open
        self._close()
        connection: Any = self._connections.make_connection()
        connection.connect()
        connection.send_command("CLIENT", "REPLY", "OFF", check_health=False)
        self._open = connection
        return connection

    def _close(self) -> None:
        if self._open is not None:
            self._open.disconnect()
            self._open = None


def _has_ended(connection: Any) -> bool:
    """Whether there is something to read, where nothing is answered: the connection's end, or a refusal to be silent."""
    try:
        return bool(connection.can_read())
    except redis.RedisError:
        return True


@cache
def _announcer(url: str, process: int) -> _Announcer:
    """One for each process: a fork must not write into its parent's connection."""
    return _Announcer(url, process)
