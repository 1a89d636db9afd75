"""Waits until web and workers of `manage.py dev` really work, then says where everything is."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Protocol
from urllib.request import ProxyHandler, build_opener

from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError
from redis import RedisError

from workflowsite.localstack import temporal_server

POLL_SECONDS = 0.3
PATIENCE_SECONDS = 60.0
Look = Callable[[], bool]


class Voice(Protocol):
    """Something that prints a text among the logs, until it is `stopping`."""

    stopping: Event

    def say(self, text: str) -> None:
        """Print the lines of `text`."""


@dataclass(frozen=True)
class Started:
    """The addresses (endpoints.json) and the log-in data that `manage.py prepare` told."""

    endpoints: Mapping[str, str]
    told: Mapping[str, str]


def wait_and_tell(voice: Voice, started: Started) -> None:
    """Poll each part until it works, then tell all; when it takes long, say what is missing and go on waiting."""
    looks = _looks(started.endpoints)
    warn_at = time.monotonic() + PATIENCE_SECONDS
    while looks and not voice.stopping.wait(POLL_SECONDS):
        looks = {name: look for name, look in looks.items() if not look()}
        if looks and time.monotonic() > warn_at:
            voice.say(f"Still waiting for: {', '.join(looks)}. Their lines above may tell why.")
            warn_at = time.monotonic() + PATIENCE_SECONDS
    if not looks:
        voice.say("\n".join(_announcement(started)))


def _looks(endpoints: Mapping[str, str]) -> dict[str, Look]:
    """How to see that a part works; the addresses are given since our own settings may be older than they."""
    return {
        "web": lambda: _web_answers(endpoints["API_URL"]),
        "worker": lambda: temporal_server.is_polled(
            endpoints["TEMPORAL_ADDRESS"],
            namespace=settings.TEMPORAL_NAMESPACE,
            task_queue=settings.TEMPORAL_TASK_QUEUE,
        ),
        "celery": lambda: _celery_answers(endpoints["REDIS_URL"]),
    }


def _web_answers(api_url: str) -> bool:
    """Whether the web process answers; a proxy that the environment names has no business here."""
    try:
        with build_opener(ProxyHandler({})).open(f"{api_url}/healthz", timeout=10) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _celery_answers(redis_url: str) -> bool:
    """Whether a Celery worker replies to a ping."""
    with Celery(broker=redis_url, set_as_current=False) as app:
        try:
            return bool(app.control.broadcast("ping", reply=True, timeout=0.5, limit=1))
        except (OperationalError, RedisError):
            return False


def _announcement(started: Started) -> Iterator[str]:
    """Where to look and how to log in."""
    api_url, told = started.endpoints["API_URL"], started.told
    name, password, token = told["username"], told.get("password"), told["token"]
    temporal_ui = started.endpoints.get("TEMPORAL_UI_URL") or "with your own Temporal server"
    yield "Everything is ready."
    yield f"  API docs     {api_url}/api/docs"
    yield f"  Admin        {api_url}/admin/"
    yield f"  Temporal UI  {temporal_ui}"
    yield f"  Log-in       {name}" + (f" / {password}  (shown only this once)" if password else "")
    yield f"               a new password: .venv/bin/python manage.py changepassword {name}"
    yield f"  API token    {token}"
    yield f"               curl -H 'Authorization: Token {token}' {api_url}/api/v1/workflows"
    yield "  Stop         Ctrl+C"
