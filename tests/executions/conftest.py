"""A real Temporal worker in a thread, and runs of definitions against it."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from pytest_django import Settings
from rest_framework.test import APIClient
from temporalio.client import WorkflowHistory
from temporalio.service import RPCError

from discovery.models import Agent
from executions import temporal
from executions.engine.messages.outcomes import RunOutcome
from executions.engine.messages.state import RunState
from executions.engine.spilling import packed
from executions.models import ExecutionEvent, ModelCall, StepRun, ToolCall, WorkflowExecution
from executions.services import start_execution
from executions.starts.launching import Launch
from executions.starts.run_inputs import run_input_of
from executions.stored_values import keep
from executions.worker import run_worker
from tests.conftest import ClientFor
from tests.executions.tap import Tap
from workflows.definition.normalise import content_hash, normalise
from workflows.models import Workflow, WorkflowVersion

T = TypeVar("T")
Json = dict[str, Any]
PATIENCE_SECONDS = 120
RUNS = "/api/v1/workflows/executions"


class WorkerThread:
    """The worker and a client on an event loop of their own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.stopping = asyncio.Event()
        self.thread = threading.Thread(
            target=self.loop.run_forever, name="temporal-worker", daemon=True
        )
        self.thread.start()
        self.work = self.later(run_worker(self.stopping))

    def later(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run it on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it on the loop and wait."""
        if self.work.done():
            self.work.result()
        return self.later(coroutine).result(PATIENCE_SECONDS)

    def stop(self) -> None:
        """Let the worker end and the thread with it."""
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.work.result(PATIENCE_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(scope="session")
def temporal_worker(django_db_setup: None) -> Iterator[WorkerThread]:
    """One worker for all tests of a process."""
    worker = WorkerThread()
    while not worker.call(temporal.is_worker_polling()):
        time.sleep(0.02)
    yield worker
    worker.stop()


@dataclass
class Ran:
    """A run that was started, and what is recorded of it; `temporal_run` is the one of Temporal's runs whose history counts."""

    worker: WorkerThread
    id: str
    outcome: RunOutcome | None = None
    temporal_run: str | None = None

    @property
    def row(self) -> WorkflowExecution:
        """Its row, fresh."""
        return WorkflowExecution.objects.get(pk=self.id)

    @property
    def status(self) -> str:
        """Its status."""
        return self.row.status

    @property
    def output(self) -> Any:
        """Its output; the run must have completed."""
        row = self.row
        assert row.status == "COMPLETED", (row.status, row.error_kind, row.error, row.failed_step)
        return row.output_json

    @property
    def paths(self) -> list[str]:
        """Where steps ran, in the order of their start."""
        return list(self._steps().values_list("path", flat=True))

    @property
    def statuses(self) -> dict[str, str]:
        """Status by path."""
        return dict(self._steps().values_list("path", "status"))

    @property
    def outputs(self) -> dict[str, Any]:
        """Output by path."""
        return dict(self._steps().values_list("path", "output_json"))

    def step(self, path: str) -> StepRun:
        """One step run."""
        return self._steps().get(path=path)

    def times(self, *paths: str) -> tuple[list[datetime], list[datetime]]:
        """When the steps started, and when they ended."""
        rows = [self.step(path) for path in paths]
        starts = [row.started_at for row in rows if row.started_at is not None]
        ends = [row.completed_at for row in rows if row.completed_at is not None]
        assert len(starts) == len(ends) == len(paths)
        return starts, ends

    @property
    def model_calls(self) -> list[ModelCall]:
        """Every turn, in order."""
        return list(ModelCall.objects.filter(execution_id=self.id).order_by("path", "turn"))

    @property
    def tool_calls(self) -> list[ToolCall]:
        """Every recorded tool call, in order."""
        return list(ToolCall.objects.filter(execution_id=self.id).order_by("id"))

    def event_numbers(self) -> list[int]:
        """Numbers of its events."""
        rows = ExecutionEvent.objects.filter(execution_id=self.id)
        return list(rows.order_by("number").values_list("number", flat=True))

    def history(self, run_id: str | None = None) -> WorkflowHistory:
        """What Temporal keeps of it."""

        async def fetch() -> WorkflowHistory:
            client = await temporal.connect()
            wanted = run_id or self.temporal_run
            return await client.get_workflow_handle(self.id, run_id=wanted).fetch_history()

        return self.worker.call(fetch())

    def history_bytes(self) -> int:
        """How large its last Temporal run is, without the input."""
        events = self.history().events
        return sum(event.ByteSize() for event in events[1:])

    def temporal_runs(self) -> list[str]:
        """The ids of its Temporal runs, the last one first."""
        runs: list[str] = []
        run_id: str | None = None
        while True:
            first = self.history(run_id).events[0].workflow_execution_started_event_attributes
            runs.append(first.original_execution_run_id)
            run_id = first.continued_execution_run_id
            if not run_id:
                return runs

    def cancel(self) -> None:
        """Ask Temporal to cancel it."""
        self.worker.call(temporal.cancel(self.id))

    def wait_until(self, holds: Callable[[], bool]) -> "Ran":
        """Until that holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{self.id} is {self.status}"
            time.sleep(0.05)
        return self

    def wait_for(self, status: str) -> "Ran":
        """Until its row has this status."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (now := self.status) != status:
            assert time.monotonic() < deadline, f"{self.id} is {now} still, not {status}"
            time.sleep(0.05)
        return self

    def wait(self) -> "Ran":
        """Until it ended."""
        self.outcome = self.worker.call(temporal.result(self.id, PATIENCE_SECONDS))
        return self

    def _steps(self) -> QuerySet[StepRun]:
        return StepRun.objects.filter(execution_id=self.id).order_by("position")


@dataclass
class Runner:
    """Starts runs of raw definitions for one owner."""

    worker: WorkerThread
    owner: User

    def start(self, definition: Json, **given: Any) -> Ran:
        """Start a run; `given` overrides fields of the run input or of the execution's row."""
        execution = self.prepare(definition, given)
        run_input = replace(run_input_of(execution), **given)
        self.worker.call(temporal.start_interpreter(run_input))
        return Ran(self.worker, execution.pk)

    def run(self, definition: Json, **given: Any) -> Ran:
        """Start a run and wait for its end."""
        return self.start(definition, **given).wait()

    def start_workflow(self, workflow: Workflow, **given: Any) -> Ran:
        """Run a stored workflow to its end."""
        launch = Launch(
            workflow=workflow,
            by=self.owner,
            triggered_by=WorkflowExecution.Trigger.API,
            **given,
        )
        return Ran(self.worker, start_execution(launch).pk).wait()

    def start_after(
        self, definition: Json, first: Callable[[WorkflowExecution], object], **given: Any
    ) -> Ran:
        """Run it after `first` was done to its row, and wait for its end."""
        execution = self.prepare(definition, given)
        first(execution)
        self.worker.call(temporal.start_interpreter(run_input_of(execution)))
        return Ran(self.worker, execution.pk).wait()

    def run_on(self, definition: Json, state: RunState, **given: Any) -> Ran:
        """Run on from a state that is too large to travel, as a run that continues as new does."""
        execution = self.prepare(definition, given)
        parts = [keep(execution.pk, part, max_inline_bytes=0) for part in packed(state)]
        run_input = replace(run_input_of(execution), **given | {"state_parts": parts})
        self.worker.call(temporal.start_interpreter(run_input))
        return Ran(self.worker, execution.pk).wait()

    def agent(self, agent_id: str, **fields: Any) -> Agent:
        """An agent of the owner."""
        return Agent.objects.create(id=agent_id, name=agent_id, created_by=self.owner, **fields)

    def prepare(self, definition: Json, given: Json) -> WorkflowExecution:
        """The rows that a run needs; takes the row's own fields out of `given`."""
        canonical = normalise({"id": "tried", "name": "Tried", **definition})
        workflow = Workflow.objects.create(
            id=f"w-{uuid.uuid4().hex}",
            name="Tried",
            definition_json=canonical.to_json(),
            created_by=self.owner,
        )
        WorkflowVersion.objects.create(
            workflow=workflow,
            number=1,
            revision=1,
            definition_json=canonical.to_json(),
            content_hash=content_hash(canonical),
        )
        return WorkflowExecution.objects.create(
            id=f"execution-{uuid.uuid4()}",
            workflow=workflow,
            workflow_version=1,
            user_input=given.pop("user_input", ""),
            input_json=given.pop("input", None),
            context_json=given.pop("context", {}),
            simulated=given.pop("simulate", False),
            created_by=self.owner,
        )


@pytest.fixture
def runner(transactional_db: None, temporal_worker: WorkerThread) -> Iterator[Runner]:
    """Runs definitions for alice; what still runs at the end is cancelled, so that it does not meet the next test."""
    runner = Runner(temporal_worker, User.objects.create_user("alice"))
    yield runner
    unfinished = WorkflowExecution.objects.exclude(status__in=WorkflowExecution.FINAL)
    for execution_id in unfinished.values_list("pk", flat=True):
        ran = Ran(temporal_worker, execution_id)
        # Temporal does not know rows that were never started.
        with suppress(RPCError):
            ran.cancel()
            ran.wait()


class Forks:
    """Retries and forks of one owner's runs over REST."""

    def __init__(self, runner: Runner, client: APIClient) -> None:
        self.runner = runner
        self.client = client

    def retry(self, ran: Ran, **body: Any) -> Ran:
        """The retry, ended."""
        return self.sent(f"{RUNS}/{ran.id}/retry", **body)

    def fork(self, ran: Ran, **body: Any) -> Ran:
        """The fork, ended."""
        return self.sent(f"{RUNS}/{ran.id}/fork", **body)

    def sent(self, address: str, **body: Any) -> Ran:
        """The run that a request starts, ended."""
        return self._ended(self.client.post(address, body))

    def refused(self, ran: Ran, what: str, **body: Any) -> dict[str, Any]:
        """The refusal, which wrote nothing."""
        before = WorkflowExecution.objects.count(), StepRun.objects.count()
        answer = self.client.post(f"{RUNS}/{ran.id}/{what}", body)
        assert answer.status_code in (400, 409), answer.content
        assert (WorkflowExecution.objects.count(), StepRun.objects.count()) == before
        body = answer.json()
        return {"status": answer.status_code, **body}

    def _ended(self, answer: Any) -> Ran:
        assert answer.status_code == 202, answer.content
        return Ran(self.runner.worker, answer.json()["id"]).wait()


@pytest.fixture
def forks(runner: Runner, client_for: ClientFor) -> Forks:
    """Retries and forks of the runner's owner."""
    return Forks(runner, client_for(runner.owner))


RunDefinition = Callable[..., Ran]


@pytest.fixture
def run(runner: Runner) -> RunDefinition:
    """Runs a definition to its end."""
    return runner.run


@pytest.fixture
def tap(settings: Settings) -> Iterator[Tap]:
    """A local server that tool steps may call."""
    settings.OUTBOUND_ALLOWLIST = ["127.0.0.1"]
    with Tap() as server:
        yield server
