"""Waits until web and workers of `manage.py dev` really work, then says where everything is."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from celery import Celery
from kombu.exceptions import OperationalError

POLL_SECONDS = 0.3
PATIENCE_SECONDS = 60.0


class Voice(Protocol):
    """Something that prints a text among the logs."""

    def say(self, text: str) -> None:
        """Print the lines of `text`."""


@dataclass(frozen=True)
class Started:
    """The addresses (endpoints.json) and the log-in data that `manage.py prepare` told."""

    endpoints: Mapping[str, str]
    told: Mapping[str, str]


def wait_and_tell(voice: Voice, started: Started) -> None:
    """Poll until all is ready and say so; when it takes long, say what is missing, and go on waiting."""
    warn_at = time.monotonic() + PATIENCE_SECONDS
    while missing := _missing(started.endpoints):
        if time.monotonic() > warn_at:
            voice.say(f"Still waiting for: {', '.join(missing)}. Their lines above may tell why.")
            warn_at = time.monotonic() + PATIENCE_SECONDS
        time.sleep(POLL_SECONDS)
    voice.say(_announcement(started))


def _missing(endpoints: Mapping[str, str]) -> list[str]:
    """What does not work yet, by name."""
    checks = _readiness(endpoints["API_URL"])
    if not checks:
        return ["web"]
    failing = [name for name, state in checks.items() if state != "ok"]
    return failing or ([] if _celery_answers(endpoints["REDIS_URL"]) else ["celery"])


def _readiness(api_url: str) -> dict[str, str]:
    """The checks of /readyz; empty while the web process does not answer."""
    try:
        with urlopen(f"{api_url}/readyz", timeout=10) as response:  # noqa: S310 - our own address
            body: dict[str, Any] = json.load(response)
    except HTTPError as refusal:
        with refusal:
            body = json.load(refusal) if refusal.code == 503 else {}
    except (URLError, OSError, ValueError):
        body = {}
    return dict(body.get("checks", {}))


def _celery_answers(redis_url: str) -> bool:
    """Whether a Celery worker replies to a ping."""
    with Celery(broker=redis_url, set_as_current=False) as app:
        try:
            return bool(app.control.ping(timeout=1.0))
        except OperationalError:
            return False


def _announcement(started: Started) -> str:
    """Where to look and how to log in."""
    api_url, told = started.endpoints["API_URL"], started.told
    password = told.get("password")
    log_in = (
        f"{told['username']} / {password}  (shown only this once)" if password else told["username"]
    )
    return "\n".join(
        [
            "Everything is ready.",
            f"  API docs     {api_url}/api/docs",
            f"  Admin        {api_url}/admin/",
            f"  Temporal UI  {started.endpoints.get('TEMPORAL_UI_URL') or 'with your own Temporal server'}",
            f"  Log-in       {log_in}",
            "               set a new password: .venv/bin/python manage.py changepassword "
            + told["username"],
            f"  API token    {told['token']}",
            f"               curl -H 'Authorization: Token {told['token']}' {api_url}/api/v1/workflows",
            "  Stop         Ctrl+C",
        ]
    )
