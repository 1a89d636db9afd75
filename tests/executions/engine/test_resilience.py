"""When something around the run breaks: the database is away, a record can't be written, a definition is not understood."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from executions import temporal
from executions.engine.messages.run_input import RunInput
from executions.models import ModelCall, ToolCall, WorkflowExecution
from executions.starts.run_inputs import run_input_of
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import echo, end, loop
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer


@contextmanager
def database_away() -> Iterator[None]:
    """Nobody can connect any more, and those who were are thrown out."""
    name = connection.settings_dict["NAME"]
    connection.close()
    with psycopg.connect(_server(), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def _server() -> str:
    given = settings.DATABASES["default"]
    return psycopg.conninfo.make_conninfo(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname="postgres",
    )


def test_a_run_outlives_the_database(runner: Runner, tap: Tap, model_server: ModelServer) -> None:
    runner.agent("helper")
    model_server.default = answers.text("said")
    steps = [
        tap.step("held", "hold/held"),
        loop("rounds", "count", [echo("say", "${loop.iteration}")], max_iterations=3),
        {"id": "ask", "type": "agent", "agent_id": "helper"},
        tap.step("last", "ok/last"),
        end("done", ["${steps.rounds.output.result}", "${steps.ask.output}"]),
    ]
    ran = runner.start({"steps": steps})
    tap.wait_for("held")
    with database_away():
        # The call ends while its result can't be written down.
        tap.release()
        time.sleep(2)
    ran.wait()
    assert ran.output == [3, "said"]
    assert (tap.count("held"), tap.count("last"), len(model_server.requests)) == (1, 1, 1)
    assert set(ran.statuses.values()) == {"COMPLETED"}
    numbers = ran.event_numbers()
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_run_that_can_not_be_recorded_ends_visibly(runner: Runner, tap: Tap) -> None:
    ran = runner.start({"steps": [tap.step("held", "hold/held"), echo("after")]})
    tap.wait_for("held")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE executions_steprun RENAME COLUMN attempts TO lost")
        try:
            tap.release()
            ran.wait()
        finally:
            cursor.execute("ALTER TABLE executions_steprun RENAME COLUMN lost TO attempts")
    row = ran.row
    assert (row.status, row.error_kind) == ("FAILED", "internal")
    assert row.completed_at is not None


def test_a_definition_of_another_age_ends_the_run_visibly(runner: Runner) -> None:
    given: dict[str, Any] = {}
    execution = runner.prepare({"steps": [echo("a")]}, given)
    known = run_input_of(execution)
    strange: dict[str, Any] = {**known.definition, "steps": [{"id": "a", "type": "teleport"}]}
    runner.worker.call(
        temporal.start_interpreter(RunInput(execution_id=execution.pk, definition=strange))
    )
    ran = Ran(runner.worker, execution.pk).wait()
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "internal")


def test_a_tool_call_that_is_written_down_is_not_made_again(runner: Runner, tap: Tap) -> None:
    definition = {"steps": [tap.step("pay", "ok/pay"), end("done", "${steps.pay.output}")]}
    ran = runner.start_after(definition, _paid)
    assert ran.output == {"receipt": 7}
    assert tap.hits == []


def test_a_turn_that_is_written_down_is_not_paid_for_again(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper")
    definition = {"steps": [{"id": "ask", "type": "agent", "agent_id": "helper"}]}
    ran = runner.start_after(definition, _answered)
    assert ran.output == "known"
    assert model_server.requests == []
    assert (ran.row.input_tokens, ran.row.model_calls) == (11, 1)


def _paid(execution: WorkflowExecution) -> None:
    ToolCall.objects.create(
        execution=execution, path="pay", tool="native:http_request", result={"receipt": 7}
    )


def _answered(execution: WorkflowExecution) -> None:
    ModelCall.objects.create(
        execution=execution,
        path="ask",
        turn=1,
        model="m",
        answer={"role": "assistant", "content": "known"},
        input_tokens=11,
    )
