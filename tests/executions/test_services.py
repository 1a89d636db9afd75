"""Starting, cancelling and awaiting runs."""

import time
from base64 import b64encode
from datetime import timedelta
from random import Random

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from common.errors import Conflict, Invalid, NotExecutable, NotFound, Unavailable, Unprocessable
from executions.models import ExecutionEvent, StepRun, WorkflowExecution
from executions.reconciling import reconcile, reconcile_all
from executions.selectors import executions_for
from executions.services import request_cancellation, start_execution, wait_for_end
from executions.starts.launching import Launch
from executions.starts.starting import start_on_temporal
from executions.tasks import do_chores
from executions.temporal import connect, describe
from tests.executions.conftest import Runner, WorkerThread
from tests.executions.flows import ASK, FAIL, LASTING, RENDER, finished_run, workflow_of
from workflows.services import archive_workflow, save_workflow

API = WorkflowExecution.Trigger.API
AGENT = {"id": "ask", "type": "agent", "agent_id": "nobody"}
# With a time limit of its own no iteration is run ahead, so that it lasts.
ENDLESS = {
    "id": "again",
    "type": "loop",
    "loop_mode": "count",
    "max_iterations": 1000,
    "timeout": 3600,
    "steps": [
        {"id": "one", "type": "tool", "tool": "native:current_time"},
        {"id": "two", "type": "tool", "tool": "native:current_time"},
    ],
}


def test_a_started_run_completes_with_its_output(runner: Runner) -> None:
    workflow = workflow_of(runner.owner)
    run = start_execution(
        Launch(workflow=workflow, by=runner.owner, user_input="Ada", triggered_by=API)
    )
    wait_for_end(run, 30)
    assert (run.status, run.error) == ("COMPLETED", "")
    assert "Hello, Ada!" in str(run.output_json)
    assert run.workflow_version == 1
    assert run.duration_ms is not None


def test_a_run_that_ends_as_failed_says_why(runner: Runner) -> None:
    run = start_execution(
        Launch(workflow=workflow_of(runner.owner, FAIL), by=runner.owner, triggered_by=API)
    )
    wait_for_end(run, 30)
    assert (run.status, run.error_kind, run.failed_step) == ("FAILED", "raised", "stop")
    assert "Nothing to do." in run.error


def test_a_run_executes_the_version_it_was_asked_for(runner: Runner) -> None:
    workflow = workflow_of(runner.owner)
    changed = {**RENDER, "arguments": {"template": "Bye!", "values": {}}}
    workflow = save_workflow(
        workflow, by=runner.owner, definition={"steps": [changed], "name": workflow.name}
    )
    first = start_execution(
        Launch(workflow=workflow, by=runner.owner, user_input="Ada", version=1, triggered_by=API)
    )
    current = start_execution(Launch(workflow=workflow, by=runner.owner, triggered_by=API))
    assert "Hello, Ada!" in str(wait_for_end(first, 30).output_json)
    assert "Bye!" in str(wait_for_end(current, 30).output_json)
    assert (first.workflow_version, current.workflow_version) == (1, 2)


def test_the_row_is_pending_and_unknown_to_temporal_until_it_is_committed(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    workflow = workflow_of(alice)
    with django_capture_on_commit_callbacks() as callbacks:
        run = start_execution(Launch(workflow=workflow, by=alice, triggered_by=API))
    assert run.status == "PENDING"
    assert len(callbacks) == 1


def test_a_workflow_of_somebody_else_is_not_found(alice: User, bob: User) -> None:
    workflow = workflow_of(bob)
    with pytest.raises(NotFound):
        start_execution(Launch(workflow=workflow, by=alice, triggered_by=API))
    assert not WorkflowExecution.objects.exists()


def test_an_archived_workflow_is_refused(alice: User) -> None:
    workflow = archive_workflow(workflow_of(alice), by=alice)
    with pytest.raises(Conflict, match="archived"):
        start_execution(Launch(workflow=workflow, by=alice, triggered_by=API))
    assert not WorkflowExecution.objects.exists()


def test_an_unknown_version_is_not_found(alice: User) -> None:
    with pytest.raises(NotFound):
        start_execution(Launch(workflow=workflow_of(alice), by=alice, version=7, triggered_by=API))
    assert not WorkflowExecution.objects.exists()


def test_a_definition_that_lacks_an_agent_is_refused_with_the_reason(alice: User) -> None:
    workflow = workflow_of(alice, AGENT)
    with pytest.raises(NotExecutable) as refused:
        start_execution(Launch(workflow=workflow, by=alice, triggered_by=API))
    assert refused.value.extra["missing_agents"] == ["nobody"]
    assert refused.value.problems
    assert not WorkflowExecution.objects.exists()


def test_a_simulation_runs_without_the_agent_and_is_marked(runner: Runner) -> None:
    workflow = workflow_of(runner.owner, AGENT)
    run = start_execution(
        Launch(workflow=workflow, by=runner.owner, simulate=True, triggered_by=API)
    )
    wait_for_end(run, 30)
    assert (run.status, run.simulated, run.model_calls) == ("COMPLETED", True, 0)


def test_a_simulation_of_a_broken_graph_is_refused(alice: User) -> None:
    workflow = workflow_of(alice, {**RENDER, "next": "nowhere"})
    with pytest.raises(NotExecutable):
        start_execution(Launch(workflow=workflow, by=alice, simulate=True, triggered_by=API))
    assert not WorkflowExecution.objects.exists()


def test_an_agent_without_a_model_fails_at_once_naming_the_setting(runner: Runner) -> None:
    run = start_execution(
        Launch(workflow=workflow_of(runner.owner, ASK), by=runner.owner, triggered_by=API)
    )
    wait_for_end(run, 30)
    assert (run.status, run.error_kind) == ("FAILED", "model_not_configured")
    assert "OPENAI_API_KEY" in f"{run.error} {StepRun.objects.get(execution=run).error_json}"


SCHEMA = {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}}


def test_input_that_does_not_fit_the_schema_is_refused_with_its_place(alice: User) -> None:
    workflow = workflow_of(alice, input_schema=SCHEMA)
    with pytest.raises(Invalid) as refused:
        start_execution(
            Launch(workflow=workflow, by=alice, input={"order": "seven"}, triggered_by=API)
        )
    assert (refused.value.code, refused.value.pointer) == ("input_mismatch", "/input/order")
    with pytest.raises(Invalid):
        start_execution(Launch(workflow=workflow, by=alice, triggered_by=API))
    assert not WorkflowExecution.objects.exists()


def test_a_schema_that_points_elsewhere_fetches_nothing(alice: User) -> None:
    workflow = workflow_of(alice, input_schema={"$ref": "http://127.0.0.1:9/schema"})
    with pytest.raises(NotExecutable, match="input_schema"):
        start_execution(Launch(workflow=workflow, by=alice, input={}, triggered_by=API))
    assert not WorkflowExecution.objects.exists()


@pytest.mark.timeout(20)
def test_a_hostile_pattern_in_a_schema_is_not_run(alice: User) -> None:
    """Matching it would take longer than the age of the universe."""
    workflow = workflow_of(alice, input_schema={"items": {"pattern": "^(a+)+$"}})
    run = start_execution(
        Launch(workflow=workflow, by=alice, input=["a" * 60 + "!"], triggered_by=API)
    )
    assert WorkflowExecution.objects.get() == run


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"input": ["x" * (1024 * 1024)]}, "/input"),
        ({"context": {"big": "x" * (256 * 1024)}}, "/context"),
        ({"user_input": "a\x00b"}, "/user_input"),
    ],
)
def test_what_is_too_large_or_no_json_is_refused(
    alice: User, given: dict[str, object], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        start_execution(Launch(workflow=workflow_of(alice), by=alice, triggered_by=API, **given))  # type: ignore[arg-type]
    assert refused.value.pointer == pointer
    assert not WorkflowExecution.objects.exists()


def test_the_same_key_gives_the_same_run_and_another_request_is_refused(alice: User) -> None:
    workflow = workflow_of(alice)
    runs = [
        start_execution(
            Launch(
                workflow=workflow, by=alice, triggered_by=API, idempotency_key="k", request_hash="a"
            )
        )
        for _ in range(2)
    ]
    assert runs[0].pk == runs[1].pk
    with pytest.raises(Unprocessable):
        start_execution(
            Launch(
                workflow=workflow, by=alice, triggered_by=API, idempotency_key="k", request_hash="b"
            )
        )
    assert WorkflowExecution.objects.count() == 1


def test_without_temporal_the_row_is_kept_and_named(runner: Runner, settings: Settings) -> None:
    workflow = workflow_of(runner.owner)
    address = settings.TEMPORAL_ADDRESS
    settings.TEMPORAL_ADDRESS = "127.0.0.1:9"
    with pytest.raises(Unavailable) as refused:
        start_execution(Launch(workflow=workflow, by=runner.owner, triggered_by=API))
    row = WorkflowExecution.objects.get()
    assert (row.status, refused.value.extra["execution_id"]) == ("PENDING", row.pk)
    settings.TEMPORAL_ADDRESS = address
    assert reconcile(row) == "started"
    assert wait_for_end(row, 30).status == "COMPLETED"


def test_without_temporal_a_cancellation_is_kept_and_does_not_promise_that_the_run_goes_on(
    runner: Runner, settings: Settings
) -> None:
    workflow = workflow_of(runner.owner, ENDLESS)
    run = start_execution(Launch(workflow=workflow, by=runner.owner, triggered_by=API))
    address = settings.TEMPORAL_ADDRESS
    settings.TEMPORAL_ADDRESS = "127.0.0.1:9"
    with pytest.raises(Unavailable, match="the run ends as soon as Temporal is back") as refused:
        request_cancellation(run, by=runner.owner)
    assert "goes on" not in refused.value.detail
    settings.TEMPORAL_ADDRESS = address
    run.refresh_from_db()
    assert run.cancel_requested_at is not None
    reconcile(run)
    assert wait_for_end(run, 30).status == "CANCELLED"


def test_a_run_that_goes_on_is_given_back_after_the_wait(runner: Runner) -> None:
    run = start_execution(
        Launch(workflow=workflow_of(runner.owner, ENDLESS), by=runner.owner, triggered_by=API)
    )
    started = time.monotonic()
    assert not wait_for_end(run, 0.3).is_finished
    assert time.monotonic() - started < 5
    request_cancellation(run, by=runner.owner)
    assert wait_for_end(run, 30).status == "CANCELLED"


def test_cancelling_ends_the_run_and_starts_no_further_step(runner: Runner) -> None:
    run = start_execution(
        Launch(workflow=workflow_of(runner.owner, ENDLESS), by=runner.owner, triggered_by=API)
    )
    _until_a_step_ran(run)
    request_cancellation(run, by=runner.owner)
    assert run.cancel_requested_at is not None
    wait_for_end(run, 30)
    assert (run.status, run.error_kind in ("", "cancelled")) == ("CANCELLED", True)
    steps = StepRun.objects.filter(execution=run)
    assert not steps.filter(status="RUNNING").exists()
    count = steps.count()
    time.sleep(0.5)
    assert steps.count() == count


def test_a_finished_run_can_not_be_cancelled(alice: User) -> None:
    run = finished_run(workflow_of(alice), alice)
    with pytest.raises(Conflict):
        request_cancellation(run, by=alice)
    run.refresh_from_db()
    assert (run.status, run.cancel_requested_at) == ("COMPLETED", None)


def test_a_run_of_somebody_else_can_not_be_cancelled(alice: User, bob: User) -> None:
    run = finished_run(workflow_of(bob), bob, status="PENDING", completed_at=None)
    with pytest.raises(NotFound):
        request_cancellation(run, by=alice)
    run.refresh_from_db()
    assert run.cancel_requested_at is None


def test_a_run_that_never_started_is_cancelled_at_once(alice: User) -> None:
    run = start_execution(Launch(workflow=workflow_of(alice), by=alice, triggered_by=API))
    request_cancellation(run, by=alice)
    assert run.status == "CANCELLED"
    last = ExecutionEvent.objects.filter(execution=run).last()
    assert last is not None
    assert (last.kind, last.data["status"]) == ("run", "CANCELLED")


def test_a_start_that_was_interrupted_is_made_up_for(runner: Runner) -> None:
    run = runner.prepare({"steps": [RENDER]}, {"user_input": "Ada"})
    assert reconcile_all(older_than_seconds=0) == {"started": [run.pk], "finished": [], "left": []}
    assert wait_for_end(run, 30).status == "COMPLETED"
    assert reconcile_all(older_than_seconds=0) == {"started": [], "finished": [], "left": []}


def test_a_young_row_is_left_to_its_starter(runner: Runner) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    assert reconcile_all(older_than_seconds=60) == {"started": [], "finished": [], "left": []}
    run.refresh_from_db()
    assert run.status == "PENDING"


def test_a_run_that_temporal_has_lost_is_failed_with_its_open_steps(alice: User) -> None:
    run = finished_run(workflow_of(alice), alice, status="RUNNING", completed_at=None)
    StepRun.objects.filter(execution=run, path="greet").update(status="RUNNING", completed_at=None)
    assert reconcile(run) == "finished"
    run.refresh_from_db()
    assert (run.status, run.error_kind) == ("FAILED", "internal")
    assert StepRun.objects.get(execution=run, path="greet").status == "CANCELLED"
    assert StepRun.objects.get(execution=run, path="first").status == "COMPLETED"


def test_a_run_terminated_in_temporal_is_failed(
    runner: Runner, temporal_worker: WorkerThread
) -> None:
    run = start_execution(
        Launch(workflow=workflow_of(runner.owner, *LASTING), by=runner.owner, triggered_by=API)
    )
    _until_a_step_ran(run)
    temporal_worker.call(_terminate(run.pk))
    assert reconcile(run) == "finished"
    run.refresh_from_db()
    assert (run.status, "terminated" in run.error) == ("FAILED", True)


def test_a_row_that_is_final_stays_as_it_is(alice: User) -> None:
    run = finished_run(workflow_of(alice), alice)
    assert reconcile(run) == "left"
    run.refresh_from_db()
    assert run.status == "COMPLETED"


def test_a_run_cancelled_before_its_start_reaches_temporal_does_nothing(runner: Runner) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    request_cancellation(run, by=runner.owner)
    start_on_temporal(run)
    assert wait_for_end(run, 30).status == "CANCELLED"
    assert not StepRun.objects.filter(execution=run).exists()


def test_one_broken_row_does_not_keep_the_sweep_from_the_others(runner: Runner) -> None:
    broken = runner.prepare({"steps": [RENDER]}, {})
    broken.workflow.versions.update(definition_json={"steps": 7})
    broken.workflow.definition_json = {"steps": 7}
    broken.workflow.save()
    whole = runner.prepare({"steps": [RENDER]}, {})
    assert reconcile_all(older_than_seconds=0)["left"][:1] == [broken.pk]
    assert wait_for_end(whole, 30).status == "COMPLETED"


def test_a_run_that_temporal_refuses_for_good_fails_and_holds_nobody_up(runner: Runner) -> None:
    # What can't be compressed.
    noise = Random(7)
    heavy = {f"key-{number}": b64encode(noise.randbytes(44_000)).decode() for number in range(60)}
    refused = runner.prepare({"steps": [RENDER]}, {"context": heavy})
    waiting = runner.prepare({"steps": [RENDER]}, {})
    done = reconcile_all(older_than_seconds=0)
    refused.refresh_from_db()
    assert (refused.status, refused.error_kind) == ("FAILED", "limit_exceeded")
    assert (refused.pk in done["finished"], waiting.pk in done["started"]) == (True, True)


def test_the_sweep_waits_for_temporal_without_a_fuss(runner: Runner, settings: Settings) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    WorkflowExecution.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    settings.TEMPORAL_ADDRESS = "127.0.0.1:9"
    do_chores()
    run.refresh_from_db()
    assert run.status == "PENDING"


def test_owners_see_runs_of_their_workflows_but_not_of_their_templates(
    alice: User, carol: User, bob: User, staff: User, team: Group
) -> None:
    shared = workflow_of(alice)
    shared.shared_with.add(team)
    template = workflow_of(alice)
    template.is_template = template.is_published = True
    template.save()
    by_carol = finished_run(shared, carol)
    of_template = finished_run(template, bob)
    assert set(executions_for(carol)) == {by_carol}
    assert set(executions_for(alice)) == {by_carol}
    assert set(executions_for(bob)) == {of_template}
    assert set(executions_for(staff)) == {by_carol, of_template}


def _until_a_step_ran(run: WorkflowExecution) -> None:
    for _ in range(200):
        if StepRun.objects.filter(execution=run, status="COMPLETED").exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"no step of {run.pk} ran")


async def _terminate(execution_id: str) -> None:
    await (await connect()).get_workflow_handle(execution_id).terminate()
    found = await describe(execution_id)
    assert found is not None
