"""Everything is killed while runs are under way; nothing is lost, left unfinished, or done twice.

`make recovery` does it with 200 runs and another seed each time; RECOVERY_SEED repeats one.
"""

import json
import logging
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.executions.recovery import evidence
from tests.executions.recovery.caller import Caller
from tests.executions.recovery.installation import COMPONENTS, Installation, mcp_config
from tests.executions.recovery.seed import PARENTS_CALLS, SPENT_CALLS
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


def _wait_for_all(world: World, expected: set[str], caller: Caller) -> None:
    deadline = time.monotonic() + END_SECONDS
    database = world.installation.stack.endpoints["DATABASE_URL"]
    while True:
        statuses = {row[0]: row[1] for row in evidence.rows(database)}
        if expected <= statuses.keys() and set(statuses.values()) <= set(evidence.FINAL):
            return
        assert time.monotonic() < deadline, Counter(statuses.values())
        caller.approve_all()
        time.sleep(1)


def _approve_until(caller: Caller, is_over: threading.Event) -> None:
    """A person who decides whatever is asked, also while things are away."""
    while not is_over.wait(0.5):
        caller.approve_all()


@pytest.mark.timeout(END_SECONDS + 300 * ROUNDS)
def test_killing_everything_loses_nothing_and_repeats_nothing(world: World) -> None:
    caller, workflows = _seeded(world)
    world.installation.start_product()
    expected = _started_and_killed(world, caller, workflows, random.Random(SEED))
    _wait_for_all(world, expected, caller)
    endpoints = world.installation.stack.endpoints
    runs = evidence.runs_of(endpoints["DATABASE_URL"], endpoints["TEMPORAL_ADDRESS"])
    ended = Counter((run.workflow, run.status, run.error_kind) for run in runs)
    logger.info("ended: %s", ended)
    # One run for each start, however often it was asked for, one child for each parent that got so far, and no other.
    assert len(expected) == EXECUTIONS
    assert {run.id for run in runs if run.parent is None} == expected
    _check_agreement(world, runs)
    _check_calls(world, runs)
    _check_children(runs)
    _check_decisions(world, runs)
    _check_budgets(world, runs)


def _started_and_killed(
    world: World, caller: Caller, workflows: list[str], chance: random.Random
) -> set[str]:
    """The ids of the runs, during which each part was killed and came back."""
    logger.info("%s runs, %s rounds, seed %s", EXECUTIONS, ROUNDS, SEED)
    is_over = threading.Event()
    with ThreadPoolExecutor(9) as pool:
        deciding = pool.submit(_approve_until, caller, is_over)
        starts = [
            pool.submit(caller.start, workflows[number % len(workflows)], f"start-{number}")
            for number in range(EXECUTIONS)
        ]
        try:
            while sum(start.done() for start in starts) < EXECUTIONS / 4:
                time.sleep(0.1)
            for _ in range(ROUNDS):
                _kill_each(world, chance)
        finally:
            is_over.set()
        deciding.result()
        return {start.result() for start in starts}


def _check_agreement(world: World, runs: list[evidence.Run]) -> None:
    """PostgreSQL and Temporal agree, and nothing stays open."""
    endpoints = world.installation.stack.endpoints
    assert {run.id for run in runs} <= evidence.temporal_ids(endpoints["TEMPORAL_ADDRESS"])
    assert [run for run in runs if run.status != run.temporal_status] == []
    assert evidence.unfinished_steps(endpoints["DATABASE_URL"]) == 0
    assert evidence.open_questions(endpoints["DATABASE_URL"]) == 0


def _check_calls(world: World, runs: list[evidence.Run]) -> None:
    """No call was made again whose completion was recorded; only one that must not be repeated may have failed."""
    kinds = {(run.workflow, run.error_kind) for run in runs if run.error_kind}
    allowed = {(run.workflow, "worker_lost") for run in runs}
    assert kinds <= allowed | {("parent", "child_failed"), ("spent", "budget_exceeded")}
    calls = world.calls() + world.asked
    called = Counter(key for key, _ in calls)
    completed = {key for run in runs for key in run.completed_at}
    again = sum(times > 1 for times in called.values())
    logger.info("%s calls, %s of them made again for want of an answer", len(called), again)
    # Both sides mean the same calls by the same keys.
    assert len(completed & called.keys()) > len(called) * 0.8
    assert evidence.repeated(runs, calls) == []
    assert max(Counter(world.tap.keys).values()) == 1


def _check_children(runs: list[evidence.Run]) -> None:
    """Each parent has at most one child, and ended as its child let it."""
    kids = {run.parent: run for run in runs if run.parent is not None}
    assert len(kids) == sum(run.parent is not None for run in runs)
    for run in runs:
        if run.workflow != "parent":
            continue
        if run.status == "COMPLETED":
            assert kids[run.id].status == "COMPLETED"
        if run.error_kind == "child_failed":
            assert kids[run.id].error_kind == "worker_lost"


def _check_decisions(world: World, runs: list[evidence.Run]) -> None:
    """Every question was decided once, and its run went on with that."""
    decided = evidence.decisions(world.installation.stack.endpoints["DATABASE_URL"])
    completed = {run.id for run in runs if (run.workflow, run.status) == ("approved", "COMPLETED")}
    assert completed
    assert completed <= decided.keys()
    assert set(decided.values()) == {1}


def _check_budgets(world: World, runs: list[evidence.Run]) -> None:
    """Every call was counted once: who may spend exactly what it needs completes, and nobody spends more."""
    by_id = {run.id: run for run in runs}
    accounts = evidence.accounts(world.installation.stack.endpoints["DATABASE_URL"])
    made = Counter(
        key.split("/")[0] for key in {key for key, _ in world.calls()} if key.startswith("exec")
    )
    for account in accounts:
        run = by_id[account.execution_id]
        allowed = SPENT_CALLS if run.workflow == "spent" else PARENTS_CALLS
        assert account.tool_calls <= allowed
        assert account.tokens_set_aside == 0
        assert account.tokens == account.tokens_of_calls, run
        if run.workflow == "spent" or run.status == "COMPLETED":
            assert account.tool_calls == allowed
        if run.workflow == "spent":
            assert (run.status, run.error_kind) == ("FAILED", "budget_exceeded")
            assert made[run.id] == SPENT_CALLS
    spenders = {run.id for run in runs if run.workflow == "spent"}
    assert spenders
    assert spenders <= {account.execution_id for account in accounts}
