"""`run_workflow` and `reconcile_executions`, by exit code and output."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from executions.models import WorkflowExecution
from executions.services import wait_for_end
from executions.terminal import command_line
from tests.executions.conftest import Runner
from tests.executions.flows import FAIL, RENDER, workflow_of

AGENT = {"id": "ask", "type": "agent", "agent_id": "nobody"}


def run_workflow(*arguments: str, **options: Any) -> str:
    """What the command prints; raises `SystemExit` for an exit code that is not 0."""
    output = StringIO()
    call_command("run_workflow", *arguments, stdout=output, **options)
    return output.getvalue()


def test_waiting_shows_each_step_and_the_output(runner: Runner) -> None:
    workflow = workflow_of(runner.owner)
    text = run_workflow(workflow.pk, "--input", "Ada", "--wait", "--user", "alice")
    lines = text.splitlines()
    assert lines[0] == WorkflowExecution.objects.get().pk
    assert lines[1].split()[0] in ("RUNNING", "COMPLETED")
    assert any(line.startswith("COMPLETED ") and "greet  [tool]" in line for line in lines)
    assert "Hello, Ada!" in lines[-1] or "Hello, Ada!" in text
    assert "COMPLETED" in lines


def test_a_failed_run_ends_with_1_and_the_reason(
    runner: Runner,
) -> None:
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(
            "run_workflow",
            workflow_of(runner.owner, FAIL).pk,
            "--wait",
            "--user=alice",
            stdout=output,
        )
    assert ended.value.code == 1
    end, where, hint = output.getvalue().splitlines()[-3:]
    assert (end, where) == ("FAILED: Nothing to do.", "  at stop (raised)")
    assert "look at the `end` step" in hint


def test_who_stops_looking_is_told_that_the_run_goes_on(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_execution: WorkflowExecution) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "step_changes", interrupted)
    told = StringIO()
    with pytest.raises(SystemExit) as ended:
        run_workflow(workflow_of(runner.owner).pk, "--follow", "--user=alice", stderr=told)
    run = WorkflowExecution.objects.get()
    assert ended.value.code == 130
    assert f"executions cancel {run.pk}" in told.getvalue()
    assert wait_for_end(run, 30).status == "COMPLETED"


def test_json_is_one_object_with_the_steps(runner: Runner) -> None:
    workflow = workflow_of(runner.owner)
    body = json.loads(run_workflow(workflow.pk, "--input=Ada", "--wait", "--json", "--user=alice"))
    assert (body["status"], body["steps_executed"]) == ("COMPLETED", ["greet"])
    assert body["step_results"]["greet"]["status"] == "COMPLETED"


def test_a_simulation_is_marked(runner: Runner) -> None:
    workflow = workflow_of(runner.owner, AGENT)
    text = run_workflow(workflow.pk, "--simulate", "--wait", "--user=alice")
    assert "COMPLETED (simulated" in text


def test_json_input_context_and_version_reach_the_run(runner: Runner) -> None:
    values = {"name": "${input.name}", "mood": "${context.mood}"}
    step = {**RENDER, "arguments": {"template": "{name} is {mood}", "values": values}}
    workflow = workflow_of(runner.owner, step, context={"mood": "sad"})
    text = run_workflow(
        workflow.pk,
        "--input-json",
        '{"name": "Ada"}',
        "--context-json",
        '{"mood": "happy"}',
        "--version=1",
        "--wait",
        "--user=alice",
    )
    assert "Ada is happy" in text


def test_without_waiting_the_id_is_told(runner: Runner) -> None:
    text = run_workflow(workflow_of(runner.owner).pk, "--user=alice")
    assert text.split()[0] == WorkflowExecution.objects.get().pk


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--user=nobody"], "no active user 'nobody'"),
        (["--user=bob"], "has no workflow"),
        (["--user=alice", "--input-json={"], "--input-json"),
        (["--user=alice", "--context-json=[]"], "JSON object"),
        (["--user=alice", "--version=9"], "no version 9"),
        ([], "no administrator"),
    ],
)
def test_what_can_not_be_started_is_refused_and_nothing_is_kept(
    alice: User, bob: User, arguments: list[str], message: str
) -> None:
    workflow = workflow_of(alice)
    with pytest.raises(CommandError, match=message):
        run_workflow(workflow.pk, *arguments)
    assert not WorkflowExecution.objects.exists()


def test_a_definition_that_can_not_run_is_refused_with_its_problems(alice: User) -> None:
    workflow = workflow_of(alice, AGENT)
    with pytest.raises(CommandError, match=r"(?s)can't run yet.*/steps/0"):
        run_workflow(workflow.pk, "--user=alice")
    assert not WorkflowExecution.objects.exists()


def test_reconciling_starts_what_was_left_behind(runner: Runner) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    output = StringIO()
    call_command("reconcile_executions", "--older-than=0", "--json", stdout=output)
    told = json.loads(output.getvalue())
    others = told.pop("others")
    assert told == {"started": [run.pk], "finished": [], "left": []}
    assert others["generations"] == {"queued_again": 0, "failed": 0}
    assert others["refreshes"] == {"queued_again": 0}


def test_reconciling_without_temporal_ends_with_1_and_changes_nothing(
    runner: Runner, settings: Settings
) -> None:
    run = runner.prepare({"steps": [RENDER]}, {})
    settings.TEMPORAL_ADDRESS = "127.0.0.1:9"
    with pytest.raises(CommandError, match="Temporal does not answer"):
        call_command("reconcile_executions", "--older-than=0")
    run.refresh_from_db()
    assert run.status == "PENDING"
