"""The REST interface as a client sees it: a token, JSON in and out, refusals as exceptions."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from executions.terminal.lines import is_end, worth_telling

REQUEST_SECONDS = 90.0
WAIT_SECONDS = 20
FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


class Refused(Exception):
    """The server said no; `problem` is its problem-details object."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or f"HTTP {problem.get('status')}")
        self.problem = problem


class Client:
    """Calls `/api/v1` of one installation."""

    def __init__(self, api_url: str, token: str) -> None:
        self._base = f"{api_url}/api/v1"
        self._token = token
        # A proxy of the environment must not see the token.
        self._opener = build_opener(ProxyHandler({}))

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at `path`; raises `Refused`, or `OSError` when nobody answers."""
        return self._send(Request(f"{self._base}{path}"))  # noqa: S310 - our own address

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the server answers to `body`; raises as `get`."""
        request = Request(  # noqa: S310 - our own address
            f"{self._base}{path}", data=json.dumps(body).encode(), method="POST"
        )
        request.add_header("Content-Type", "application/json")
        return self._send(request)

    def generated(self, prompt: str, timeout_seconds: float) -> dict[str, Any]:
        """The finished `Generation` for a prompt; raises `TimeoutError` if it takes longer."""
        deadline = time.monotonic() + timeout_seconds
        generation = self.post(f"/workflows/generate?wait={WAIT_SECONDS}", {"prompt": prompt})
        while generation["status"] not in FINAL:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{generation['id']} is still {generation['status']}.")
            time.sleep(0.5)
            generation = self.get(f"/workflows/generate/{generation['id']}")
        return generation

    def step_changes(self, execution_id: str) -> Iterator[dict[str, Any]]:
        """What happens to the steps until the run ends: the data of their events, final ones with `output`."""
        address, after = f"/workflows/executions/{execution_id}", 0
        while True:
            news = self.get(f"{address}/events?after={after}&wait={WAIT_SECONDS}")
            steps = [event["data"] for event in news["results"] if event["kind"] == "step"]
            for change in worth_telling(steps):
                if is_end(change):
                    step = self.get(f"{address}/steps/{quote(change['path'])}")
                    change["output"] = step["output"]
                yield change
            after = news["last"]
            if news["is_finished"] and not news["results"]:
                return

    def _send(self, request: Request) -> dict[str, Any]:
        request.add_header("Authorization", f"Token {self._token}")
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as response:
                return dict(json.load(response))
        except HTTPError as refusal:
            with refusal:
                raise Refused(_problem(refusal)) from refusal
        except URLError as error:
            raise ConnectionError(f"{request.full_url} does not answer: {error.reason}") from error


def _problem(refusal: HTTPError) -> dict[str, Any]:
    try:
        return dict(json.load(refusal))
    except ValueError:
        return {"status": refusal.code}
