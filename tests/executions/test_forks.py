"""Retries and forks on the real servers: what was done is not done again, and everybody can see where a run comes from."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from executions.models import StepRun, StoredValue, WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.conftest import RUNS, Forks, Ran, Runner
from tests.executions.engine.building import broken, decide, echo, end, loop, parallel
from tests.executions.flows import finished_run, workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer
from workflows.services import save_workflow


def ask(step_id: str, **more: Any) -> dict[str, Any]:
    """An agent step without a row."""
    return {"id": step_id, "type": "agent", "agent": {"instructions": f"Do {step_id}."}, **more}


def reused(ran: Ran) -> list[str]:
    """The paths that a fork took over."""
    rows = StepRun.objects.filter(execution_id=ran.id, is_reused=True)
    return list(rows.order_by("position").values_list("path", flat=True))


def test_a_retry_goes_on_at_the_failed_step_and_asks_no_model_again(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    steps = [ask("one"), ask("two"), end("done", ["${steps.one.output}", "${steps.two.output}"])]
    model_server.script([answers.text("first"), answers.rejected()])
    failed = runner.run({"steps": steps}, user_input="hello")
    assert (failed.status, failed.row.failed_step) == ("FAILED", "two")
    model_server.script([answers.text("second")])
    calls = len(model_server.requests)
    again = forks.retry(failed)
    assert again.output == ["first", "second"]
    assert len(model_server.requests) == calls + 1
    assert reused(again) == ["one"]
    row = again.row
    assert (row.forked_from_id, row.forked_at, row.triggered_by) == (failed.id, "two", "api")
    assert (row.model_calls, row.user_input) == (1, "hello")
    assert again.step("one").input_tokens == 0
    assert failed.status == "FAILED"


def test_the_lineage_is_told_by_both_runs_and_by_the_first_event(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    ran = runner.run({"steps": [echo("a", 1), echo("b", "${steps.a.output.result}")]})
    fork = forks.fork(ran, from_step="b")
    assert fork.output["result"] == 1
    shown = forks.client.get(f"{RUNS}/{fork.id}").json()
    assert (shown["forked_from"], shown["forked_at"], shown["forks"]) == (ran.id, "b", [])
    assert forks.client.get(f"{RUNS}/{ran.id}").json()["forks"] == [fork.id]
    events = forks.client.get(f"{RUNS}/{fork.id}/events").json()["results"]
    assert (events[0]["number"], events[0]["kind"]) == (1, "run")
    told = events[0]["data"]
    assert (told["forked_from"], told["forked_at"], told["reused_steps"]) == (ran.id, "b", 1)
    steps = forks.client.get(f"{RUNS}/{fork.id}/steps").json()["results"]
    assert [(row["path"], row["is_reused"]) for row in steps] == [("a", True), ("b", False)]


def test_a_reused_step_shows_the_conversation_of_the_run_it_comes_from(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    model_server.script([answers.text("first", usage=(7, 3))])
    ran = runner.run({"steps": [ask("one"), echo("two", "${steps.one.output}")]})
    fork = forks.fork(forks.fork(ran, from_step="two"), from_step="two")
    shown = forks.client.get(f"{RUNS}/{fork.id}/steps/one").json()
    assert shown["messages"][-1]["content"] == "first"
    assert (shown["reused_from"], shown["model_calls"][0]["input_tokens"]) == (ran.id, 7)
    assert fork.row.input_tokens == 0
    assert len(model_server.requests) == 1


def call_at(tap: Tap, step_id: str, path: str, **more: Any) -> dict[str, Any]:
    """A call whose path may hold templates."""
    step = tap.step(step_id, "ok/x", **more)
    step["arguments"]["url"] = tap.url(path)
    return step


def test_the_seventh_of_ten_iterations_is_retried_without_the_six_before(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    paths = ["flaky/1/f7" if n == 7 else f"ok/f{n}" for n in range(1, 11)]
    body = [call_at(tap, "call", "ok/c${loop.iteration}"), call_at(tap, "flaky", "${loop.item}")]
    rounds = loop("rounds", "foreach", body, over=paths, max_iterations=10,
                  output="${loop.iteration}")  # fmt: skip
    failed = runner.run({"steps": [echo("first", 1), rounds]})
    assert (failed.status, failed.row.failed_step) == ("FAILED", "rounds/7/flaky")
    before = len(tap.hits)
    again = forks.retry(failed)
    assert again.output == list(range(1, 11))
    assert [hit for hit in tap.hits[before:] if "/c" in hit] == ["/ok/c8", "/ok/c9", "/ok/c10"]
    assert len(tap.hits) - before == 7
    six = [f"rounds/{n}/{step}" for n in range(1, 7) for step in ("call", "flaky")]
    assert reused(again) == ["first", *six, "rounds/7/call"]


def test_an_until_loop_remembers_what_it_saw(runner: Runner, tap: Tap, forks: Forks) -> None:
    body = [call_at(tap, "call", "ok/c${loop.iteration}"), echo("n", "${loop.iteration}")]
    refine = loop("refine", "until", body, exit_condition="${steps.n.output.result} == 3",
                  max_iterations=9)  # fmt: skip
    ran = runner.run({"steps": [refine, end("done", "${steps.refine.output.result}")]})
    assert ran.output == 3
    fork = forks.fork(ran, from_step="refine", iteration=3, confirm=True)
    assert fork.output == 3
    assert [hit for hit in tap.hits if hit.endswith("c3")] == ["/ok/c3", "/ok/c3"]
    assert len(tap.hits) == 4
    assert fork.row.forked_at == "refine/3/call"


def test_iterations_at_once_keep_all_that_finished(runner: Runner, tap: Tap, forks: Forks) -> None:
    over = [["ok/p1", "ok/a"], ["wait/0.5/p2", "flaky/1/b"], ["ok/p3", "ok/c"]]
    body = [call_at(tap, "pause", "${loop.item[0]}"), call_at(tap, "call", "${loop.item[1]}")]
    each = loop("each", "foreach", body, over=over,
                max_iterations=3, max_concurrency=3, output="${loop.item[1]}")  # fmt: skip
    failed = runner.run({"steps": [each]})
    assert failed.row.failed_step == "each/2/call"
    assert forks.retry(failed).output == ["ok/a", "flaky/1/b", "ok/c"]
    calls = [tap.count(name) for name in ("p1", "a", "p2", "b", "p3", "c")]
    assert calls == [1, 1, 1, 2, 1, 1]


def test_a_failed_branch_runs_again_and_finished_branches_do_not(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    fan = parallel("fan", {
        "left": [tap.step("l1", "ok/l1"), tap.step("l2", "ok/l2")],
        "right": [tap.step("r1", "wait/0.4/r1"), tap.step("r2", "flaky/1/r2")],
    })  # fmt: skip
    look = "${steps.fan.branches.left.status} ${steps.fan.branches.right.output.body.name}"
    failed = runner.run({"steps": [fan, end("done", look)]})
    assert failed.row.failed_step == "fan/right/r2"
    before = len(tap.hits)
    again = forks.retry(failed)
    assert again.output == "COMPLETED r2"
    assert tap.hits[before:] == ["/flaky/1/r2"]
    assert reused(again) == ["fan/left/l1", "fan/left/l2", "fan/right/r1"] or sorted(
        reused(again)
    ) == ["fan/left/l1", "fan/left/l2", "fan/right/r1"]


def test_the_branches_of_a_finished_parallel_can_still_be_looked_at(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    fan = parallel(
        "fan",
        {
            "won": [tap.step("w1", "ok/w1"), echo("w2", "${steps.w1.output.body.name}")],
            "lost": [broken("bad")],
        },
        min_success=1,
    )
    fan["branches"][0]["output"] = "saw ${steps.w2.output.result}"
    look = {
        "won": "${steps.fan.branches.won.output}",
        "lost": "${steps.fan.branches.lost.error.kind}",
        "all": "${steps.fan.output}",
    }
    ran = runner.run({"steps": [fan, echo("then", 1), end("done", look)]})
    expected = {"won": "saw w1", "lost": "tool_error", "all": ["saw w1", None]}
    assert ran.output == expected
    assert forks.fork(ran, from_step="then").output == expected
    assert tap.count("w1") == 1


def test_a_race_that_was_decided_is_not_run_again(runner: Runner, tap: Tap, forks: Forks) -> None:
    fan = parallel(
        "fan",
        {"quick": [tap.step("q", "ok/q")], "slow": [tap.step("s", "hold/s")]},
        aggregation="first",
        max_concurrency=2,
    )
    look = "${steps.fan.branches.slow.status} ${steps.fan.branches.quick.output.body.name}"
    ran = runner.run({"steps": [fan, end("done", look)]})
    assert ran.output == "CANCELLED q"
    calls = len(tap.hits)
    fork = forks.fork(ran, from_step="done")
    assert fork.output == "CANCELLED q"
    assert len(tap.hits) == calls


def test_a_step_that_was_reached_again_is_found_by_its_visit(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    more = {
        "id": "draft",
        "type": "tool",
        "tool": "native:json_query",
        "arguments": {"data": ["${steps.draft.output.result ?? 0}", 1], "expression": "sum(@)"},
    }
    steps = [
        more,
        call_at(tap, "call", "ok/c${steps.draft.output.result}"),
        decide("again", ("${steps.draft.output.result} < 3", "draft"), default="end"),
    ]
    ran = runner.run({"steps": steps})
    assert ran.paths[-3:] == ["draft@3", "call@3", "again@3"]
    fork = forks.fork(ran, from_step="call@2", confirm=True)
    assert tap.hits == ["/ok/c1", "/ok/c2", "/ok/c3", "/ok/c2", "/ok/c3"]
    assert reused(fork) == ["draft", "call", "again", "draft@2"]
    assert fork.status == "COMPLETED"


def test_edited_outputs_replace_what_the_steps_gave(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    model_server.script([answers.text("bad")])
    ran = runner.run({"steps": [ask("one"), echo("two", "${steps.one.output}")]})
    fork = forks.fork(ran, from_step="two", outputs={"one": {"text": "better"}})
    assert fork.output["result"] == {"text": "better"}
    row = fork.step("one")
    assert (row.is_reused, row.is_edited, row.output_json) == (True, True, {"text": "better"})
    assert ran.step("one").output_json == "bad"
    assert len(model_server.requests) == 1


def test_a_failed_step_can_be_answered_by_hand(runner: Runner, forks: Forks) -> None:
    failed = runner.run({"steps": [broken("one"), echo("two", "${steps.one.output}")]})
    assert failed.status == "FAILED"
    fork = forks.fork(failed, from_step="two", outputs={"one": "by hand"})
    assert fork.output["result"] == "by hand"
    assert fork.step("one").status == "COMPLETED"


def test_another_version_runs_on_what_it_has_not_changed(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    model_server.script([answers.text("first")])
    workflow = workflow_of(runner.owner, ask("one"), broken("two"))
    source = runner.start_workflow(workflow)
    save_workflow(workflow, by=runner.owner, definition={
        "name": workflow.name,
        "steps": [ask("one", name="Renamed"), echo("new", 1), echo("two", "${steps.one.output}")],
    })  # fmt: skip
    refused = forks.refused(source, "fork", from_step="two", version=2)
    assert (refused["status"], refused["code"]) == (400, "not_reached")
    fork = forks.fork(source, from_step="new", version=2)
    assert fork.output["result"] == "first"
    assert (fork.row.workflow_version, reused(fork)) == (2, ["one"])
    assert len(model_server.requests) == 1


def test_a_version_that_changed_a_finished_step_is_refused_and_says_which(
    runner: Runner, forks: Forks
) -> None:
    workflow = workflow_of(runner.owner, echo("one", 1), broken("two"))
    source = runner.start_workflow(workflow)
    save_workflow(workflow, by=runner.owner, definition={
        "name": workflow.name, "steps": [echo("one", 2), echo("two", "${steps.one.output.result}")],
    })  # fmt: skip
    refused = forks.refused(source, "fork", from_step="two", version=2)
    assert (refused["status"], refused["code"], refused["differing"]) == (
        409, "version_differs", ["one"],
    )  # fmt: skip
    given = {"result": 5, "found": True}
    fork = forks.fork(source, from_step="two", version=2, outputs={"one": given})
    assert fork.output["result"] == 5


def test_an_agent_that_was_cut_off_goes_on_with_the_turns_it_has_paid_for(
    runner: Runner, model_server: ModelServer, tap: Tap, forks: Forks
) -> None:
    runner.agent("helper", tools=["native:http_request"])
    call = answers.tool_call("native__http_request", {"url": tap.url("ok/x"), "method": "POST"})
    model_server.script([call, answers.rejected()])
    failed = runner.run({"steps": [{"id": "ask", "type": "agent", "agent_id": "helper"}]})
    assert (failed.status, tap.count("x"), len(model_server.requests)) == ("FAILED", 1, 2)
    model_server.script([answers.text("done")])
    again = forks.retry(failed)
    assert again.output == "done"
    assert (tap.count("x"), len(model_server.requests)) == (1, 3)
    assert again.row.model_calls == 1
    assert [turn.is_reused for turn in again.model_calls] == [True, False]
    shown = forks.client.get(f"{RUNS}/{again.id}/steps/ask").json()
    assert [m["role"] for m in shown["messages"]] == [
        "system", "user", "assistant", "tool", "assistant",
    ]  # fmt: skip


def test_an_agent_that_was_changed_since_begins_anew(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    agent = runner.agent("helper", tools=["native:text_stats"])
    call = answers.tool_call("native__text_stats", {"text": "a"})
    model_server.script([call, answers.rejected()])
    failed = runner.run({"steps": [{"id": "ask", "type": "agent", "agent_id": "helper"}]})
    agent.version = 2
    agent.save()
    model_server.script([answers.text("done")])
    again = forks.retry(failed)
    assert (again.output, len(again.model_calls)) == ("done", 1)


def test_a_conversation_that_led_nowhere_is_not_taken_up_again(
    runner: Runner, model_server: ModelServer, forks: Forks
) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    step = {"id": "ask", "type": "agent", "agent_id": "helper", "max_turns": 1}
    model_server.script([answers.tool_call("native__text_stats", {"text": "a"})])
    failed = runner.run({"steps": [step]})
    assert failed.row.error_kind == "agent_error"
    model_server.script([answers.text("done")])
    assert forks.retry(failed).output == "done"


def test_a_cancelled_run_goes_on_where_it_stood(runner: Runner, tap: Tap, forks: Forks) -> None:
    steps = [echo("one", 1), {**tap.step("two", "hold/two"), "tool": "native:http_request"}]
    steps[1]["arguments"]["method"] = "GET"
    ran = runner.start({"steps": steps})
    tap.wait_for("two")
    ran.cancel()
    ran.wait()
    tap.release()
    again = forks.retry(ran, confirm=True)
    assert (again.status, reused(again), again.row.forked_at) == ("COMPLETED", ["one"], "two")


def test_caught_errors_and_skipped_steps_stay_as_they_are(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    steps = [
        broken("bad", on_error="mend"),
        echo("never", 1),
        echo("mend", "${error.step}"),
        broken("skipped", on_error="skip"),
        echo("last", "${steps.mend.output.result} ${error.kind}"),
    ]
    ran = runner.run({"steps": steps})
    assert ran.output["result"] == "bad tool_error"
    fork = forks.fork(ran, from_step="last")
    assert fork.output["result"] == "bad tool_error"
    assert fork.statuses["skipped"] == "SKIPPED"
    assert set(reused(fork)) == {"bad", "mend", "skipped"}


def test_input_and_context_can_be_given_anew(runner: Runner, forks: Forks) -> None:
    steps = [
        echo("one", "${user_input}"),
        echo("two", ["${user_input}", "${input.n}", "${context.k}"]),
    ]
    ran = runner.run({"steps": steps, "context": {"k": 1}}, user_input="old", input={"n": 1})
    same = forks.fork(ran, from_step="two")
    assert same.output["result"] == ["old", 1, 1]
    fork = forks.fork(ran, from_step="two", user_input="new", input={"n": None}, context={"k": 2})
    assert fork.output["result"] == ["new", None, 2]
    assert fork.outputs["one"]["result"] == "old"


def test_large_outputs_travel_as_keys(runner: Runner, forks: Forks) -> None:
    text = "x" * 100_000
    steps = [echo("one", "${input.n}"), echo("two", "${steps.one.output.result}")]
    ran = runner.run({"steps": steps}, input={"n": text})
    fork = forks.fork(ran, from_step="two")
    assert fork.output["result"] == text
    assert StoredValue.objects.filter(execution_id=fork.id).exists()


def test_more_outcomes_than_travel_with_an_input_are_loaded(runner: Runner, forks: Forks) -> None:
    rounds = loop("rounds", "count", [echo("a", "x" * 400), echo("b", "${loop.iteration}")],
                  max_iterations=700, output="${steps.b.output.result}")  # fmt: skip
    ran = runner.run({"steps": [rounds]})
    assert ran.output == 700
    fork = forks.fork(ran, from_step="rounds", iteration=700)
    assert fork.output == 700
    assert len(reused(fork)) == 2 * 699
    assert len(fork.paths) == len(ran.paths)


def test_a_fork_survives_continuing_as_new(runner: Runner, tap: Tap, forks: Forks) -> None:
    rounds = loop("rounds", "count", [call_at(tap, "call", "ok/c${loop.iteration}")],
                  max_iterations=6)  # fmt: skip
    ran = runner.run(
        {"steps": [echo("one", "kept"), rounds, end("done", "${steps.one.output.result}")]}
    )
    fork = forks.fork(ran, from_step="rounds", iteration=2, confirm=True)
    assert fork.output == "kept"
    assert len(tap.hits) == 6 + 5


def test_a_running_run_can_be_forked(runner: Runner, tap: Tap, forks: Forks) -> None:
    ran = runner.start({"steps": [echo("one", 1), echo("two", 2), tap.step("slow", "hold/slow")]})
    tap.wait_for("slow")
    fork_id = forks.client.post(f"{RUNS}/{ran.id}/fork", {"from_step": "two"})
    assert fork_id.status_code in (202, 409)
    tap.release()


def test_the_same_idempotency_key_retries_once(runner: Runner, forks: Forks) -> None:
    failed = runner.run({"steps": [echo("one", 1), broken("two")]})
    key: dict[str, Any] = {"headers": {"Idempotency-Key": "again"}}
    address = f"{RUNS}/{failed.id}/retry"
    first = forks.client.post(address, {}, **key)
    second = forks.client.post(address, {}, **key)
    assert first.json()["id"] == second.json()["id"]
    assert WorkflowExecution.objects.filter(forked_from=failed.id).count() == 1


def test_waiting_for_the_fork_gives_its_end(runner: Runner, forks: Forks) -> None:
    ran = runner.run({"steps": [echo("one", 1), echo("two", 2)]})
    answer = forks.client.post(f"{RUNS}/{ran.id}/fork?wait=30", {"from_step": "two"})
    assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETED")
    assert answer["Location"].endswith(answer.json()["id"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"from_step": "nowhere"}, 400, "unknown_step"),
        ({"from_step": "say"}, 400, "ambiguous_step"),
        ({"from_step": "say", "iteration": 9}, 400, "unknown_step"),
        ({"from_step": "last", "outputs": {"nowhere": 1}}, 400, "unknown_step"),
        ({"from_step": "last", "outputs": {"last": 1}}, 400, "not_reused"),
        ({"from_step": "last", "outputs": {"rounds/1/say": 1}}, 400, "not_reused"),
        ({"from_step": "last", "outputs": {"choice": 1}}, 400, "not_editable"),
        ({"from_step": "last", "version": 9}, 404, "not_found"),
        ({}, 400, "required"),
        ({"from_step": "last", "iteration": 0}, 400, "min_value"),
        ({"from_step": "last", "output": {}}, 400, "unknown_field"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_nothing_is_written(
    runner: Runner, forks: Forks, body: dict[str, Any], status: int, code: str
) -> None:
    rounds = loop("rounds", "count", [echo("say", 1)], max_iterations=2)
    choice = decide("choice", ("true", "last"))
    ran = runner.run({"steps": [rounds, choice, echo("last", 1)]})
    before = WorkflowExecution.objects.count()
    answer = forks.client.post(f"{RUNS}/{ran.id}/fork", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert WorkflowExecution.objects.count() == before


def test_what_did_not_fail_is_not_retried(alice: User, api: APIClient) -> None:
    workflow = workflow_of(alice)
    done = finished_run(workflow, alice)
    going = finished_run(workflow, alice, status="RUNNING", completed_at=None)
    for run in (done, going):
        answer = api.post(f"{RUNS}/{run.pk}/retry", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "not_retryable")
    assert WorkflowExecution.objects.count() == 2


def test_strangers_can_neither_retry_nor_fork(
    alice: User, bob: User, client_for: ClientFor
) -> None:
    run = finished_run(workflow_of(alice), alice, status="FAILED")
    for what, body in (("retry", {}), ("fork", {"from_step": "greet"})):
        assert client_for(bob).post(f"{RUNS}/{run.pk}/{what}", body).status_code == 404
    assert WorkflowExecution.objects.count() == 1


def test_what_reused_steps_wrote_to_the_context_is_there(
    runner: Runner, tap: Tap, forks: Forks
) -> None:
    def write(step_id: str, **values: Any) -> dict[str, Any]:
        return {"id": step_id, "type": "set", "values": values}

    fan = parallel("fan", {"a": [write("wa", a=1)], "b": [write("wb", b="${context.n}")]})
    count = {"id": "add", "type": "set", "compute": {"n": "${context.n} + 1"}}
    rounds = loop("rounds", "count", [count, call_at(tap, "call", "ok/c${context.n}")],
                  max_iterations=4)  # fmt: skip
    look = echo("look", ["${context.n}", "${context.a}", "${context.b}"])
    ran = runner.run({"context": {"n": 0}, "steps": [rounds, fan, look]})
    assert ran.output["result"] == [4, 1, 4]
    assert forks.fork(ran, from_step="look").output["result"] == [4, 1, 4]
    fork = forks.fork(ran, from_step="rounds", iteration=3, confirm=True)
    assert fork.output["result"] == [4, 1, 4]
    assert tap.hits[4:] == ["/ok/c3", "/ok/c4"]
    edited = forks.fork(ran, from_step="look", outputs={"rounds": None})
    assert edited.output["result"] == [4, 1, 4]
