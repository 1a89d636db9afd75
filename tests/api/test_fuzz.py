"""Hostile and well-formed input from the OpenAPI file: every answer is as documented, none is a 500.

`make fuzz` runs it for longer and with another seed each time (FUZZ_SECONDS, FUZZ_EXAMPLES).
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from knox.models import AuthToken
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.api.world import Ids, make_world
from workflowsite.celery import app

FOLDER = Path(__file__).parent / "fuzz"
# In `make test`: the same seed and a few examples of each operation, so that no machine is too slow to try them all.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "3")
SEED = os.environ.get("FUZZ_SEED", "7")
# Boundaries of each value, and chains of requests, go on until a time is over: only for those who give one.
SECONDS = os.environ.get("FUZZ_SECONDS", "")
PHASES = "coverage,fuzzing,stateful" if SECONDS else "fuzzing"
LONGEST_SECONDS = int(SECONDS or "180") * 3 + 120
SCHEMA_SECONDS = 120
# They end the log-in that the run itself needs; tests/accounts has tests of them.
EXCLUDED = ("log_out", "delete_tokens")


@pytest.fixture
def work_is_done_at_once() -> Iterator[None]:
    """Celery's tasks run where they are sent: no worker is needed."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture
def quiet() -> Iterator[None]:
    """No log: thousands of refusals would hide the one answer that matters, which schemathesis shows."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(LONGEST_SECONDS)
@pytest.mark.usefixtures("work_is_done_at_once", "quiet", "temporal_worker")
def test_every_answer_is_as_documented(
    live_server: LiveServer, settings: Settings, tmp_path: Path
) -> None:
    settings.GENERATIONS_PER_HOUR = 1_000_000
    fuzzer = make_world(Ids())
    _, token = AuthToken.objects.create(fuzzer)
    # Made once a process, which takes longer than schemathesis waits where the machine is busy.
    with urlopen(f"{live_server.url}/api/schema", timeout=SCHEMA_SECONDS) as answer:
        answer.read()
    done = subprocess.run(
        _command(f"{live_server.url}/api/schema", token),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.fuzz.hooks"},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


def _command(schema: str, token: str) -> list[str]:
    name = Path(sys.executable).parent / "schemathesis"
    return [
        *(str(name), "--config-file", str(FOLDER / "schemathesis.toml")),
        *("run", schema, "--header", f"Authorization: Token {token}"),
        *("--seed", SEED, "--max-examples", EXAMPLES),
        *(("--max-time", SECONDS) if SECONDS else ()),
        *("--phases", PHASES),
        *("--workers", "1", "--no-color", "--request-timeout", "30", "--warnings", "off"),
        *("--continue-on-failure", "--generation-database", "none"),
        *(part for operation in EXCLUDED for part in ("--exclude-operation-id", operation)),
    ]
