"""What Temporal's own pages know of a run, and what happens where they don't know our attributes."""

import json
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from google.protobuf.duration_pb2 import Duration
from pytest_django import Settings
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.operatorservice.v1 import RemoveSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from executions import temporal, visibility
from executions.approvals.deciding import Vote, decide
from executions.engine.messages.launches import SCHEDULED_START
from executions.engine.messages.run_input import RunInput
from executions.engine.scheduled_start import NOMINAL_TIME
from executions.engine.shown_status import STATUS
from executions.models import Schedule, WorkflowExecution
from executions.starts.run_inputs import run_input_of
from executions.starts.start_request import labels_of
from executions.starts.starting import start_on_temporal
from executions.triggers.firing import execution_id_of
from executions.visibility import Labels
from tests.executions.conftest import PATIENCE_SECONDS, Json, Ran, Runner
from tests.executions.engine.building import ask, echo, parallel, pause
from tests.executions.engine.test_approvals import answer
from tests.executions.families import wait_for_step
from tests.executions.flows import workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer
from workflowsite.localstack import temporal_server

YES = Vote(approved=True)
NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)


def started(runner: Runner, *steps: Json, **given: Any) -> Ran:
    """A run as the product starts it; `given` overrides fields of its input."""
    execution = runner.prepare({"steps": list(steps)}, {})
    run_input = replace(run_input_of(execution), **given)
    runner.worker.call(temporal.start_interpreter(run_input, labels_of(execution)))
    return Ran(runner.worker, execution.pk)


def until_found(runner: Runner, *waiting: Ran, others: tuple[Ran, ...] = ()) -> None:
    """Until Temporal finds these as waiting, and none of the others; its pages lag a little behind."""
    expected = {ran.id for ran in waiting}
    own = expected | {ran.id for ran in others}

    async def found() -> set[str]:
        runs = (await temporal.connect()).list_workflows('BuilderStatus = "WAITING"')
        # Runs that other tests left behind wait too.
        return {run.id async for run in runs} & own

    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := runner.worker.call(found())) != expected:
        assert time.monotonic() < deadline, (seen, expected)
        time.sleep(0.1)


def shown(ran: Ran) -> list[str]:
    """What the last of its Temporal runs has told of its status, one after the other."""
    changes = [
        event.upsert_workflow_search_attributes_event_attributes.search_attributes
        for event in ran.history().events
        if event.HasField("upsert_workflow_search_attributes_event_attributes")
    ]
    return [json.loads(change.indexed_fields[STATUS.name].data) for change in changes]


def described(runner: Runner, execution: WorkflowExecution) -> WorkflowExecutionDescription:
    """What Temporal tells of it, once it has ended."""
    Ran(runner.worker, execution.pk).wait()
    found = runner.worker.call(temporal.describe(execution.pk))
    assert found is not None
    return found


def test_a_run_can_be_found_by_workflow_user_and_trigger(runner: Runner) -> None:
    execution = runner.prepare({"steps": [{"id": "e", "type": "end"}]}, {})
    start_on_temporal(execution)
    found = described(runner, execution)
    attributes = found.typed_search_attributes
    assert attributes[visibility.WORKFLOW] == "tried"
    assert (attributes[visibility.USER], attributes[visibility.TRIGGER]) == ("alice", "api")
    memo = runner.worker.call(found.memo())
    assert (memo["workflow_id"], memo["workflow_version"], memo["user"]) == ("tried", 1, "alice")


def test_each_call_and_timer_says_what_it_is_for(
    runner: Runner, tap: Tap, model_server: ModelServer
) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    call = answers.tool_call("native__text_stats", {"text": "a"})
    model_server.script([call, answers.text("done")])
    steps = [
        tap.step("load", "ok/load"),
        {"id": "write", "type": "agent", "agent_id": "helper"},
        pause("rest"),
        ask("check", approval_timeout_seconds=600),
        echo("say"),
        echo("again"),
    ]
    ran = started(runner, *steps)
    answer(ran, runner.owner, path="check")
    assert ran.wait().status == "COMPLETED"
    events = [(event, summary_of(event)) for event in ran.history().events]
    assert events[0][1] == "Tried"
    calls = [
        told for event, told in events if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert calls == [
        "load native:http_request",
        "write turn 1",
        "write native:text_stats",
        "write turn 2",
    ]
    timers = [told for event, told in events if event.HasField("timer_started_event_attributes")]
    assert set(timers) == {"limits.timeout_seconds", "rest", "check"}
    local = [told for event, told in events if event.HasField("marker_recorded_event_attributes")]
    assert {"check", "say and up to 1 after it"} <= set(local)


def summary_of(event: HistoryEvent) -> str | None:
    """What Temporal's pages show beside the event."""
    data = event.user_metadata.summary.data
    return str(json.loads(data)) if data else None


def test_a_waiting_run_is_found_as_long_as_it_waits(runner: Runner) -> None:
    decided = started(runner, ask("ok"), pause("rest"), pause("again"), ask("last"))
    cancelled = started(runner, ask("ok"))
    until_found(runner, decided, cancelled)
    decide(decided.row, "ok", YES, by=runner.owner)
    wait_for_step(decided, "last", "WAITING")
    decide(decided.row, "last", YES, by=runner.owner)
    cancelled.cancel()
    assert decided.wait().status == "COMPLETED"
    assert cancelled.wait().status == "CANCELLED"
    until_found(runner, others=(decided, cancelled))
    # Of waits that follow each other at once nothing is told; before somebody is asked there is work to do.
    assert shown(decided) == ["WAITING", "", "WAITING", ""]
    assert shown(cancelled) == ["WAITING", ""]


def test_a_run_that_waits_is_still_found_after_it_continued_as_new(
    runner: Runner, tap: Tap
) -> None:
    calls = [tap.step(f"c{number}", "ok/c") for number in range(4)]
    fan = parallel("fan", {"a": [ask("ok")], "b": calls})
    ran = started(runner, fan, continue_after_events=10)
    until_found(runner, ran)
    decide(ran.row, "fan/a/ok", YES, by=runner.owner)
    assert ran.wait().status == "COMPLETED"
    assert len(ran.temporal_runs()) > 1
    until_found(runner, others=(ran,))
    assert shown(ran)[-2:] == ["WAITING", ""]


def test_a_run_that_does_not_wait_changes_nothing(runner: Runner) -> None:
    ran = started(
        runner, echo("say"), {"id": "past", "type": "wait", "until": "2020-01-01T00:00:00Z"}
    )
    ran.wait()
    assert shown(ran) == []


def test_a_run_that_was_started_without_attributes_leaves_them_alone(runner: Runner) -> None:
    ran = runner.start({"steps": [ask("ok")]}).wait_for("WAITING")
    decide(ran.row, "ok", YES, by=runner.owner)
    assert ran.wait().status == "COMPLETED"
    assert shown(ran) == []


def test_a_run_of_a_schedule_is_found_as_others_are(runner: Runner) -> None:
    workflow = workflow_of(runner.owner, ask("ok"))
    schedule = Schedule.objects.create(
        id=f"schedule-{uuid.uuid4()}",
        workflow=workflow,
        name="Daily",
        cron="0 9 * * *",
        created_by=runner.owner,
    )
    runner.worker.call(_fired(schedule))
    ran = Ran(runner.worker, execution_id_of(schedule.pk, NOON))
    until_found(runner, ran)
    decide(ran.row, "ok", YES, by=runner.owner)
    attributes = described(runner, ran.row).typed_search_attributes
    assert (attributes[visibility.WORKFLOW], attributes[visibility.USER]) == (workflow.pk, "alice")
    assert (attributes[visibility.TRIGGER], attributes[STATUS]) == ("schedule", "")


def test_the_local_server_knows_the_same_attributes() -> None:
    assert temporal_server.SEARCH_ATTRIBUTES == visibility.NAMES


def test_where_they_are_unknown_a_run_starts_without_them(
    runner: Runner, settings: Settings
) -> None:
    execution = runner.prepare({"steps": [{"id": "e", "type": "end"}]}, {})
    settings.TEMPORAL_NAMESPACE = runner.worker.call(_bare_namespace())
    start_on_temporal(execution)
    found = runner.worker.call(temporal.describe(execution.pk))
    assert found is not None
    assert list(found.typed_search_attributes) == []
    assert runner.worker.call(found.memo())["user"] == "alice"
    assert runner.worker.call(_known(execution)) == {}
    # A worker registers them when it starts.
    missing = runner.worker.call(_registered())
    assert missing == []


async def _fired(schedule: Schedule) -> None:
    await (await temporal.connect()).start_workflow(
        SCHEDULED_START,
        schedule.pk,
        id=f"{schedule.pk}-noon",
        task_queue=django_settings.TEMPORAL_TASK_QUEUE,
        search_attributes=TypedSearchAttributes([SearchAttributePair(NOMINAL_TIME, NOON)]),
    )


async def _bare_namespace() -> str:
    """A namespace without our attributes."""
    client = await temporal.connect()
    name = f"bare-{uuid.uuid4().hex[:8]}"
    day = Duration()
    day.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=day)
    )
    bare = await Client.connect(client.service_client.config.target_host, namespace=name)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            missing = await visibility.missing(bare)
            if known := [item for item in visibility.NAMES if item not in missing]:
                await bare.operator_service.remove_search_attributes(
                    RemoveSearchAttributesRequest(namespace=name, search_attributes=known)
                )
        except RPCError:
            continue
        else:
            return name
    raise AssertionError("the namespace did not come into being")


async def _known(execution: WorkflowExecution) -> dict[str, str]:
    """What a schedule's run would be started with."""
    labels = Labels(user="alice", trigger="schedule", version=1)
    run_input = RunInput(execution.pk, {"id": "tried"})
    return await visibility.known_attributes(await temporal.connect(), run_input, labels)


async def _registered() -> list[str]:
    client = await temporal.connect()
    await visibility.register(client)
    return await visibility.missing(client)
