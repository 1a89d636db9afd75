"""A worker that is killed in the middle of a run: its successor completes it, and finished steps do not run again."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from executions.approvals.deciding import Vote, decide
from executions.models import WorkflowExecution
from tests.executions.conftest import Forks, Ran, Runner, WorkerThread
from tests.executions.engine.building import ask, echo, end, loop, parallel, pause, put
from tests.executions.flows import workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer

PROJECT = Path(__file__).resolve().parents[2]
ASK = {"id": "ask", "type": "agent", "agent_id": "helper", "input": "${loop.iteration}"}


class WorkerProcess:
    """`manage.py temporal_worker` on a task queue of its own, with the test's database and fakes."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._output = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "temporal_worker"],
            cwd=PROJECT,
            env=os.environ | self._environment(),
            stdout=self._output,
            stderr=self._output,
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: no chance to say goodbye."""
        self._process.kill()
        self._process.wait()
        self._output.close()

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=30)
        self._output.close()
        return code

    def wait_until_ready(self) -> None:
        """Until it says so."""
        deadline = time.monotonic() + 60
        while "Worker ready" not in self.log.read_text():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    @staticmethod
    def _environment() -> dict[str, str]:
        name = connection.settings_dict["NAME"]
        server, _, _ = os.environ["DATABASE_URL"].partition("?")
        return {
            "DATABASE_URL": f"{server.rsplit('/', 1)[0]}/{name}",
            "DATABASE_POOL_SIZE": "4",
            "TEMPORAL_TASK_QUEUE": django_settings.TEMPORAL_TASK_QUEUE,
            "OPENAI_BASE_URL": django_settings.OPENAI_BASE_URL,
            "OPENAI_API_KEY": django_settings.OPENAI_API_KEY,
            "OUTBOUND_ALLOWLIST": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
        }


@pytest.fixture
def own_queue(temporal_worker: WorkerThread, settings: Settings) -> None:
    """Runs that the worker in this process does not see."""
    settings.TEMPORAL_TASK_QUEUE = f"queue-{uuid.uuid4()}"


@pytest.fixture
def processes(
    own_queue: None, tmp_path: Path, model_server: ModelServer, tap: Tap
) -> Iterator[list[WorkerProcess]]:
    """Workers to kill; what is left is stopped at the end."""
    started: list[WorkerProcess] = []
    yield started
    for process in started:
        process.kill()


def another(processes: list[WorkerProcess], folder: Path) -> WorkerProcess:
    """One more worker."""
    processes.append(WorkerProcess(folder / f"worker-{len(processes)}.log"))
    return processes[-1]


def wait_for(what: Any, seconds: float = 60) -> None:
    """Until `what()` is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def questions(server: ModelServer) -> list[str]:
    """What the model was asked, in order."""
    return [request["messages"][1]["content"] for request in server.requests]


def test_a_killed_worker_costs_no_finished_step(
    runner: Runner,
    processes: list[WorkerProcess],
    tmp_path: Path,
    model_server: ModelServer,
    tap: Tap,
) -> None:
    runner.agent("helper")
    model_server.script([answers.text("one"), answers.text("two"), answers.hang(60)])
    rounds = loop(
        "rounds", "count", [ASK, echo("said", "${steps.ask.output}")], max_iterations=4,
        collect_results=True, output="${steps.said.output.result}",
    )  # fmt: skip
    steps = [tap.step("before", "ok/before"), rounds, tap.step("after", "ok/after"),
             end("done", "${steps.rounds.output}")]  # fmt: skip
    first = another(processes, tmp_path)
    ran: Ran = runner.start({"steps": steps})
    wait_for(lambda: len(model_server.requests) == 3)
    first.kill()
    processes.remove(first)
    model_server.script([answers.text("three"), answers.text("four")])
    another(processes, tmp_path)
    ran.wait()
    assert ran.output == ["one", "two", "three", "four"]
    # Only the call that was in the air was made again.
    assert questions(model_server) == ["1", "2", "3", "3", "4"]
    assert (tap.count("before"), tap.count("after")) == (1, 1)
    assert set(ran.statuses.values()) == {"COMPLETED"}
    assert len(ran.paths) == len(set(ran.paths)) == 12
    numbers = ran.event_numbers()
    assert numbers == list(range(1, len(numbers) + 1))
    assert [call.turn for call in ran.model_calls] == [1, 1, 1, 1]
    assert ran.row.model_calls == 4


def test_a_call_that_must_not_be_repeated_fails_as_worker_lost(
    runner: Runner, processes: list[WorkerProcess], tmp_path: Path, tap: Tap
) -> None:
    first = another(processes, tmp_path)
    step = tap.step("pay", "hold/pay", on_error="look")
    ran = runner.start({"steps": [step, end("look", "${error.kind}")]})
    tap.wait_for("pay", 60)
    first.kill()
    processes.remove(first)
    another(processes, tmp_path)
    ran.wait()
    assert ran.output == "worker_lost"
    assert (tap.count("pay"), ran.step("pay").attempts) == (1, 1)


def test_an_agents_call_whose_worker_was_lost_may_have_been_made(
    runner: Runner,
    processes: list[WorkerProcess],
    tmp_path: Path,
    model_server: ModelServer,
    tap: Tap,
    forks: Forks,
) -> None:
    runner.agent("helper", tools=["native:http_request"])
    call = answers.tool_call("native__http_request", {"url": tap.url("hold/pay"), "method": "POST"})
    model_server.script([call])
    step = {"id": "ask", "type": "agent", "agent_id": "helper"}
    first = another(processes, tmp_path)
    ran = runner.start({"steps": [step]})
    tap.wait_for("pay", 60)
    first.kill()
    processes.remove(first)
    another(processes, tmp_path)
    assert ran.wait().row.error_kind == "worker_lost"
    assert forks.refused(ran, "retry")["code"] == "confirmation_required"
    tap.release()
    model_server.script([answers.text("paid")])
    assert forks.retry(ran, confirm=True).output == "paid"


def test_a_worker_that_is_told_to_stop_hands_its_runs_on(
    runner: Runner, processes: list[WorkerProcess], tmp_path: Path, model_server: ModelServer
) -> None:
    runner.agent("helper")
    model_server.script([answers.text("one"), answers.hang(60)])
    rounds = loop("rounds", "count", [ASK], max_iterations=3, timeout=600)
    fan = parallel("fan", {"a": [rounds], "b": [echo("b1")]}, timeout=600)
    first = another(processes, tmp_path)
    ran: Ran = runner.start({"steps": [fan]})
    wait_for(lambda: len(model_server.requests) == 2)
    assert first.stop() == 0
    processes.remove(first)
    log = first.log.read_text()
    assert "Worker stops" in log
    assert "Traceback" not in log, log
    assert "Eviction" not in log, log
    assert ran.status == "RUNNING"
    model_server.script([answers.text("two"), answers.text("three")])
    another(processes, tmp_path)
    ran.wait()
    assert ran.output[0] == "three"
    assert questions(model_server) == ["1", "2", "2", "3"]


def test_what_waits_outlives_its_worker(
    runner: Runner, processes: list[WorkerProcess], tmp_path: Path, tap: Tap
) -> None:
    """An approval, a timer and a child, each in a branch; the decision comes while no worker is there."""
    child = workflow_of(runner.owner, pause("p", 4), end("done", "child"))
    run_it = {"id": "c", "type": "workflow", "workflow_id": child.pk}
    fan = parallel(
        "fan",
        {
            "a": [put("s", a=1), ask("ask"), end("ea", "${context.a}", scope="container")],
            "b": [put("t", b=2), pause("p2", 4), end("eb", "${context.b}", scope="container")],
            "c": [run_it],
        },
    )
    first = another(processes, tmp_path)
    ran = runner.start({"steps": [fan], "output": ["${steps.fan.output}", "${context.b}"]})
    wait_for(lambda: ran.statuses.get("fan/a/ask") == "WAITING")
    wait_for(lambda: ran.statuses.get("fan/b/p2") == "WAITING")
    wait_for(lambda: WorkflowExecution.objects.filter(parent_id=ran.id, status="WAITING").exists())
    first.kill()
    processes.remove(first)
    assert decide(ran.row, "fan/a/ask", Vote(approved=True), by=runner.owner).is_delivered
    another(processes, tmp_path)
    assert ran.wait().output == [[1, 2, "child"], 2]
    assert WorkflowExecution.objects.filter(parent_id=ran.id).count() == 1


def test_of_two_workers_one_may_stop(
    runner: Runner,
    processes: list[WorkerProcess],
    tmp_path: Path,
    model_server: ModelServer,
    tap: Tap,
) -> None:
    """What the one was doing ends within its 10 seconds or goes on with the other; nothing is done twice."""
    runner.agent("helper")
    model_server.default = answers.text("said")
    rounds = loop("rounds", "count", [tap.step("call", "wait/0.2/call"), ASK, echo("say", 1)],
                  max_iterations=6)  # fmt: skip
    first, second = another(processes, tmp_path), another(processes, tmp_path)
    first.wait_until_ready()
    second.wait_until_ready()
    runs = [runner.start({"steps": [rounds]}) for _ in range(6)]
    wait_for(lambda: tap.count("call") >= 8)
    assert first.stop() == 0
    processes.remove(first)
    for ran in runs:
        ran.wait()
    assert [ran.status for ran in runs] == ["COMPLETED"] * 6
    assert tap.count("call") == len(set(tap.keys)) == 36
    assert len(model_server.requests) == 36


def test_a_worker_stops_when_it_is_told_to(
    processes: list[WorkerProcess], tmp_path: Path, runner: Runner
) -> None:
    worker = another(processes, tmp_path)
    worker.wait_until_ready()
    ran = runner.run({"steps": [echo("a", 1)]})
    assert ran.status == "COMPLETED"
    assert worker.stop() == 0
    processes.remove(worker)
