"""Agents against a model server: turns, tools, structured answers, and everything that goes wrong."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.executions.conftest import Runner
from tests.executions.engine.building import Step, end
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer

STATS = {"text": "one two"}
SCORE = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0}},
    "required": ["score"],
    "additionalProperties": False,
}


def work(**more: Any) -> Step:
    """A step of the agent `helper`."""
    return {"id": "ask", "type": "agent", "agent_id": "helper", **more}


def said(server: ModelServer, request: int) -> list[dict[str, Any]]:
    """The messages of a request."""
    messages: list[dict[str, Any]] = server.requests[request]["messages"]
    return messages


def test_an_agent_answers_with_text(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper", role="a librarian", goal="Find books", instructions="Be brief.")
    model_server.script([answers.text("Dune", usage=(100, 20))])
    ran = runner.run({"steps": [work()]}, user_input="A desert planet?")
    assert ran.output == "Dune"
    system, user = said(model_server, 0)
    assert system["role"] == "system"
    for part in ("a librarian", "Find books", "Be brief."):
        assert part in system["content"]
    assert user == {"role": "user", "content": "A desert planet?"}
    assert "tools" not in model_server.requests[0]


def test_what_an_agent_cost_is_recorded(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper", model="gpt-4o")
    model_server.script([answers.text("x", usage=(1_000_000, 100_000), model="gpt-4o")])
    ran = runner.run({"steps": [work()]})
    row, step = ran.row, ran.step("ask")
    assert (row.input_tokens, row.output_tokens, row.model_calls) == (1_000_000, 100_000, 1)
    assert row.cost_usd == Decimal("3.5")
    assert (step.input_tokens, step.output_tokens, step.attempts) == (1_000_000, 100_000, 1)
    (call,) = ran.model_calls
    assert (call.path, call.turn, call.agent_id, call.agent_version) == ("ask", 1, "helper", 1)
    assert call.answer == {"role": "assistant", "content": "x"}


def test_structured_input_reaches_the_agent_as_json(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper")
    runner.run({"steps": [work(input={"n": "${input.n}"})]}, input={"n": [1]})
    assert json.loads(said(model_server, 0)[1]["content"]) == {"n": [1]}


def test_an_inline_agent_needs_no_row(runner: Runner, model_server: ModelServer) -> None:
    inline = {"name": "poet", "instructions": "Rhyme.", "model": "small"}
    model_server.script([answers.text("roses")])
    ran = runner.run({"steps": [{"id": "ask", "type": "agent", "agent": inline}]})
    assert ran.output == "roses"
    assert model_server.requests[0]["model"] == "small"
    assert "Rhyme." in said(model_server, 0)[0]["content"]


def test_an_agent_calls_tools_and_sees_their_results(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    model_server.script(
        [
            answers.tool_call("native__text_stats", STATS),
            answers.text("Two words."),
        ]
    )
    ran = runner.run({"steps": [work()]})
    assert ran.output == "Two words."
    (function,) = [tool["function"] for tool in model_server.requests[0]["tools"]]
    assert function["name"] == "native__text_stats"
    assert function["parameters"]["required"] == ["text"]
    *_, asked, result = said(model_server, 1)
    assert result["role"] == "tool"
    assert result["tool_call_id"] == asked["tool_calls"][0]["id"]
    assert json.loads(result["content"])["words"] == 2
    (call,) = ran.tool_calls
    assert (call.tool, call.turn, call.arguments) == ("native:text_stats", 1, STATS)
    assert call.result == json.loads(result["content"])
    row = ran.row
    assert (row.model_calls, row.tool_calls) == (2, 1)


def test_several_calls_of_one_turn_run_and_answer_in_order(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    calls = [("native__text_stats", {"text": "a"}), ("native__text_stats", {"text": "b c"})]
    model_server.script([answers.tool_calls(*calls), answers.text("done")])
    ran = runner.run({"steps": [work()]})
    assert ran.output == "done"
    results = [json.loads(message["content"]) for message in said(model_server, 1)[-2:]]
    assert [result["words"] for result in results] == [1, 2]


def test_the_step_narrows_the_agents_tools_but_never_widens_them(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper", tools=["native:text_stats", "native:current_time"])
    step = work(tools=["native:text_stats", "native:http_request"])
    runner.run({"steps": [step]})
    names = [tool["function"]["name"] for tool in model_server.requests[0]["tools"]]
    assert names == ["native__text_stats"]


def test_a_tool_outside_the_allow_list_is_not_called(
    runner: Runner, model_server: ModelServer, tap: Tap
) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    url = tap.url("ok/secret")
    model_server.script(
        [answers.tool_call("native__http_request", {"url": url}), answers.text("I could not.")]
    )
    ran = runner.run({"steps": [work()]})
    assert ran.output == "I could not."
    assert tap.hits == []
    (call,) = ran.tool_calls
    assert call.error_json is not None
    assert call.error_json["code"] == "not_allowed"
    assert "not_allowed" in said(model_server, 1)[-1]["content"]


def test_a_made_up_tool_with_a_long_name_goes_back_to_the_model(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper")
    model_server.script([answers.tool_call("x" * 250, {}), answers.text("Done.")])
    ran = runner.run({"steps": [work()]})
    assert ran.output == "Done."
    assert [row.error_json["code"] for row in ran.tool_calls if row.error_json] == ["not_allowed"]


@pytest.mark.parametrize(
    "arguments", ['{"text": 5}', "{broken", "[1]", '{"text": "a", "text": "b"}']
)
def test_bad_arguments_go_back_to_the_model(
    runner: Runner, model_server: ModelServer, arguments: str
) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    model_server.script(
        [
            answers.tool_call("native__text_stats", arguments),
            answers.tool_call("native__text_stats", STATS),
            answers.text("ok"),
        ]
    )
    ran = runner.run({"steps": [work()]})
    assert ran.output == "ok"
    assert "error" in json.loads(said(model_server, 1)[-1]["content"])
    assert json.loads(said(model_server, 2)[-1]["content"])["words"] == 2


def test_a_failing_tool_goes_back_to_the_model(
    runner: Runner, model_server: ModelServer, tap: Tap
) -> None:
    runner.agent("helper", tools=["native:http_request"])
    model_server.script(
        [
            answers.tool_call("native__http_request", {"url": tap.url("flaky/9/x")}),
            answers.text("The site is down."),
        ]
    )
    ran = runner.run({"steps": [work()]})
    assert ran.output == "The site is down."
    assert "503" in said(model_server, 1)[-1]["content"]


def test_turns_are_bounded(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper", tools=["native:text_stats"])
    model_server.default = answers.tool_call("native__text_stats", STATS)
    ran = runner.run({"steps": [work(max_turns=3)]})
    row = ran.row
    assert (row.status, row.error_kind) == ("FAILED", "agent_error")
    error = ran.step("ask").error_json
    assert error is not None
    assert error["code"] == "max_turns"
    assert len(model_server.requests) == 3
    # The calls of the last turn would have been for nobody.
    assert len(ran.tool_calls) == 2


def test_the_agents_own_bound_holds_too(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper", tools=["native:text_stats"], max_turns=2)
    model_server.default = answers.tool_call("native__text_stats", STATS)
    ran = runner.run({"steps": [work(max_turns=9)]})
    assert ran.status == "FAILED"
    assert len(model_server.requests) == 2


def test_a_structured_answer_is_the_value(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper")
    model_server.script([answers.structured({"score": 7})])
    steps = [work(output_schema=SCORE), end("done", "${steps.ask.output.score}")]
    ran = runner.run({"steps": steps})
    assert ran.output == 7
    assert model_server.requests[0]["response_format"]["json_schema"]["schema"] == SCORE


def test_the_agents_own_schema_counts_without_one_in_the_step(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper", output_schema=SCORE)
    model_server.script([answers.structured({"score": 7})])
    assert runner.run({"steps": [work()]}).output == {"score": 7}


def test_a_schema_that_is_no_object_is_unpacked(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper")
    schema = {"type": "array", "items": {"type": "string"}}
    model_server.script([answers.structured({"answer": ["a"]})])
    assert runner.run({"steps": [work(output_schema=schema)]}).output == ["a"]


@pytest.mark.parametrize("bad", ["no json", '{"score": -1}', '{"score": 1, "more": 2}'])
def test_an_answer_that_breaks_the_schema_goes_back(
    runner: Runner, model_server: ModelServer, bad: str
) -> None:
    runner.agent("helper")
    model_server.script([answers.text(bad), answers.structured({"score": 1})])
    ran = runner.run({"steps": [work(output_schema=SCORE)]})
    assert ran.output == {"score": 1}
    *_, wrong, complaint = said(model_server, 1)
    assert wrong["content"] == bad
    assert complaint["role"] == "user"
    assert "JSON Schema" in complaint["content"]


def test_answers_that_never_fit_are_a_schema_mismatch(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper")
    model_server.default = answers.text("no json")
    ran = runner.run({"steps": [work(output_schema=SCORE, max_turns=2)]})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "schema_mismatch")
    assert len(model_server.requests) == 2


def test_without_a_model_it_fails_at_once_and_names_the_setting(runner: Runner) -> None:
    runner.agent("helper")
    ran = runner.run({"steps": [work(retry={"max_attempts": 5})]})
    row = ran.row
    assert (row.status, row.error_kind) == ("FAILED", "model_not_configured")
    assert "OPENAI_API_KEY" in row.error
    assert ran.step("ask").attempts == 1
    assert ran.model_calls == []


@pytest.mark.parametrize("fault", [answers.rate_limited(0), answers.server_error()])
def test_a_passing_fault_is_retried(
    runner: Runner, model_server: ModelServer, fault: answers.Answer
) -> None:
    runner.agent("helper")
    model_server.script([fault, answers.text("fine")])
    retry = {"max_attempts": 2, "initial_interval_seconds": 0.05}
    ran = runner.run({"steps": [work(retry=retry)]})
    assert ran.output == "fine"
    assert ran.step("ask").attempts == 2
    assert ran.row.model_calls == 1


def test_a_rate_limit_is_waited_for(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper")
    model_server.script([answers.rate_limited(2), answers.text("fine")])
    retry = {"max_attempts": 2, "initial_interval_seconds": 0.05}
    ran = runner.run({"steps": [work(retry=retry)]})
    assert ran.output == "fine"
    (starts, ends) = ran.times("ask")
    assert (ends[0] - starts[0]).total_seconds() >= 2


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (answers.server_error(), "agent_error", "unavailable"),
        (answers.refusal(), "agent_error", "refused"),
        (answers.truncated_json(), "agent_error", "invalid_answer"),
        (answers.html_200(), "agent_error", "invalid_answer"),
        (answers.rejected(), "agent_error", "rejected"),
        (answers.hang(30), "timeout", "unavailable"),
    ],
)
def test_a_faulty_answer_fails_the_step(
    runner: Runner, model_server: ModelServer, fault: answers.Answer, kind: str, code: str
) -> None:
    runner.agent("helper")
    model_server.script([fault])
    ran = runner.run({"steps": [work(timeout=1)]})
    error = ran.step("ask").error_json
    assert error is not None
    assert (ran.row.error_kind, error["code"]) == (kind, code)
    assert len(model_server.requests) == 1


def test_a_permanent_fault_is_not_retried(runner: Runner, model_server: ModelServer) -> None:
    runner.agent("helper")
    model_server.script([answers.refusal()])
    ran = runner.run({"steps": [work(retry={"max_attempts": 4})]})
    assert ran.status == "FAILED"
    assert len(model_server.requests) == 1


def test_an_agent_of_somebody_else_can_not_be_used(
    runner: Runner, model_server: ModelServer
) -> None:
    stranger = type(runner.owner).objects.create_user("mallory")
    runner.agent("helper").__class__.objects.filter(pk="helper").update(created_by=stranger)
    ran = runner.run({"steps": [work()]})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "agent_error")
    assert model_server.requests == []


def test_an_agent_that_was_switched_off_does_not_work(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper", is_active=False)
    assert runner.run({"steps": [work()]}).row.error_kind == "agent_error"
    assert model_server.requests == []


def test_each_iteration_has_a_conversation_of_its_own(
    runner: Runner, model_server: ModelServer
) -> None:
    runner.agent("helper")
    rounds = {
        "id": "rounds",
        "type": "loop",
        "loop_mode": "count",
        "max_iterations": 2,
        "steps": [work(input="round ${loop.iteration}")],
    }
    runner.run({"steps": [rounds]})
    assert [len(request["messages"]) for request in model_server.requests] == [2, 2]
    assert said(model_server, 1)[1]["content"] == "round 2"
