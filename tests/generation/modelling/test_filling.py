"""Fill calls: what only language settles, within what was offered; a call that fails changes nothing."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from generation.drafting import DraftRequest, DraftResult, draft
from tests.fakes.model_answers import Body
from tests.fakes.model_server import (
    Answer,
    ModelServer,
    hang,
    refusal,
    server_error,
    structured,
    text,
)
from tests.generation.catalogues import SUMMARIZER, agent, catalogue, tool

FIND = tool(
    "shop:find_order",
    "Find an order",
    read_only=True,
    output_schema={
        "type": "object",
        "properties": {"state": {"type": "string"}, "lines": {"type": "array"}},
        "required": ["state"],
    },
    input_schema={
        "type": "object",
        "properties": {"reference": {"type": "string"}, "depth": {"type": "integer", "maximum": 9}},
        "required": ["reference", "depth"],
        "additionalProperties": False,
    },
)
REFUND = tool(
    "shop:refund",
    "Pay an order back",
    input_schema={
        "type": "object",
        "properties": {
            "order": {"type": "object", "properties": {"state": {"type": "string"}}},
            "percent": {"type": "integer", "minimum": 1, "maximum": 100},
        },
        "required": ["order", "percent"],
    },
)
SHOP = catalogue(FIND, REFUND, SUMMARIZER, agent("clerk", "Writes letters"))
PROMPT = "Find the order and pay half of it back."


def step(tool_id: str) -> dict[str, Any]:
    return {"tool": tool_id, "task": "Do it", "arguments": []}


def plan(*steps: Any) -> dict[str, Any]:
    return {"name": "Refund", "description": "Pays back.", "steps": list(steps), "unplaced": []}


def arguments(**values: Any) -> Answer:
    given = [{"name": name, "value_json": json.dumps(value)} for name, value in values.items()]
    return structured({"arguments": given})


def by_name(**answers: Answer) -> Any:
    """Answers each call by the shape that it asks for: parallel calls come in no fixed order."""

    def answer(body: Body) -> Answer:
        return answers[body["response_format"]["json_schema"]["name"]]

    return answer


async def drafted(prompt: str = PROMPT) -> DraftResult:
    async def go_on(_stage: str) -> bool:
        return True

    return await draft(DraftRequest(prompt=prompt, catalogue=SHOP), on_stage=go_on)


def steps_of(made: DraftResult) -> list[Any]:
    assert made.generator == "openai"
    return list(made.drafted.result["workflow"]["steps"])


async def test_open_arguments_are_asked_for_against_the_tools_schema(
    model_server: ModelServer,
) -> None:
    model_server.script([structured(plan(step(FIND.id))), arguments(reference="A-7", depth=3)])
    made = await drafted()
    assert steps_of(made)[0]["arguments"] == {"reference": "A-7", "depth": 3}
    assert made.drafted.result["warnings"] == []
    said = json.loads(model_server.requests[1]["messages"][1]["content"])
    assert said["tool"]["input_schema"] == FIND.input_schema
    assert [row["template"] for row in said["data"]] == ["${user_input}"]
    assert [kept["purpose"] for kept in made.spent.answers] == ["plan", "arguments of find-order"]


async def test_data_of_earlier_steps_can_be_passed_on(model_server: ModelServer) -> None:
    order = "${steps.find-order.output}"
    model_server.default = by_name(
        workflow_plan=structured(plan(step(FIND.id), step(REFUND.id))),
        tool_arguments=arguments(reference="A-7", depth=1, order=order, percent=50),
    )
    made = await drafted()
    first, second = steps_of(made)
    assert first["arguments"] == {"reference": "A-7", "depth": 1}
    assert second["arguments"] == {"order": order, "percent": 50}


@pytest.mark.parametrize(
    "value",
    [
        99, "many", None, [3], {"x": 1}, 2.5, True,
        "${context.secret}", "${steps.other.output}", "${input.a", "${user_input ?? ${x}}",
    ],
    ids=str,
)  # fmt: skip
async def test_a_value_that_does_not_fit_leaves_the_guess_with_its_warning(
    model_server: ModelServer, value: Any
) -> None:
    model_server.script([structured(plan(step(FIND.id))), arguments(depth=value)])
    made = await drafted()
    assert steps_of(made)[0]["arguments"]["depth"] == "${input.depth ?? 0}"
    assert any("'depth'" in told for told in made.drafted.result["warnings"])


@pytest.mark.parametrize(
    "said", ["nonsense", "NaN", "1e999", '{"a": 1, "a": 2}', "[" * 500, '"\\u0000"', ""]
)
async def test_a_value_that_is_no_json_is_left_out(model_server: ModelServer, said: str) -> None:
    given = {"arguments": [{"name": "depth", "value_json": said}]}
    model_server.script([structured(plan(step(FIND.id))), structured(given)])
    made = await drafted()
    assert steps_of(made)[0]["arguments"]["depth"] == "${input.depth ?? 0}"


async def test_unknown_arguments_are_left_out(model_server: ModelServer) -> None:
    model_server.script([structured(plan(step(FIND.id))), arguments(depth=2, sudo=True)])
    made = await drafted()
    assert steps_of(made)[0]["arguments"] == {"reference": "${user_input}", "depth": 2}


async def test_what_the_plan_says_is_not_asked_for_again(model_server: ModelServer) -> None:
    said = [{"name": "reference", "value": "A-1"}, {"name": "depth", "value": "2"}]
    model_server.script([structured(plan({**step(FIND.id), "arguments": said}))])
    made = await drafted()
    assert steps_of(made)[0]["arguments"] == {"reference": "A-1", "depth": 2}
    assert len(model_server.requests) == 1


CHOICE = {
    "choose": "Is it open?",
    "cases": [{"when": "it is still open", "steps": [{"agent": "clerk", "task": "Remind"}]}],
    "otherwise": [],
}
KNOWN = {
    **step(FIND.id),
    "arguments": [{"name": "reference", "value": "A"}, {"name": "depth", "value": "1"}],
}
CONDITION = '${steps.find-order.output.state} == "open"'


async def test_a_condition_on_data_is_written_by_the_model(model_server: ModelServer) -> None:
    model_server.script([structured(plan(KNOWN, CHOICE)), structured({"conditions": [CONDITION]})])
    made = await drafted()
    decide = steps_of(made)[1]
    assert decide["conditions"] == [{"when": CONDITION, "next": "clerk"}]
    assert "condition_source" not in decide
    assert made.drafted.result["warnings"] == []


@pytest.mark.parametrize(
    "conditions",
    [
        [], ["true", "false"], ["${steps.find-order.output.state"], ["import os"], ["map(x)"], ["${context.a} == 1"],
        ["__import__('os').system('id')"], ["x" * 3_000], ["${steps.ghost.output} == 1"], ['"text"'], [""],
        ["size(${user_input}) > 2 // why"],
    ],
    ids=lambda said: str(said)[:30],
)  # fmt: skip
async def test_what_is_no_condition_leaves_the_guess_with_its_warning(
    model_server: ModelServer, conditions: list[str]
) -> None:
    answer = structured({"conditions": conditions})
    model_server.script([structured(plan(KNOWN, CHOICE)), answer])
    made = await drafted()
    assert steps_of(made)[1]["condition_source"] == "${steps.find-order.output}"
    assert any("say how to decide" in told for told in made.drafted.result["warnings"])


async def test_the_end_of_a_loop_is_written_by_the_model(model_server: ModelServer) -> None:
    loop = {"repeat": "until", "over_or_until": "the order is open", "times": 3, "steps": [KNOWN]}
    model_server.script([structured(plan(loop)), structured({"conditions": [CONDITION]})])
    made = await drafted()
    assert steps_of(made)[0]["exit_condition"] == CONDITION


NEW = {"new_agent": "Poet", "description": "Writes poems", "task": "Write one"}


async def test_a_new_agent_gets_its_profile(model_server: ModelServer) -> None:
    profile = {"role": "Poet", "goal": "A ${good} poem", "instructions": "Rhyme."}
    model_server.script([structured(plan(NEW)), structured(profile)])
    made = await drafted()
    agent = made.drafted.result["agents_to_create"][0]
    assert (agent["role"], agent["goal"]) == ("Poet", "A $ {good} poem")
    assert agent["instructions"] == "Rhyme."


@pytest.mark.parametrize("answer", [server_error(), refusal(), text("?"), text("{}")], ids=str)
async def test_a_failing_fill_call_costs_only_a_warning(
    model_server: ModelServer, answer: Answer
) -> None:
    model_server.script([structured(plan(NEW)), answer])
    made = await drafted()
    assert made.generator == "openai"
    assert "Poet" in made.drafted.result["agents_to_create"][0]["instructions"]
    assert any("'poet'" in told for told in made.drafted.result["warnings"])


async def test_calls_go_out_together_but_not_all_at_once(
    model_server: ModelServer, settings: Settings
) -> None:
    waiting = most = 0

    def slow(body: Body) -> Answer:
        nonlocal waiting, most
        if body["response_format"]["json_schema"]["name"] == "workflow_plan":
            names = [f"Poet {letter}" for letter in "abcdefghijklmnop"]
            return structured(plan(*({**NEW, "new_agent": name} for name in names)))
        waiting += 1
        most = max(most, waiting)
        return replace(
            structured({"role": "a", "goal": "b", "instructions": "c"}), delay_seconds=0.1
        )

    model_server.default = slow
    clock = asyncio.get_running_loop().time
    started = clock()
    made = await drafted()
    assert len(model_server.requests) == 1 + 12
    assert clock() - started < 12 * 0.1
    assert len(made.drafted.result["agents_to_create"]) == 16
    left = [told for told in made.drafted.result["warnings"] if "at most 12 such calls" in told]
    assert [told.split("'")[1] for told in left] == [f"poet-{letter}" for letter in "mnop"]


async def test_a_silent_service_is_not_asked_for_the_rest(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.OPENAI_TIMEOUT_SECONDS = 0.3
    names = [f"Poet {letter}" for letter in "abcdefghijkl"]
    model_server.default = by_name(
        workflow_plan=structured(plan(*({**NEW, "new_agent": name} for name in names))),
        agent_profile=hang(5),
    )
    made = await drafted()
    assert made.generator == "openai"
    assert len(model_server.requests) <= 1 + 4


async def test_a_schema_too_long_to_be_sent_is_told(model_server: ModelServer) -> None:
    long = {**FIND.input_schema["properties"]["depth"], "description": "x" * 12_000}
    properties = {**FIND.input_schema["properties"], "depth": long}
    wide = replace(FIND, input_schema={**FIND.input_schema, "properties": properties})
    model_server.script([structured(plan(step(wide.id)))])

    async def go_on(_stage: str) -> bool:
        return True

    request = DraftRequest(prompt=PROMPT, catalogue=catalogue(wide, SUMMARIZER))
    made = await draft(request, on_stage=go_on)
    assert len(model_server.requests) == 1
    assert [told for told in made.drafted.result["warnings"] if "12,000 characters" in told] == [
        (
            "The step 'find-order' was not filled in, since the input schema of its tool is longer than 12,000 "
            "characters: look at it."
        )
    ]
