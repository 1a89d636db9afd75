"""A result becomes a workflow with its agents: all of it, or nothing."""

import copy
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from discovery.models import Agent, McpServer
from generation.models import Generation
from generation.tasks import design_workflow
from tests.conftest import ClientFor
from workflows.models import Workflow

ADDRESS = "/api/v1/workflows/generate/apply"
PROMPT = "Have a tax law specialist check the text and post the summary in Slack."


@pytest.fixture
def generation(office: None, alice: User) -> Generation:
    """A result with a new agent, `tax-law-specialist`, before an existing one and a tool."""
    row = Generation.objects.create(id="generation-1", prompt=PROMPT, created_by=alice)
    design_workflow(row.pk)
    row.refresh_from_db()
    assert row.result is not None
    assert [a["id"] for a in row.result["agents_to_create"]] == ["tax-law-specialist"]
    return row


def nothing_was_stored() -> bool:
    return not Workflow.objects.exists() and Agent.objects.count() == 1


def test_a_workflow_and_its_agents_are_stored(
    generation: Generation, api: APIClient, alice: User
) -> None:
    answer = api.post(ADDRESS, {"generation_id": generation.pk})
    assert answer.status_code == 201
    body = answer.json()
    assert body["agents_created"] == ["tax-law-specialist"]
    assert (body["blocked_steps"], body["missing_mcps"], body["can_execute"]) == ([], [], True)
    workflow = Workflow.objects.get(pk=body["workflow"]["id"])
    assert workflow.created_by == alice
    assert workflow.definition_json["steps"][0]["agent_id"] == "tax-law-specialist"
    agent = Agent.objects.get(pk="tax-law-specialist")
    assert agent.created_by == alice
    assert "tax law specialist" in agent.instructions.lower()
    generation.refresh_from_db()
    assert generation.applied_workflow == workflow


def test_a_result_is_applied_once(generation: Generation, api: APIClient) -> None:
    assert api.post(ADDRESS, {"generation_id": generation.pk}).status_code == 201
    again = api.post(ADDRESS, {"generation_id": generation.pk})
    assert (again.status_code, again.json()["code"]) == (409, "already_applied")
    assert Workflow.objects.count() == 1


def test_a_repeated_request_gets_the_first_workflow(generation: Generation, api: APIClient) -> None:
    body = {"generation_id": generation.pk}
    first = api.post(ADDRESS, body, HTTP_IDEMPOTENCY_KEY="k")
    again = api.post(ADDRESS, body, HTTP_IDEMPOTENCY_KEY="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["workflow"]["id"] == again.json()["workflow"]["id"]
    assert Agent.objects.filter(pk__startswith="tax").count() == 1


def test_a_repeated_request_for_a_new_version_makes_no_other(
    generation: Generation, api: APIClient
) -> None:
    made = api.post(ADDRESS, {"generation_id": generation.pk}).json()["workflow"]
    edited = copy.deepcopy(generation.result)
    assert edited is not None
    edited["workflow"]["description"] = "Edited."
    body = {"result": edited, "workflow_id": made["id"]}
    first = api.post(ADDRESS, body, HTTP_IDEMPOTENCY_KEY="k")
    agents = Agent.objects.count()
    again = api.post(ADDRESS, body, HTTP_IDEMPOTENCY_KEY="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["agents_created"] != []
    assert Agent.objects.count() == agents
    assert Workflow.objects.get(pk=made["id"]).revision == first.json()["workflow"]["revision"]


def test_a_key_is_not_for_another_request(generation: Generation, api: APIClient) -> None:
    body = {"generation_id": generation.pk}
    first = api.post(ADDRESS, body, HTTP_IDEMPOTENCY_KEY="k")
    other = api.post(ADDRESS, {**body, "name": "Another"}, HTTP_IDEMPOTENCY_KEY="k")
    assert (first.status_code, other.status_code) == (201, 422)
    assert Workflow.objects.count() == 1


def test_a_refused_request_leaves_its_key_free(generation: Generation, api: APIClient) -> None:
    body = {"generation_id": generation.pk, "agents": {"map": {"summarizer": "nobody"}}}
    assert api.post(ADDRESS, body, HTTP_IDEMPOTENCY_KEY="k").status_code >= 400
    assert nothing_was_stored()
    right = api.post(ADDRESS, {"generation_id": generation.pk}, HTTP_IDEMPOTENCY_KEY="k")
    assert right.status_code == 201


def test_an_existing_agent_can_take_the_place(generation: Generation, api: APIClient) -> None:
    mapping = {"map": {"tax-law-specialist": "summarizer"}}
    body = api.post(ADDRESS, {"generation_id": generation.pk, "agents": mapping}).json()
    assert body["agents_created"] == []
    assert body["workflow"]["definition"]["steps"][0]["agent_id"] == "summarizer"
    assert not Agent.objects.filter(pk="tax-law-specialist").exists()


def test_a_declined_agent_leaves_a_draft(generation: Generation, api: APIClient) -> None:
    body = api.post(ADDRESS, {"generation_id": generation.pk, "agents": {"accept": []}}).json()
    assert body["agents_created"] == []
    assert body["can_execute"] is False
    assert body["blocked_steps"] == ["tax-law-specialist"]


def test_an_id_that_is_taken_by_now_gives_way(
    generation: Generation, api: APIClient, bob: User
) -> None:
    Agent.objects.create(id="tax-law-specialist", name="Bob's own", created_by=bob)
    body = api.post(ADDRESS, {"generation_id": generation.pk}).json()
    (created,) = body["agents_created"]
    assert created != "tax-law-specialist"
    assert body["workflow"]["definition"]["steps"][0]["agent_id"] == created
    assert body["can_execute"] is True


def test_it_is_checked_against_what_exists_now(generation: Generation, api: APIClient) -> None:
    McpServer.objects.get(pk="slack").tools.update(is_available=False)
    body = api.post(ADDRESS, {"generation_id": generation.pk}).json()
    assert body["can_execute"] is False
    assert body["blocked_steps"] == ["post-message"]


def test_an_edited_result_is_stored_as_edited(generation: Generation, api: APIClient) -> None:
    edited = copy.deepcopy(generation.result)
    assert edited is not None
    edited["workflow"]["steps"][-1]["name"] = "Tell the team"
    body = api.post(ADDRESS, {"result": edited, "name": "Tax check"}).json()
    assert body["workflow"]["name"] == "Tax check"
    assert body["workflow"]["definition"]["steps"][-1]["name"] == "Tell the team"


def test_somebody_elses_agent_cant_be_mapped_in(
    generation: Generation, bobs_agent: Agent, api: APIClient
) -> None:
    agents = {"map": {"tax-law-specialist": bobs_agent.pk}}
    answer = api.post(ADDRESS, {"generation_id": generation.pk, "agents": agents})
    assert answer.status_code == 404
    assert not Workflow.objects.exists()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 400),
        ({"generation_id": "generation-unknown"}, 404),
        ({"generation_id": "generation-1", "agents": {"accept": ["ghost"]}}, 400),
        ({"generation_id": "generation-1", "agents": {"map": {"ghost": "summarizer"}}}, 400),
        ({"generation_id": "generation-1", "workflow_id": "unknown"}, 404),
        ({"generation_id": "generation-1", "surprise": 1}, 400),
        ({"result": []}, 400),
        ({"result": {}}, 400),
        ({"result": {"workflow": {"name": "x", "steps": [{"id": "a", "type": "magic"}]}}}, 400),
    ],
)
def test_a_refusal_stores_nothing(
    generation: Generation, api: APIClient, change: dict[str, Any], status: int
) -> None:
    assert api.post(ADDRESS, change).status_code == status
    assert nothing_was_stored()


@pytest.mark.parametrize(
    "agent",
    [
        {"id": "tax-law-specialist", "name": 7},
        {"id": "tax-law-specialist", "name": "x" * 300},
        {"id": "tax-law-specialist", "name": "x", "tools": ["ghost:tool"]},
        {"id": "tax-law-specialist", "name": "x", "tools": "all"},
        {"name": "no id"},
        "tax-law-specialist",
    ],
)
def test_a_wrong_agent_stores_nothing(generation: Generation, api: APIClient, agent: Any) -> None:
    assert generation.result is not None
    result = {**generation.result, "agents_to_create": [agent]}
    assert api.post(ADDRESS, {"result": result}).status_code == 400
    assert nothing_was_stored()


def test_an_unfinished_job_has_nothing_to_apply(alice: User, api: APIClient) -> None:
    Generation.objects.create(id="generation-2", prompt=PROMPT, created_by=alice)
    answer = api.post(ADDRESS, {"generation_id": "generation-2"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_result")
    assert not Workflow.objects.exists()


def test_a_suggested_server_blocks_its_step(office: None, alice: User, api: APIClient) -> None:
    row = Generation.objects.create(
        id="generation-3", prompt="Summarise the text and post it on Mastodon.", created_by=alice
    )
    design_workflow(row.pk)
    body = api.post(ADDRESS, {"generation_id": row.pk}).json()
    assert body["missing_mcps"] == ["mastodon-server"]
    assert body["blocked_steps"] == ["mastodon-send"]
    assert body["can_execute"] is False


def test_it_can_become_the_next_version_of_a_workflow(
    generation: Generation, api: APIClient
) -> None:
    assert generation.result is not None
    first = api.post(ADDRESS, {"generation_id": generation.pk})
    workflow_id, tag = first.json()["workflow"]["id"], first["ETag"]
    edited = copy.deepcopy(generation.result)
    edited["workflow"]["description"] = "Changed"
    edited["agents_to_create"] = []
    body = {"result": edited, "workflow_id": workflow_id}
    saved = api.post(ADDRESS, body, HTTP_IF_MATCH=tag)
    assert saved.status_code == 201
    assert saved.json()["workflow"]["version"] == 2
    stale = api.post(ADDRESS, body, HTTP_IF_MATCH=tag)
    assert stale.status_code == 412
    assert Workflow.objects.get(pk=workflow_id).version == 2


def test_somebody_elses_workflow_cant_be_replaced(
    generation: Generation, api: APIClient, bob: User, client_for: ClientFor
) -> None:
    workflow_id = api.post(ADDRESS, {"generation_id": generation.pk}).json()["workflow"]["id"]
    outsider = client_for(bob)
    body = {"result": generation.result, "workflow_id": workflow_id}
    assert outsider.post(ADDRESS, body).status_code == 404
    assert Workflow.objects.get(pk=workflow_id).version == 1
