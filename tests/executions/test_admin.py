"""Runs in the admin: readable, drawn, escaped, at a constant number of queries."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions.models import ExecutionEvent, ModelCall, StoredValue, ToolCall, WorkflowExecution
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import broken, echo
from tests.executions.flows import ASK, finished_run, step_run, workflow_of
from tests.executions.tap import Tap

RUNS = "/admin/executions/workflowexecution/"


@pytest.fixture
def browser(staff: User) -> Client:
    """An administrator's browser."""
    client = Client()
    client.force_login(staff)
    return client


def test_a_run_shows_its_drawing_steps_and_calls(browser: Client, alice: User) -> None:
    run = finished_run(workflow_of(alice), alice)
    ModelCall.objects.create(execution=run, path="greet", turn=1, model="gpt-4o")
    ToolCall.objects.create(execution=run, path="greet", tool="native:render_text")
    page = browser.get(f"{RUNS}{run.pk}/change/").content.decode()
    assert 'class="workflow-drawing"' in page
    assert 'class="wd-tool wd-COMPLETED"' in page
    assert "native:render_text" in page
    assert "gpt-4o" in page
    assert f"/admin/workflows/workflow/{run.workflow_id}/change/" in page


def test_text_of_a_run_is_never_markup(browser: Client, alice: User) -> None:
    hostile = "<script>alert(1)</script>"
    workflow = workflow_of(alice, {**ASK, "name": hostile})
    run = finished_run(workflow, alice, output_json={"x": hostile}, error=hostile)
    page = browser.get(f"{RUNS}{run.pk}/change/").content.decode()
    assert hostile not in page


def test_lists_do_not_ask_more_for_more_rows(browser: Client, alice: User) -> None:
    workflow = workflow_of(alice)
    run = finished_run(workflow, alice)
    # What a process asks once, of content types for example, does not count.
    browser.get(f"{RUNS}{run.pk}/change/")
    before = _queries(browser, RUNS), _queries(browser, f"{RUNS}{run.pk}/change/")
    for number in range(5):
        finished_run(workflow, alice)
        step_run(run, f"more{number}", position=10 + number)
    assert (_queries(browser, RUNS), _queries(browser, f"{RUNS}{run.pk}/change/")) == before


@pytest.mark.parametrize(
    "model", ["steprun", "modelcall", "toolcall", "executionevent", "storedvalue"]
)
def test_the_parts_of_runs_can_be_browsed_but_not_changed(
    browser: Client, alice: User, model: str
) -> None:
    run = finished_run(workflow_of(alice), alice)
    rows = {
        "steprun": run.step_runs.get(path="greet"),
        "modelcall": ModelCall.objects.create(execution=run, path="greet", turn=1, model="m"),
        "toolcall": ToolCall.objects.create(execution=run, path="greet", tool="native:x"),
        "executionevent": ExecutionEvent.objects.get(execution=run, number=1),
        "storedvalue": StoredValue.objects.create(
            execution=run, key="k", value=["v"], size_bytes=5
        ),
    }
    base = f"/admin/executions/{model}/"
    assert browser.get(f"{base}?q={run.pk}").status_code == 200
    page = browser.get(f"{base}{rows[model].pk}/change/")
    assert page.status_code == 200
    assert f"{RUNS}{run.pk}/change/" in page.content.decode()
    assert browser.get(f"{base}add/").status_code == 403
    assert browser.post(f"{base}{rows[model].pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_run_is_started_from_the_form(runner: Runner) -> None:
    staff = User.objects.create_superuser("staff")
    browser = Client()
    browser.force_login(staff)
    workflow = workflow_of(runner.owner)
    assert browser.get(f"{RUNS}add/?workflow={workflow.pk}").status_code == 200
    answer = browser.post(
        f"{RUNS}add/",
        {"workflow": workflow.pk, "user_input": "Ada", "input_json": "null", "context_json": "{}"},
    )
    run = WorkflowExecution.objects.get()
    assert answer.status_code == 302
    assert (run.created_by, run.user_input, run.triggered_by) == (staff, "Ada", "user")


def test_chosen_workflows_are_run_and_a_refusal_leaves_the_others_alone(runner: Runner) -> None:
    staff = User.objects.create_superuser("staff")
    browser = Client()
    browser.force_login(staff)
    good = workflow_of(runner.owner)
    bad = workflow_of(runner.owner, {"id": "ask", "type": "agent", "agent_id": "nobody"})
    body = {"action": "run_chosen", "_selected_action": [good.pk, bad.pk]}
    page = browser.post("/admin/workflows/workflow/", body, follow=True).content.decode()
    run = WorkflowExecution.objects.get()
    assert (run.workflow, run.created_by, run.triggered_by) == (good, staff, "user")
    assert f"{RUNS}{run.pk}/change/" in page
    assert "run yet" in page


def test_a_refused_start_says_why_and_keeps_nothing(browser: Client, alice: User) -> None:
    workflow = workflow_of(alice, {"id": "ask", "type": "agent", "agent_id": "nobody"})
    body = {"workflow": workflow.pk, "input_json": "null", "context_json": "{}"}
    page = browser.post(f"{RUNS}add/", body, follow=True).content.decode()
    # The apostrophe is escaped in HTML.
    assert "run yet" in page
    assert not WorkflowExecution.objects.exists()


def test_chosen_runs_are_cancelled(browser: Client, alice: User) -> None:
    workflow = workflow_of(alice)
    waiting = finished_run(workflow, alice, status="PENDING", completed_at=None)
    ended = finished_run(workflow, alice)
    body = {"action": "cancel", "_selected_action": [waiting.pk, ended.pk]}
    page = browser.post(RUNS, body, follow=True).content.decode()
    assert "asked to stop" in page
    assert "already ended" in page
    waiting.refresh_from_db()
    ended.refresh_from_db()
    assert (waiting.status, ended.status) == ("CANCELLED", "COMPLETED")


def test_only_staff_may_look(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get(RUNS).status_code == 302


def _queries(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(address)
    assert answer.status_code == 200
    return len(queries)


def test_failed_runs_are_retried_and_both_link_to_each_other(runner: Runner) -> None:
    staff = User.objects.create_superuser("staff")
    browser = Client()
    browser.force_login(staff)
    failed = runner.run({"steps": [echo("one", 1), broken("two")]})
    done = finished_run(workflow_of(staff), staff)
    body = {"action": "retry", "_selected_action": [failed.id, done.pk]}
    page = browser.post(RUNS, body, follow=True).content.decode()
    assert "goes on as" in page
    assert "fork it instead" in page
    run = WorkflowExecution.objects.get(forked_from=failed.id)
    assert (run.created_by, run.triggered_by, run.forked_at) == (staff, "user", "two")
    assert run.pk in browser.get(f"{RUNS}{failed.id}/change/").content.decode()
    assert failed.id in browser.get(f"{RUNS}{run.pk}/change/").content.decode()


def test_a_retry_that_repeats_calls_is_an_action_of_its_own(runner: Runner, tap: Tap) -> None:
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff"))
    ran = runner.start({"steps": [tap.step("send", "hold/send")]})
    tap.wait_for("send")
    ran.cancel()
    ran.wait()
    tap.release()
    body = {"action": "retry", "_selected_action": [ran.id]}
    page = browser.post(RUNS, body, follow=True).content.decode()
    assert "native:http_request at send" in page
    assert page.count("Retry, and make calls once more") > 1
    assert not WorkflowExecution.objects.filter(forked_from=ran.id).exists()
    browser.post(RUNS, {**body, "action": "retry_with_calls"}, follow=True)
    retry = WorkflowExecution.objects.get(forked_from=ran.id)
    assert Ran(runner.worker, retry.pk).wait().status == "COMPLETED"
    assert tap.count("send") == 2
