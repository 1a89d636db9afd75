"""`executions list|show|cancel|retry|fork` and the live lines of `run_workflow --follow`, by exit code and output."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from executions.models import WorkflowExecution
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import broken, echo
from tests.executions.flows import finished_run, workflow_of
from tests.executions.tap import Tap


def executions(*arguments: str) -> str:
    """What the command prints; raises `SystemExit` for an exit code that is not 0."""
    output = StringIO()
    call_command("executions", *arguments, stdout=output)
    return output.getvalue()


def as_json(*arguments: str) -> Any:
    """The JSON that the command prints."""
    return json.loads(executions(*arguments, "--json"))


def test_a_list_is_a_table_of_ones_own_runs(alice: User, bob: User) -> None:
    run = finished_run(workflow_of(alice), alice)
    lines = executions("list", "--user=alice").splitlines()
    assert lines[0].split()[:4] == ["ID", "WORKFLOW", "VERSION", "STATUS"]
    assert lines[1].split()[:4] == [run.pk, run.workflow_id, "1", "COMPLETED"]
    assert len(executions("list", "--user=bob").splitlines()) == 1


def test_a_list_goes_on_after_its_last_row(alice: User) -> None:
    workflow = workflow_of(alice)
    runs = [finished_run(workflow, alice).pk for _ in range(5)]
    found: list[str] = []
    after: str | None = None
    while True:
        more: list[str] = ["--after", after] if after else []
        page = as_json("list", "--user=alice", "--limit=2", *more)
        found += [row["id"] for row in page["results"]]
        after = page["next"]
        if after is None:
            break
    assert found == runs[::-1]


def test_lists_are_narrowed(alice: User) -> None:
    one, other = workflow_of(alice), workflow_of(alice)
    failed = finished_run(one, alice, status="FAILED")
    finished_run(other, alice)
    for narrowed in (
        ["--status=FAILED"],
        ["--workflow", one.pk],
        ["--status=FAILED", "--since=2020-01-01"],
    ):
        assert [row["id"] for row in as_json("list", "--user=alice", *narrowed)["results"]] == [
            failed.pk
        ]
    for narrowed in (["--status=RUNNING"], ["--since=2999-01-01"], ["--triggered-by=webhook"]):
        assert as_json("list", "--user=alice", *narrowed) == {"results": [], "next": None}


def test_a_run_is_shown_with_its_steps(alice: User) -> None:
    run = finished_run(workflow_of(alice), alice)
    text = executions("show", run.pk, "--user=alice")
    assert text.splitlines()[0].split() == [run.pk, run.workflow_id, "v1"]
    assert "greet" in text
    assert text.splitlines()[-1] == "COMPLETED"
    body = as_json("show", run.pk, "--user=alice")
    assert [step["path"] for step in body["steps"]] == ["first", "greet"]


def test_a_failed_run_is_shown_with_where_it_failed_and_what_to_do(alice: User) -> None:
    failure = {
        "status": "FAILED",
        "error": "The server is busy.",
        "error_kind": "tool_error",
        "error_code": "busy",
        "error_hint": "Try again later.",
        "failed_step": "greet",
    }
    run = finished_run(workflow_of(alice), alice, **failure)
    text = executions("show", run.pk, "--user=alice")
    assert text.splitlines()[-3:] == [
        "FAILED: The server is busy.",
        "  at greet (tool_error, busy)",
        "  Try again later.",
    ]


def test_a_failed_run_is_retried_and_followed(runner: Runner, tap: Tap) -> None:
    failed = runner.run({"steps": [echo("one", 1), tap.step("two", "flaky/1/two")]})
    assert failed.status == "FAILED"
    text = executions("retry", failed.id, "--user=alice", "--follow")
    assert "two  [tool]" in text
    assert "one  [tool]" not in text
    run = WorkflowExecution.objects.get(forked_from=failed.id)
    assert (run.status, run.triggered_by) == ("COMPLETED", "user")
    shown = executions("show", run.pk, "--user=alice")
    assert f"from {failed.id} at two" in shown


def test_a_retry_as_json_is_the_new_run(runner: Runner, tap: Tap) -> None:
    failed = runner.run({"steps": [echo("one", 1), tap.step("two", "flaky/1/two")]})
    started = as_json("retry", failed.id, "--user=alice")
    assert started["status"] == "PENDING"
    assert started["id"] == WorkflowExecution.objects.get(forked_from=failed.id).pk
    assert Ran(runner.worker, started["id"]).wait().status == "COMPLETED"


def test_a_retry_followed_as_json_tells_each_change_as_a_line(runner: Runner, tap: Tap) -> None:
    failed = runner.run({"steps": [echo("one", 1), tap.step("two", "flaky/2/two"), echo("three")]})
    with pytest.raises(SystemExit) as ended:
        executions("retry", failed.id, "--user=alice", "--follow", "--json")
    assert ended.value.code == 1
    again = WorkflowExecution.objects.get(forked_from=failed.id)
    lines = executions("retry", again.pk, "--user=alice", "--follow", "--json").splitlines()
    *changes, run = map(json.loads, lines)
    # What was taken over does not happen again.
    assert [change["path"] for change in changes if change["status"] == "COMPLETED"] == [
        "two", "three",
    ]  # fmt: skip
    assert (run["status"], run["steps_executed"]) == ("COMPLETED", ["one", "two", "three"])
    assert WorkflowExecution.objects.get(pk=run["id"]).forked_from_id == again.pk


def test_a_fork_takes_other_outputs_and_its_end_is_the_exit_code(runner: Runner) -> None:
    ran = runner.run({"steps": [echo("one", 1), echo("two", "${steps.one.output}")]})
    body = as_json(
        "fork", ran.id, "--user=alice", "--from-step=two", "--wait",
        "--outputs-json", '{"one": "other"}',
    )  # fmt: skip
    assert (body["status"], body["output"]["result"]) == ("COMPLETED", "other")
    failed = runner.run({"steps": [echo("one", 1), broken("two")]})
    with pytest.raises(SystemExit) as ended:
        executions("fork", failed.id, "--user=alice", "--from-step=two", "--wait")
    assert ended.value.code == 1


def test_a_repeated_call_asks_for_a_confirmation(runner: Runner, tap: Tap) -> None:
    ran = runner.run({"steps": [tap.step("send", "ok/send")]})
    with pytest.raises(CommandError, match=r"native:http_request at send.* Here: --confirm\."):
        executions("fork", ran.id, "--user=alice", "--from-step=send")
    assert WorkflowExecution.objects.count() == 1
    executions("fork", ran.id, "--user=alice", "--from-step=send", "--confirm", "--wait")
    assert tap.count("send") == 2


def test_a_run_is_asked_to_stop(runner: Runner, tap: Tap) -> None:
    ran = runner.start({"steps": [tap.step("slow", "hold/slow")]})
    tap.wait_for("slow")
    assert as_json("cancel", ran.id, "--user=alice")["cancel_requested"] is True
    assert ran.wait().status == "CANCELLED"
    with pytest.raises(CommandError, match="already ended"):
        executions("cancel", ran.id, "--user=alice")


def test_one_that_can_not_be_stopped_is_named_and_keeps_no_other_running(
    alice: User,
) -> None:
    workflow = workflow_of(alice)
    ended = finished_run(workflow, alice)
    going_on = finished_run(workflow, alice, status="PENDING", completed_at=None)
    with pytest.raises(CommandError) as refused:
        executions("cancel", ended.pk, "execution-none", going_on.pk, "--user=alice")
    assert f"{ended.pk}: This execution has already ended." in str(refused.value)
    assert "alice has no execution 'execution-none'." in str(refused.value)
    going_on.refresh_from_db()
    assert going_on.status == "CANCELLED"


@pytest.mark.parametrize("word", ["show", "cancel", "retry"])
def test_runs_of_others_are_not_there(alice: User, bob: User, word: str) -> None:
    run = finished_run(workflow_of(alice), alice, status="FAILED")
    with pytest.raises(CommandError, match="bob has no execution"):
        executions(word, run.pk, "--user=bob")
    assert WorkflowExecution.objects.count() == 1


@pytest.mark.parametrize(
    "arguments",
    [["list", "--limit=0"], ["list", "--since=tomorrow"], ["list", "--status=GONE"], ["fork", "x"], []],
)  # fmt: skip
def test_what_can_not_be_meant_is_said(alice: User, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="Error"):
        executions(*arguments)


def test_a_status_that_does_not_exist_is_told_those_that_do(alice: User) -> None:
    with pytest.raises(CommandError, match=r"choose from '?PENDING'?, '?RUNNING'?"):
        executions("list", "--status=GONE")


def test_followed_as_json_each_change_is_a_line(runner: Runner) -> None:
    output = StringIO()
    workflow = workflow_of(runner.owner)
    call_command("run_workflow", workflow.pk, "--follow", "--json", "--user=alice", stdout=output)
    *changes, run = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [change["path"] for change in changes if change["status"] == "COMPLETED"] == ["greet"]
    assert (run["status"], run["steps_executed"]) == ("COMPLETED", ["greet"])
