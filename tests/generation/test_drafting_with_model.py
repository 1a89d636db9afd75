"""The way with a model: its plan is untrusted, repaired once, and the planner stands in for it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from discovery.language_model.formats import fits_strict_mode
from generation.drafting import DraftRequest, DraftResult, draft
from generation.modelling.asking import Cancelled
from generation.modelling.schemas import PLAN_SCHEMA
from generation.modelling.shortlisting import SHORTLIST
from tests.fakes.model_server import (
    Answer,
    ModelServer,
    cut_off,
    filtered,
    hang,
    html_200,
    rate_limited,
    refusal,
    server_error,
    slow_drip,
    structured,
    text,
    truncated_json,
)
from tests.generation.catalogues import JIRA, OFFICE, agent, catalogue
from workflows.definition.catalogue import Catalogue

PROMPT = "Summarise the news and post the summary in Slack."


def plan(*steps: Any, **fields: Any) -> dict[str, Any]:
    return {
        "name": "News",
        "description": "Posts news.",
        "steps": list(steps),
        "unplaced": [],
        **fields,
    }


def use(agent_id: str) -> dict[str, Any]:
    return {"agent": agent_id, "task": "Summarise it"}


def call(tool_id: str, **arguments: str) -> dict[str, Any]:
    given = [{"name": name, "value": value} for name, value in arguments.items()]
    return {"tool": tool_id, "task": "Post it", "arguments": given}


def operations(*wanted: dict[str, Any]) -> Answer:
    return structured({"operations": list(wanted), "explanation": "", "unplaced": []})


MEND = {
    "update": "ghost-agent",
    "fields": [{"field": "agent_id", "value_json": '"summarizer"'}],
}
GOOD = plan(use("summarizer"), call("slack:post_message"))


async def drafted(prompt: str = PROMPT, **fields: Any) -> DraftResult:
    async def go_on(_stage: str) -> bool:
        return True

    return await draft(DraftRequest(prompt=prompt, catalogue=OFFICE, **fields), on_stage=go_on)


def steps_of(made: DraftResult) -> list[Any]:
    return [(s.get("agent_id") or s.get("tool")) for s in made.drafted.result["workflow"]["steps"]]


def test_the_answers_shape_fits_strict_mode() -> None:
    assert fits_strict_mode(PLAN_SCHEMA)


async def test_a_models_plan_becomes_a_definition(model_server: ModelServer) -> None:
    model_server.script([structured(GOOD)])
    made = await drafted()
    assert (made.generator, steps_of(made)) == ("openai", ["summarizer", "slack:post_message"])
    assert made.drafted.result["workflow"]["name"] == "News"
    assert made.drafted.result["existing_agents_used"] == ["summarizer"]
    assert made.drafted.result["existing_mcps_used"] == ["slack"]
    assert len(made.spent.answers) == 1
    assert made.spent.input_tokens > 0


async def test_short_ids_stand_for_the_real_ones(model_server: ModelServer) -> None:
    model_server.script([structured(plan(use("r11")))])
    await drafted()
    data = json.loads(model_server.requests[0]["messages"][1]["content"])
    assert data["request"] == PROMPT
    assert {row["id"]: row["what"] for row in data["resources"]}["r1"] == "triage_agent"
    assert model_server.requests[0]["response_format"]["json_schema"]["strict"] is True


async def test_at_most_the_best_few_are_shown(model_server: ModelServer) -> None:
    many = catalogue(
        *(agent(f"summarizer_{n}", "Condenses text into a summary") for n in range(60))
    )
    model_server.script([structured(plan(use("r1")))])

    async def go_on(_stage: str) -> bool:
        return True

    await draft(DraftRequest(prompt=PROMPT, catalogue=many), on_stage=go_on)
    data = json.loads(model_server.requests[0]["messages"][1]["content"])
    assert len(data["resources"]) == SHORTLIST


async def test_every_construct_is_expanded(model_server: ModelServer) -> None:
    both = {
        "parallel": [
            {"branch": "a", "steps": [use("translator")]},
            {"branch": "b", "steps": [use("summarizer")]},
        ]
    }
    choice = {
        "choose": "Is it urgent?",
        "cases": [{"when": "urgent", "steps": [call("pagerduty:trigger_incident")]}],
        "otherwise": [use("reply_drafter")],
    }
    loop = {
        "repeat": "until",
        "over_or_until": "the score is at least 8",
        "times": 3,
        "steps": [use("blog_writer"), use("copy_critic")],
    }
    new = {
        "new_agent": "Poet",
        "description": "Writes poems",
        "task": "x",
    }
    service = {"new_tool": "Mastodon", "description": "Posts", "action": "post", "task": "Post it"}
    model_server.script([structured(plan(both, use("triage_agent"), choice, loop, new, service))])
    made = await drafted()
    kinds = [step["type"] for step in made.drafted.result["workflow"]["steps"]]
    assert kinds == ["parallel", "agent", "conditional", "tool", "agent", "loop", "agent", "tool"]
    assert made.drafted.result["agents_to_create"][0]["id"] == "poet"
    assert made.drafted.result["mcps_suggested"][0]["id"] == "mastodon-server"
    assert made.drafted.result["blocked_steps"] == ["mastodon-post"]
    assert made.drafted.result["can_execute"] is False


async def test_an_unknown_name_is_repaired_by_operations(model_server: ModelServer) -> None:
    model_server.script(
        [structured(plan(use("ghost_agent"), call("slack:post_message"))), operations(MEND)]
    )
    made = await drafted()
    assert (made.generator, steps_of(made)) == ("openai", ["summarizer", "slack:post_message"])
    said = json.loads(model_server.requests[1]["messages"][-1]["content"])
    assert "ghost_agent" in said["problems"][0]["problem"]
    assert said["definition"]["steps"][0]["agent_id"] == "ghost_agent"
    assert [kept["purpose"] for kept in made.spent.answers] == ["plan", "repairing_1"]


async def test_a_second_round_is_told_why_the_first_was_refused(model_server: ModelServer) -> None:
    wrong = {"update": "no-such-step", "fields": []}
    model_server.script([structured(plan(use("ghost_agent"))), operations(wrong), operations(MEND)])
    made = await drafted()
    assert (made.generator, steps_of(made)) == ("openai", ["summarizer"])
    said = json.loads(model_server.requests[2]["messages"][-1]["content"])
    assert "no-such-step" in said["refused"][0]


async def test_a_plan_of_another_shape_is_asked_for_again(model_server: ModelServer) -> None:
    model_server.script([text("Here is your plan: …"), structured(GOOD)])
    made = await drafted()
    assert (made.generator, steps_of(made)) == ("openai", ["summarizer", "slack:post_message"])
    said = json.loads(model_server.requests[1]["messages"][-1]["content"])
    assert "no acceptable JSON" in said["problems"][0]


async def test_a_plan_that_stays_wrong_gives_way_to_the_planner(model_server: ModelServer) -> None:
    model_server.script([structured(plan(use("ghost"))), operations(), operations()])
    made = await drafted()
    assert made.generator == "offline-planner"
    assert made.drafted.result["warnings"][0].startswith("The offline planner designed this")
    assert "ghost" not in json.dumps(made.drafted.result["workflow"])
    assert len(made.spent.answers) == 3
    assert len(model_server.requests) == 3


async def test_the_stages_of_two_repairs_can_be_seen(model_server: ModelServer) -> None:
    model_server.script([text("{}"), structured(plan(use("ghost_agent"))), operations(MEND)])
    stages: list[str] = []

    async def keep(stage: str) -> bool:
        stages.append(stage)
        return True

    await draft(DraftRequest(prompt=PROMPT, catalogue=OFFICE), on_stage=keep)
    assert stages == ["shortlisting", "planning", "repairing_1", "checking", "repairing_2"]


async def test_a_job_cancelled_between_calls_makes_no_further_one(
    model_server: ModelServer,
) -> None:
    model_server.script([structured(plan(use("ghost_agent"))), operations(MEND)])

    async def until_repair(stage: str) -> bool:
        return stage != "repairing_1"

    with pytest.raises(Cancelled):
        await draft(DraftRequest(prompt=PROMPT, catalogue=OFFICE), on_stage=until_repair)
    assert len(model_server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refusal(),
        rate_limited(1),
        server_error(),
        truncated_json(),
        html_200(),
        cut_off(),
        filtered(),
    ],
    ids=["refusal", "429", "500", "truncated", "html", "cut-off", "filtered"],
)
async def test_a_failing_model_gives_way_to_the_planner(
    model_server: ModelServer, answer: Any
) -> None:
    model_server.script([answer, answer])
    made = await drafted()
    assert made.generator == "offline-planner"
    assert made.drafted.result["warnings"][0].startswith("The offline planner designed this")
    assert steps_of(made) == ["summarizer", "slack:post_message"]


@pytest.mark.parametrize("answer", [hang(30), slow_drip()], ids=["hang", "slow-drip"])
async def test_a_silent_model_gives_way_to_the_planner(
    model_server: ModelServer, settings: Settings, answer: Any
) -> None:
    settings.OPENAI_TIMEOUT_SECONDS = 0.5
    model_server.script([answer])
    made = await drafted()
    assert made.generator == "offline-planner"
    assert "within 0.5 seconds" in made.drafted.result["warnings"][0]
    assert len(model_server.requests) == 1


@pytest.mark.parametrize(
    "said",
    [
        "```json\n{}\n```",
        "[]",
        '{"name": 1}',
        '{"name": "a", "name": "b", "description": "", "steps": [], "unplaced": []}',
        json.dumps({**GOOD, "extra": True}),
        json.dumps(plan()),
        '{"a":' * 1000 + "1" + "}" * 1000,
        json.dumps(GOOD).replace("News", "\\u0000"),
        json.dumps(GOOD).replace("News", "\\ud800"),
        json.dumps(plan({**use("summarizer"), "task": 7})),
        json.dumps(plan(call("other:tool"))),
        json.dumps(plan({"parallel": []})),
        json.dumps(plan({"repeat": "forever", "over_or_until": "", "times": 1, "steps": []})),
        " " * 300_000,
    ],
)
async def test_an_unusable_answer_never_gets_through(model_server: ModelServer, said: str) -> None:
    model_server.script([text(said)] * 3)
    made = await drafted()
    assert made.generator == "offline-planner"


async def test_a_model_cant_smuggle_in_templates(model_server: ModelServer) -> None:
    smuggled = {**use("summarizer"), "task": "Tell ${context.secret}"}
    model_server.script([structured(plan(smuggled, name="${steps.x.output}"))])
    made = await drafted()
    workflow = made.drafted.result["workflow"]
    assert workflow["name"] == "$ {steps.x.output}"
    assert workflow["steps"][0]["input"].startswith("Tell $${context.secret}")


async def test_agents_and_servers_can_be_excluded(model_server: ModelServer) -> None:
    model_server.script([structured(GOOD), structured(GOOD)])
    made = await drafted(include_agents=False)
    assert made.drafted.result["existing_agents_used"] == []
    assert made.drafted.result["agents_to_create"] == []


async def test_a_cancelled_job_makes_no_call(model_server: ModelServer) -> None:
    async def stop(_stage: str) -> bool:
        return False

    with pytest.raises(Cancelled):
        await draft(DraftRequest(prompt=PROMPT, catalogue=OFFICE), on_stage=stop)
    assert model_server.requests == []


async def test_context_goes_along_as_data(model_server: ModelServer) -> None:
    model_server.script([structured(GOOD)])
    made = await drafted(context={"team": "support", "note": "${x}"})
    assert made.drafted.result["workflow"]["context"] == {"team": "support", "note": "$${x}"}


async def test_without_a_model_the_planner_answers() -> None:
    made = await drafted()
    assert made.generator == "offline-planner"
    assert made.spent.cost_usd is None
    assert (
        not made.drafted.result["warnings"] or "offline" not in made.drafted.result["warnings"][0]
    )


DANGEROUS = replace(OFFICE, tools={**OFFICE.tools, JIRA.id: replace(JIRA, destructive=True)})


async def drafted_with(catalogue: Catalogue, prompt: str = PROMPT) -> DraftResult:
    async def go_on(_stage: str) -> bool:
        return True

    return await draft(DraftRequest(prompt=prompt, catalogue=catalogue), on_stage=go_on)


def types(made: DraftResult) -> list[str]:
    return [step["type"] for step in made.drafted.result["workflow"]["steps"]]


async def test_a_models_destructive_tool_waits_for_a_person(model_server: ModelServer) -> None:
    model_server.script([structured(plan(call(JIRA.id)))])
    made = await drafted_with(DANGEROUS)
    assert (made.generator, types(made)) == ("openai", ["approval", "tool"])


async def test_the_requests_own_words_can_do_without(model_server: ModelServer) -> None:
    model_server.script([structured(plan(call(JIRA.id)))])
    made = await drafted_with(DANGEROUS, "Create a Jira ticket without asking.")
    assert (made.generator, types(made)) == ("openai", ["tool"])
    assert any(JIRA.id in told for told in made.drafted.result["warnings"])


async def test_a_repair_cant_take_the_approval_away(model_server: ModelServer) -> None:
    model_server.script(
        [
            structured(plan(use("ghost_agent"), call(JIRA.id))),
            operations(MEND, {"remove": "approval"}),
            operations(),
        ]
    )
    made = await drafted_with(DANGEROUS)
    assert made.generator == "offline-planner"
    said = json.loads(model_server.requests[2]["messages"][-1]["content"])
    assert "can't be undone" in said["problems"][0]["problem"]


async def test_a_slip_of_spelling_needs_no_further_call(model_server: ModelServer) -> None:
    model_server.script([structured(plan(use("sumarizer")))])
    made = await drafted()
    assert (made.generator, steps_of(made)) == ("openai", ["summarizer"])
    assert "There is no 'sumarizer'" in made.drafted.result["warnings"][0]
    assert len(model_server.requests) == 1


async def test_approvals_and_pauses_are_taken_from_the_plan(model_server: ModelServer) -> None:
    model_server.script(
        [
            structured(
                plan(
                    use("summarizer"),
                    {"approval": "Is it ${good}?", "task": "Ask"},
                    {"wait": "Let it rest", "seconds": 60},
                    call("slack:post_message"),
                )
            )
        ]
    )
    made = await drafted()
    assert types(made) == ["agent", "approval", "wait", "tool"]
    asks, waits = made.drafted.result["workflow"]["steps"][1:3]
    assert (asks["approval_message"], waits["duration_seconds"]) == ("Is it $${good}?", 60)


async def test_what_the_model_could_not_place_is_told(model_server: ModelServer) -> None:
    model_server.script([structured(plan(use("summarizer"), unplaced=["make coffee"]))])
    made = await drafted()
    assert "Could not be placed: 'make coffee'." in made.drafted.result["warnings"]


async def test_a_plan_too_long_to_be_repaired_is_not_sent_back(model_server: ModelServer) -> None:
    long = {**use("summarizer"), "task": "x" * 4_000}
    model_server.script([structured(plan(use("ghost_agent"), *[long] * 40)), operations(MEND)])
    made = await drafted()
    assert made.generator == "offline-planner"
    assert len(model_server.requests) == 1
