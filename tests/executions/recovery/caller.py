"""A client of the installation: it starts runs and answers their questions, whatever is away at the moment."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import requests

from tests.executions.recovery.installation import PATIENCE_SECONDS, Installation

Json = dict[str, Any]


class Caller:
    """A client that asks again until it is answered, as a careful program does: with one key for each start."""

    def __init__(self, installation: Installation, token: str) -> None:
        self._url = installation.web_url
        self._headers = {"Authorization": f"Token {token}"}

    def start(self, workflow_id: str, key: str) -> str:
        """The execution's id."""
        deadline = time.monotonic() + 2 * PATIENCE_SECONDS
        while True:
            answer = self._posted(f"/workflows/{workflow_id}/execute", key)
            if answer.get("id"):
                return str(answer["id"])
            assert time.monotonic() < deadline, answer
            time.sleep(0.3)

    def approve_all(self) -> None:
        """Say yes to whatever is asked at this moment; what can't be said now is said the next time."""
        for asked in self._sent("GET", "/approvals").get("results", []):
            path = f"/workflows/executions/{asked['execution_id']}/decision"
            # An answer that got lost: the decision was taken, and a second one is refused.
            self._sent("POST", path, {"step": asked["step"], "approved": True}, also=(409, 404))

    def _posted(self, path: str, key: str) -> Json:
        return self._sent("POST", path, {"user_input": key}, {"Idempotency-Key": key})

    def _sent(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        also: tuple[int, ...] = (),
    ) -> Json:
        """What was answered; without an answer, or with a status of `also`, an `error`."""
        try:
            answer = requests.request(
                method,
                self._url + path,
                json=body,
                headers={**self._headers, **headers},
                timeout=20,
            )
        except requests.RequestException as error:
            return {"error": str(error)}
        if answer.status_code in (200, 202):
            return dict(answer.json())
        # While something is away the server may say so, but never that the request is wrong.
        assert answer.status_code >= 500 or answer.status_code in also, answer.text
        return {"error": answer.text[:500]}
