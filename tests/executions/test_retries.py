"""Retries of runs whose child failed, and several retries at once, on the real servers."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from executions.models import WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.conftest import RUNS, Forks, Ran, Runner
from tests.executions.engine.building import broken, echo, end, loop
from tests.executions.families import child_of, child_step, first_child
from tests.executions.flows import finished_run, workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer
from workflows.services import save_workflow


def ask(step_id: str, **more: Any) -> dict[str, Any]:
    """An agent step without a row."""
    return {"id": step_id, "type": "agent", "agent": {"instructions": f"Do {step_id}."}, **more}


def test_a_retry_of_the_parent_goes_on_in_the_child_and_asks_no_model_again(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    steps = [ask("one"), ask("two"), end("done", ["${steps.one.output}", "${steps.two.output}"])]
    kid = workflow_of(runner.owner, *steps)
    model_server.script([answers.text("first"), answers.rejected()])
    ran = runner.run({"steps": [child_step(kid, input="hello")]})
    assert ran.row.error_kind == "child_failed"
    model_server.script([answers.text("second")])
    retry = forks.retry(ran)
    assert (retry.status, retry.output) == ("COMPLETED", ["first", "second"])
    assert len(model_server.requests) == 3
    failed, child = child_of(ran), child_of(retry)
    assert (child.row.forked_from_id, child.row.forked_at) == (failed.id, "two")
    assert child.row.user_input == "hello"
    assert child.step("one").is_reused
    assert retry.step("child").path == "child"
    # What the failed child had paid is not paid for again.
    assert (retry.row.model_calls, child.row.model_calls) == (1, 1)


def test_children_of_children_go_on_too(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    inner = workflow_of(runner.owner, ask("one"), ask("two"))
    middle = workflow_of(runner.owner, ask("before"), child_step(inner))
    model_server.script([answers.text("b"), answers.text("1"), answers.rejected()])
    ran = runner.run({"steps": [child_step(middle)]})
    model_server.script([answers.text("2")])
    retry = forks.retry(ran)
    assert (retry.status, retry.output) == ("COMPLETED", "2")
    assert len(model_server.requests) == 4
    grandchild = child_of(child_of(retry))
    assert grandchild.row.forked_from_id == child_of(child_of(ran)).id


def test_a_second_retry_goes_on_where_the_first_one_ended(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    kid = workflow_of(runner.owner, ask("one"), ask("two"), ask("three"))
    model_server.script([answers.text("1"), answers.rejected()])
    ran = runner.run({"steps": [child_step(kid)]})
    model_server.script([answers.text("2"), answers.rejected()])
    again = forks.retry(ran)
    assert again.status == "FAILED"
    model_server.script([answers.text("3")])
    assert forks.retry(again).output == "3"
    assert len(model_server.requests) == 5


def test_a_cancelled_childs_finished_steps_stay(runner: Runner, tap: Tap, forks: Forks) -> None:
    kid = workflow_of(
        runner.owner,
        tap.step("send", "ok/send"),
        {"id": "slow", "type": "wait", "duration_seconds": 60},
    )
    ran = runner.start({"steps": [child_step(kid), echo("after", 1)]})
    tap.wait_for("send")
    child_of(ran).wait_for("WAITING")
    ran.cancel()
    ran.wait()
    assert [child_of(ran).status, ran.status] == ["CANCELLED", "CANCELLED"]
    # Nothing is repeated, so nobody has to confirm anything.
    retry = Ran(ran.worker, forks.client.post(f"{RUNS}/{ran.id}/retry", {}).json()["id"])
    retry.wait_for("RUNNING")
    assert first_child(retry).wait_for("WAITING").step("send").is_reused
    assert tap.count("send") == 1


def test_a_retried_child_keeps_its_version(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    kid = workflow_of(runner.owner, ask("one"), ask("two"))
    model_server.script([answers.text("1"), answers.rejected()])
    ran = runner.run({"steps": [child_step(kid)]})
    save_workflow(
        kid, by=runner.owner, definition={**kid.definition_json, "steps": [echo("new", 1)]}
    )
    model_server.script([answers.text("2")])
    assert forks.retry(ran).output == "2"


def test_only_the_iteration_whose_child_failed_goes_on(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    kid = workflow_of(runner.owner, ask("one"), ask("two"))
    said = [answers.text(text) for text in "abc"]
    model_server.script([*said, answers.rejected()])
    each = loop("each", "foreach", [child_step(kid)], over=[1, 2, 3])
    ran = runner.run({"steps": [each]})
    model_server.script([answers.text(text) for text in "def"])
    assert forks.retry(ran).output == ["b", "d", "f"]
    assert len(model_server.requests) == 7


def test_a_fork_from_the_step_starts_its_child_anew(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    kid = workflow_of(runner.owner, ask("one"), ask("two"))
    model_server.script([answers.text("1"), answers.rejected()])
    ran = runner.run({"steps": [child_step(kid)]})
    model_server.script([answers.text("again"), answers.text("2")])
    fork = forks.fork(ran, from_step="child")
    assert fork.output == "2"
    assert child_of(fork).row.forked_from_id is None
    assert len(model_server.requests) == 4


def test_a_second_retry_is_refused_while_the_first_one_runs(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    ran = runner.start({"steps": [tap.step("call", "hold/call")]})
    tap.wait_for("call")
    ran.cancel()
    ran.wait()
    first = forks.client.post(f"{RUNS}/{ran.id}/retry", {"confirm": True}).json()["id"]
    refused = forks.client.post(f"{RUNS}/{ran.id}/retry", {"confirm": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "retry_running")
    assert refused.json()["execution_id"] == first
    assert first in refused.json()["detail"]
    assert WorkflowExecution.objects.count() == 2
    another = forks.client.post(f"{RUNS}/{ran.id}/retry", {"another": True, "confirm": True})
    assert another.status_code == 202
    tap.release()
    for execution_id in (first, another.json()["id"]):
        assert Ran(runner.worker, execution_id).wait().status == "COMPLETED"
    # Nothing runs any more: it may be retried once more.
    assert forks.retry(ran, confirm=True).status == "COMPLETED"


def test_of_many_retries_at_once_one_begins(
    transactional_db: None, alice: User, client_for: ClientFor
) -> None:
    run = finished_run(workflow_of(alice, broken("bad")), alice, status="FAILED")

    def retry(client: APIClient) -> Any:
        try:
            return client.post(f"{RUNS}/{run.pk}/retry", {})
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answered = list(pool.map(retry, [client_for(alice) for _ in range(6)]))
    codes = sorted(answer.status_code for answer in answered)
    assert codes[1:] == [409] * 5, [answer.content for answer in answered]
    assert codes[0] in (202, 503)
    retries = WorkflowExecution.objects.filter(forked_from=run)
    assert [row.is_retry for row in retries] == [True]
    refused = {answer.json()["execution_id"] for answer in answered if answer.status_code == 409}
    assert refused == {retries.get().pk}
