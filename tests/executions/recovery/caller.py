"""A client of the installation: it starts and cancels runs and answers their questions, whatever is away at the moment."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import requests

from tests.executions.recovery.installation import PATIENCE_SECONDS, Installation

Json = dict[str, Any]


class NotNow(Exception):
    """What was asked for can't be had at this moment."""


class Refused(Exception):
    """What was asked for can't be done, or not any more."""


class Caller:
    """A client that asks again until it is answered, as a careful program does: with one key for each start."""

    def __init__(self, installation: Installation, token: str) -> None:
        self._url = installation.web_url
        self._root = installation.web_root
        self._headers = {"Authorization": f"Token {token}"}

    def start(self, workflow_id: str, key: str) -> str:
        """The execution's id."""
        path = f"/workflows/{workflow_id}/execute"
        body = {"user_input": key}
        return str(self._until_answered(path, body, {"Idempotency-Key": key})["id"])

    def cancel(self, execution_id: str) -> None:
        """Ask for its end until somebody says that it was heard, or that the run has ended."""
        with suppress(Refused):
            self._until_answered(f"/workflows/executions/{execution_id}/cancel", None, {})

    def pause(self, workflow_id: str, schedule_id: str) -> None:
        """Let a schedule fire no more."""
        self._until_answered(f"/workflows/{workflow_id}/schedules/{schedule_id}/pause", {}, {})

    def deliver(self, hook: Mapping[str, str], delivery: str) -> str:
        """The execution's id. What is signed is sent again as it is: its time may pass meanwhile."""
        body = json.dumps({"delivery": delivery}).encode()
        at = str(int(time.time()))
        digest = hmac.new(hook["secret"].encode(), at.encode() + b"." + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Delivery-Id": delivery,
            "X-Timestamp": at,
            "X-Signature-256": f"sha256={digest.hexdigest()}",
        }
        url = f"{self._root}/hooks/{hook['token']}"
        return str(self._until_answered(url, body, headers)["execution_id"])

    def _until_answered(
        self, path: str, body: Json | bytes | None, headers: Mapping[str, str]
    ) -> Json:
        deadline = time.monotonic() + 2 * PATIENCE_SECONDS
        while True:
            try:
                return self._sent("POST", path, body, headers)
            except NotNow:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.3)

    def approve_all(self) -> None:
        """Say yes to whatever is asked at this moment; what can't be said now is said the next time."""
        with suppress(NotNow):
            for asked in self._sent("GET", "/approvals")["results"]:
                path = f"/workflows/executions/{asked['execution_id']}/decision"
                # An answer that got lost: the decision was taken, and a second one is refused.
                with suppress(Refused):
                    self._sent("POST", path, {"step": asked["step"], "approved": True})

    def _sent(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Json:
        """What was answered; raises `NotNow` without an answer, and `Refused` for what can't be done any more."""
        try:
            answer = requests.request(
                method,
                path if path.startswith("http") else self._url + path,
                data=body if isinstance(body, bytes) else None,
                json=None if isinstance(body, bytes) else body,
                headers={**self._headers, **headers},
                timeout=20,
            )
        except requests.RequestException as error:
            raise NotNow(str(error)) from error
        if answer.status_code in (200, 202):
            return dict(answer.json())
        if answer.status_code in (404, 409):
            raise Refused(answer.text[:500])
        # While something is away the server may say so, but never that the request is wrong.
        assert answer.status_code >= 500, answer.text
        raise NotNow(answer.text[:500])
