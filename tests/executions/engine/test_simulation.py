"""Simulation: nothing is called, every answer is a marked stand-in, and the flow still works."""

from typing import Any

import pytest

from tests.executions.conftest import Runner
from tests.executions.engine.building import broken, choose, decide, echo, end, loop, parallel
from tests.executions.tap import Tap
from tests.fakes.model_server import ModelServer

SCHEMA = {
    "type": "object",
    "properties": {
        "score": {"type": "number", "minimum": 0.5},
        "label": {"enum": ["good", "bad"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


def test_no_tool_and_no_model_is_called(
    runner: Runner, tap: Tap, model_server: ModelServer
) -> None:
    runner.agent("helper")
    steps = [
        tap.step("call", "ok/x"),
        {"id": "ask", "type": "agent", "agent_id": "helper"},
        broken("b"),
    ]
    ran = runner.run({"steps": steps}, simulate=True)
    assert ran.status == "COMPLETED"
    assert tap.hits == []
    assert model_server.requests == []
    assert (ran.row.model_calls, ran.row.tool_calls) == (0, 0)


def test_stand_ins_are_marked(runner: Runner) -> None:
    steps = [
        {"id": "text", "type": "agent", "agent_id": "any"},
        {"id": "shaped", "type": "agent", "agent_id": "any", "output_schema": SCHEMA},
        {"id": "free", "type": "tool", "tool": "some:tool"},
        echo("known"),
    ]
    ran = runner.run({"steps": steps}, simulate=True)
    outputs = ran.outputs
    assert outputs["text"].startswith("(simulated)")
    assert outputs["shaped"] == {
        "simulated": True,
        "score": 0.5,
        "label": "good",
        "tags": ["(simulated)"],
    }
    assert outputs["free"]["simulated"] is True
    assert outputs["known"] == {"simulated": True, "result": "(simulated)", "found": True}


@pytest.mark.parametrize(
    ("steps", "paths"),
    [
        (
            [
                {"id": "ask", "type": "agent", "agent_id": "a", "output_schema": SCHEMA},
                decide("which", ("${steps.ask.output.score} >= 0.5", "yes"), default="no"),
                end("yes"),
                end("no"),
            ],
            ["ask", "which", "yes"],
        ),
        (
            [choose("which", "${user_input}", {"a": "x", "b": "y"}), end("x"), end("y")],
            ["which", "x"],
        ),
        (
            [
                {"id": "ask", "type": "agent", "agent_id": "a"},
                loop(
                    "r",
                    "until",
                    [echo("say")],
                    exit_condition="${steps.ask.output.n} > 3",
                    max_iterations=2,
                ),
            ],
            ["ask", "r", "r/1/say", "r/2/say"],
        ),
        (
            [
                {"id": "ask", "type": "agent", "agent_id": "a"},
                loop("each", "foreach", [echo("say", "${loop.item}")], over="${steps.ask.output}"),
            ],
            ["ask", "each", "each/1/say"],
        ),
        ([decide("which", ("${input.nothing} > 1", "x")), end("x")], ["which", "x"]),
        (
            [
                parallel(
                    "fan",
                    {"a": [echo("x")], "b": [echo("y")]},
                    aggregation="best",
                    judge_agent_id="j",
                )
            ],
            ["fan", "fan/a/x", "fan/b/y"],
        ),
    ],
)
def test_the_flow_goes_on_over_stand_ins(runner: Runner, steps: Any, paths: list[str]) -> None:
    ran = runner.run({"steps": steps}, simulate=True)
    assert ran.status == "COMPLETED"
    assert ran.paths == paths


def test_what_a_stand_in_lacks_becomes_marked_text(runner: Runner) -> None:
    steps = [
        {"id": "ask", "type": "agent", "agent_id": "a"},
        end("done", "Score ${steps.ask.output.deep.score}"),
    ]
    assert runner.run({"steps": steps}, simulate=True).output == "Score (simulated)"


def test_a_reference_that_leads_nowhere_is_still_an_error(runner: Runner) -> None:
    steps = [echo("a", "${steps.later.output}"), echo("later")]
    ran = runner.run({"steps": steps}, simulate=True)
    assert (ran.status, ran.row.error_kind) == ("FAILED", "template_error")
