"""Wake-ups reach those who listen, over one connection that is opened anew where it has ended."""

import logging
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from pytest_django import Settings

from common.live import announcing
from common.live.announcing import announce


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        yield client


class Listener:
    """Somebody who waits on a channel of their own."""

    def __init__(self, server: Any) -> None:
        self.channel = f"test:{uuid.uuid4()}"
        self._messages = server.pubsub()
        self._messages.subscribe(self.channel)
        self._next()

    def was_woken(self) -> bool:
        return self._next() == "message"

    def _next(self) -> str | None:
        message = self._messages.get_message(timeout=5)
        return None if message is None else str(message["type"])


@pytest.fixture
def listener(server: redis.Redis) -> Listener:
    return Listener(server)


def announcers(server: redis.Redis) -> list[str]:
    """The ids of this process's connections."""
    name = f"announcer:{os.getpid()}"
    return [client["id"] for client in server.client_list() if client["name"] == name]


def test_all_announcements_go_over_one_connection(server: redis.Redis, listener: Listener) -> None:
    announce(listener.channel)
    (connection,) = announcers(server)
    for _ in range(50):
        announce(listener.channel)
    assert [listener.was_woken() for _ in range(51)] == [True] * 51
    assert announcers(server) == [connection]


def test_none_is_lost_where_redis_has_closed_the_connection(
    server: redis.Redis, listener: Listener
) -> None:
    announce(listener.channel)
    (connection,) = announcers(server)
    server.client_kill_filter(_id=connection)
    announce(listener.channel)
    assert [listener.was_woken(), listener.was_woken()] == [True, True]


def test_without_redis_it_is_not_tried_for_each_announcement(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announcing, "LEFT_ALONE_SECONDS", 3600.0)
    settings.REDIS_URL = f"redis://127.0.0.1:1/{uuid.uuid4().int % 1000}"
    with caplog.at_level(logging.WARNING, logger="common.live.announcing"):
        announce("first")
        announce("second")
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["first"]
