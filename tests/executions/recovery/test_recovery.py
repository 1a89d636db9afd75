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
from tests.executions.recovery.triggering import FIRING_SECONDS, Firings, Sender
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


@dataclass(frozen=True)
class Seeded:
    """What the installation was filled with: workflows to start, a schedule, and a webhook."""

    caller: Caller
    workflows: list[str]
    firings: Firings
    sender: Sender


@dataclass(frozen=True)
class Asked:
    """The runs that somebody asked for, by their ids; `delivered` has the runs of all deliveries of each order."""

    started: list[str]
    cancelled: set[str]
    delivered: list[str]

    @property
    def ids(self) -> set[str]:
        """All of them."""
        return {*self.started, *self.delivered}


def _seeded(world: World) -> Seeded:
    since = time.time()
    told = world.installation.python(
        "-m", "tests.executions.recovery.seed", world.tap.url("").rstrip("/")
    )
    given = json.loads(told.splitlines()[-1])
    caller = Caller(world.installation, given["token"])
    firings = Firings(given["schedule"], since)
    return Seeded(caller, given["workflows"], firings, Sender(caller, given["hook"]))


def _kill_each(world: World, chance: random.Random) -> None:
    database = world.installation.stack.endpoints["DATABASE_URL"]
    for name in chance.sample(COMPONENTS, len(COMPONENTS)):
        time.sleep(chance.uniform(0.3, 3.0))
        logger.info("kill %s, %s runs are under way", name, evidence.unfinished_runs(database))
        world.installation.kill(name)
        time.sleep(chance.uniform(0.0, 3.0))
        world.installation.start(name)
        logger.info("%s is back", name)


def _wait_for_firings(world: World, firings: Firings) -> None:
    """Until each time at which the schedule was due so far has its run."""
    database, now = world.installation.stack.endpoints["DATABASE_URL"], time.time()
    deadline = time.monotonic() + FIRING_SECONDS
    while True:
        fired = {row[0] for row in evidence.rows(database) if row[5] == "schedule"}
        try:
            return firings.require_all(fired, until=now)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


def _wait_for_all(world: World, expected: set[str], caller: Caller) -> None:
    deadline = time.monotonic() + END_SECONDS
    database = world.installation.stack.endpoints["DATABASE_URL"]
    while True:
        rows = evidence.rows(database)
        statuses = {row[0]: row[1] for row in rows}
        if expected <= statuses.keys() and set(statuses.values()) <= set(evidence.FINAL):
            return
        open_runs = Counter((row[3], row[1]) for row in rows if row[1] not in evidence.FINAL)
        assert time.monotonic() < deadline, open_runs
        logger.debug("still open: %s", open_runs)
        caller.approve_all()
        time.sleep(1)


def _approve_until(caller: Caller, is_over: threading.Event) -> None:
    """A person who decides whatever is asked, also while things are away."""
    while not is_over.wait(0.5):
        caller.approve_all()


@pytest.mark.timeout(END_SECONDS + 300 * ROUNDS)
def test_killing_everything_loses_nothing_and_repeats_nothing(world: World) -> None:
    seeded = _seeded(world)
    world.installation.start_product()
    asked = _started_and_killed(world, seeded, random.Random(SEED))
    _wait_for_firings(world, seeded.firings)
    seeded.caller.pause("fired", seeded.firings.schedule)
    _wait_for_all(world, asked.ids, seeded.caller)
    endpoints = world.installation.stack.endpoints
    runs = evidence.runs_of(endpoints["DATABASE_URL"], endpoints["TEMPORAL_ADDRESS"])
    ended = Counter((run.workflow, run.status, run.error_kind) for run in runs)
    logger.info("ended: %s", ended)
    _check_starts(runs, asked, seeded.firings)
    _check_agreement(world, runs)
    _check_calls(world, runs)
    _check_children(runs)
    _check_decisions(world, runs)
    _check_budgets(world, runs)


def _started_and_killed(world: World, seeded: Seeded, chance: random.Random) -> Asked:
    """What was asked for while each part was killed and came back."""
    logger.info("%s runs, %s rounds, seed %s", EXECUTIONS, ROUNDS, SEED)
    caller, workflows = seeded.caller, seeded.workflows
    names = [workflows[number % len(workflows)] for number in range(EXECUTIONS)]
    is_over = threading.Event()

    def start(number: int, name: str, patience: float) -> str:
        run = caller.start(name, f"start-{number}")
        if name == "cancelled":
            time.sleep(patience)
            caller.cancel(run)
        return run

    with ThreadPoolExecutor(13) as pool:
        deciding = pool.submit(_approve_until, caller, is_over)
        starts = [
            pool.submit(start, number, name, chance.uniform(0.0, 10.0))
            for number, name in enumerate(names)
        ]
        deliveries = seeded.sender.deliver(pool, EXECUTIONS // 8)
        try:
            while sum(start.done() for start in starts) < EXECUTIONS / 2:
                time.sleep(0.1)
            for _ in range(ROUNDS):
                _kill_each(world, chance)
        finally:
            is_over.set()
        deciding.result()
        started = [start.result() for start in starts]
        cancelled = {run for run, name in zip(started, names, strict=True) if name == "cancelled"}
        return Asked(started, cancelled, [delivery.result() for delivery in deliveries])


def _check_starts(runs: list[evidence.Run], asked: Asked, firings: Firings) -> None:
    """One run for each start, order and time, however often it was asked for; one child for each parent that got so far."""
    assert len(set(asked.started)) == EXECUTIONS
    assert len(set(asked.delivered)) * 3 == len(asked.delivered)
    fired = {run.id for run in runs if run.trigger == "schedule"}
    assert len(firings.times(fired)) == len(fired)
    assert {run.id for run in runs if run.parent is None} == asked.ids | fired
    assert {run.id for run in runs if run.status == "CANCELLED"} == asked.cancelled
    assert {run.id for run in runs if run.workflow == "cancelled"} == asked.cancelled


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
