"""Whatever a model service answers: nothing invalid is stored, no error is answered, every job ends in time."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from common import strict_json
from discovery.models import Agent, McpServer, McpTool
from generation.expanding.approving import unguarded
from generation.models import Generation
from generation.tasks import design_workflow
from tests.fakes.model_server import Answer, ModelServer
from tests.generation.modelling.hostile_answers import ways
from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry
from workflows.definition.normalise import normalise
from workflows.definition.validate import report
from workflows.selectors import catalogue_for

PROMPT = "Find the order, summarise the text and post the summary in Slack."
TIMEOUT = 0.3
MOST_CALLS = 1 + 2 + 12
GROUPS = ways()
WAYS = {name: way for group in GROUPS.values() for name, way in group}


@pytest.fixture
def shop(office: None, bobs_agent: Agent, bob: User) -> None:
    """More tools: one with arguments that no words settle, one that destroys, and one that only bob may use."""
    server = McpServer.objects.create(
        id="shop",
        name="Shop",
        transport="streamable_http",
        url="https://mcp.example.org/shop",
        status="connected",
    )
    _tool(
        server, "find_order", reference={"type": "string"}, depth={"type": "integer", "maximum": 9}
    )
    _tool(server, "delete_order", destructive=True)
    bobs = McpServer.objects.create(
        id="bobs", name="Bob's", transport="streamable_http", url="https://mcp.example.org/bobs", status="connected",
        created_by=bob,
    )  # fmt: skip
    _tool(bobs, "spy")


def _tool(server: McpServer, name: str, *, destructive: bool = False, **properties: Any) -> None:
    McpTool.objects.create(
        server=server,
        name=name,
        description=name.replace("_", " ").title(),
        input_schema={
            "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
        },
        destructive=destructive,
        schema_hash="0" * 64,
        last_seen_at=timezone.now(),
    )  # fmt: skip


def play(model_server: ModelServer, answers: list[Answer]) -> None:
    """Let the server forget, then give `answers` in turn and the last one to every further call."""
    model_server.requests.clear()
    model_server.script(answers[:-1])
    model_server.default = answers[-1]


def suggested(result: dict[str, Any], catalogue: Catalogue) -> Catalogue:
    """`catalogue` as it will be when the suggestions of `result` have been followed."""
    agents = {a["id"]: AgentEntry(a["id"]) for a in result["agents_to_create"]}
    servers = {s["id"]: ServerEntry(s["id"]) for s in result["mcps_suggested"]}
    ids = [(s["id"], tool) for s in result["mcps_suggested"] for tool in s["tools"]]
    tools = {f"{s}:{t}": ToolEntry(f"{s}:{t}", t, server_id=s) for s, t in ids}
    assert not set(agents) & set(catalogue.agents)
    assert not set(servers) & set(catalogue.servers)
    return Catalogue(
        agents={**catalogue.agents, **agents},
        tools={**catalogue.tools, **tools},
        servers={**catalogue.servers, **servers},
    )


def assert_sound(result: Any, catalogue: Catalogue) -> None:
    """The result can be stored, is valid, names only what is in `catalogue`, and asks before it destroys."""
    strict_json.check(result)
    found = report(result["workflow"], suggested(result, catalogue))
    assert [problem for problem in found.problems if problem.severity == "error"] == []
    assert set(result["existing_agents_used"]) <= set(catalogue.agents)
    assert set(result["existing_mcps_used"]) <= set(catalogue.servers)
    definition = normalise(result["workflow"])
    assert definition.to_json() == result["workflow"]
    assert list(unguarded(definition, catalogue, PROMPT)) == []


def test_there_are_hundreds_of_ways() -> None:
    told = {
        b"".join(a.body + f"{a.status} {a.headers} {a.delay_seconds}".encode() for a in way)
        for way in WAYS.values()
    }
    assert len(told) >= 350


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_that_a_model_answers_does_harm(
    shop: None, alice: User, model_server: ModelServer, settings: Settings, group: str
) -> None:
    settings.OPENAI_TIMEOUT_SECONDS = TIMEOUT
    catalogue = catalogue_for(alice)
    harmed: dict[str, str] = {}
    for number, (name, answers) in enumerate(GROUPS[group]):
        play(model_server, answers)
        started = time.monotonic()
        row = designed(f"generation-{number}", alice)
        try:
            assert time.monotonic() - started < 10
            assert len(model_server.requests) <= MOST_CALLS
            assert (row.status, row.stage, row.error) == ("COMPLETED", "ready", "")
            assert_sound(row.result, catalogue)
        except AssertionError as error:
            harmed[name] = str(error)[:500]
    assert harmed == {}


def designed(generation_id: str, user: User) -> Generation:
    """A job of `user`, done by the task's own function."""
    Generation.objects.create(id=generation_id, prompt=PROMPT, created_by=user)
    design_workflow(generation_id)
    return Generation.objects.get(pk=generation_id)


IN_SHORT = [
    "hang", "10 MB", "nested 1,000 deep", "status 500", "agent: of somebody else", "fill: hanging",
    "repair: no approval", "a surrogate escaped",
]  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", IN_SHORT)
def test_over_rest_the_answer_is_a_result_that_can_be_applied(
    worker: None,
    shop: None,
    alice: User,
    api: APIClient,
    model_server: ModelServer,
    settings: Settings,
    name: str,
) -> None:
    settings.OPENAI_TIMEOUT_SECONDS = TIMEOUT
    play(model_server, WAYS[name])
    answer = api.post("/api/v1/workflows/generate?wait=20", {"prompt": PROMPT})
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "COMPLETED"
    assert_sound(body["result"], catalogue_for(alice))
    applied = api.post("/api/v1/workflows/generate/apply", {"generation_id": body["id"]})
    assert applied.status_code == 201
    stored = api.get(f"/api/v1/workflows/{applied.json()['workflow']['id']}").json()
    checked = api.post("/api/v1/workflows/validate", stored["definition"]).json()
    assert [p for p in checked["problems"] if p["severity"] == "error"] == []
