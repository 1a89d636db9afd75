"""Everything is killed while runs are under way; nothing is lost, left unfinished, or done twice.

`make recovery` does it with 200 runs and another seed each time; RECOVERY_SEED repeats one.
"""

import json
import logging
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.executions.recovery import evidence
from tests.executions.recovery.installation import COMPONENTS, Caller, Installation, mcp_config
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_answers import Body
from tests.fakes.model_server import ModelServer

logger = logging.getLogger(__name__)

EXECUTIONS = int(os.environ.get("RECOVERY_EXECUTIONS", "32"))
ROUNDS = int(os.environ.get("RECOVERY_ROUNDS", "1"))
SEED = int(os.environ.get("RECOVERY_SEED", "3"))
END_SECONDS = 240 + 2 * EXECUTIONS


@dataclass
class World:
    """The installation and the servers that its runs call."""

    installation: Installation
    tap: Tap
    folder: Path
    asked: list[tuple[str, float]] = field(default_factory=list)

    def answer(self, body: Body) -> answers.Answer:
        """Two tool calls, one after the other, then a text; what was asked is remembered."""
        now = time.time()
        turn = 1 + sum(message["role"] == "assistant" for message in body["messages"])
        self.asked.append((f"{body['messages'][1]['content']}/{turn}", now))
        time.sleep(0.3)
        if turn < 3:
            return answers.tool_calls(("native__text_stats", {"text": f"turn {turn}"}))
        return answers.text("done")

    def calls(self) -> list[tuple[str, float]]:
        """Every call that reached one of the servers, with its key and time."""
        lines = (self.folder / "calls.jsonl").read_text().splitlines()
        counted = [(str(key), float(at)) for key, at in map(json.loads, lines)]
        return [*counted, *zip(self.tap.keys, self.tap.moments, strict=True)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh installation that runs."""
    with Tap() as tap, ModelServer() as model:
        environment = {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "key",
            "OUTBOUND_ALLOWLIST": "127.0.0.1",
            "MCP_CONFIG": str(mcp_config(tmp_path)),
        }
        world = World(Installation(tmp_path / "state", environment), tap, tmp_path)
        model.default = world.answer
        try:
            world.installation.start_servers()
            yield world
        finally:
            world.installation.stop()


def _seeded(world: World) -> tuple[Caller, list[str]]:
    told = world.installation.python(
        "-m", "tests.executions.recovery.seed", world.tap.url("").rstrip("/")
    )
    given = json.loads(told.splitlines()[-1])
    return Caller(world.installation, given["token"]), given["workflows"]


def _kill_each(world: World, chance: random.Random) -> None:
    for name in chance.sample(COMPONENTS, len(COMPONENTS)):
        time.sleep(chance.uniform(0.3, 3.0))
        logger.info("kill %s", name)
        world.installation.kill(name)
        time.sleep(chance.uniform(0.0, 3.0))
        world.installation.start(name)
        logger.info("%s is back", name)


def _wait_for_all(world: World, expected: set[str]) -> None:
    deadline = time.monotonic() + END_SECONDS
    database = world.installation.stack.endpoints["DATABASE_URL"]
    while True:
        statuses = {pk: status for pk, status, _ in evidence.rows(database)}
        if expected <= statuses.keys() and set(statuses.values()) <= set(evidence.FINAL):
            return
        assert time.monotonic() < deadline, Counter(statuses.values())
        time.sleep(1)


@pytest.mark.timeout(END_SECONDS + 300 * ROUNDS)
def test_killing_everything_loses_nothing_and_repeats_nothing(world: World) -> None:
    caller, workflows = _seeded(world)
    world.installation.start_product()
    chance = random.Random(SEED)
    logger.info("%s runs, %s rounds, seed %s", EXECUTIONS, ROUNDS, SEED)
    with ThreadPoolExecutor(8) as pool:
        starts = [
            pool.submit(caller.start, workflows[number % len(workflows)], f"start-{number}")
            for number in range(EXECUTIONS)
        ]
        while sum(start.done() for start in starts) < EXECUTIONS / 4:
            time.sleep(0.1)
        for _ in range(ROUNDS):
            _kill_each(world, chance)
        expected = {start.result() for start in starts}
    _wait_for_all(world, expected)
    _check(world, expected)


def _check(world: World, expected: set[str]) -> None:
    endpoints = world.installation.stack.endpoints
    runs = evidence.runs_of(endpoints["DATABASE_URL"], endpoints["TEMPORAL_ADDRESS"])
    logger.info("ended: %s", Counter((run.status, run.error_kind) for run in runs))
    # One run for each start, however often it was asked for, and no other.
    assert len(expected) == EXECUTIONS
    assert {run.id for run in runs} == expected
    assert expected <= evidence.temporal_ids(endpoints["TEMPORAL_ADDRESS"])
    # PostgreSQL and Temporal agree.
    assert [run for run in runs if run.status != run.temporal_status] == []
    assert evidence.unfinished_steps(endpoints["DATABASE_URL"]) == 0
    # Only a call that must not be repeated may have failed, and says so.
    assert {run.error_kind for run in runs} <= {"", "worker_lost"}
    calls = world.calls() + world.asked
    called = Counter(key for key, _ in calls)
    completed = {key for run in runs for key in run.completed_at}
    again = sum(times > 1 for times in called.values())
    logger.info("%s calls, %s of them made again for want of an answer", len(called), again)
    # Both sides mean the same calls by the same keys.
    assert len(completed & called.keys()) > len(called) * 0.8
    assert evidence.repeated(runs, calls) == []
    assert max(Counter(world.tap.keys).values()) == 1
