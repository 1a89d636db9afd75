"""Export and import: what leaves, what comes back, and that nothing of anybody is overwritten."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from discovery.models import Agent, McpServer, McpTool
from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow, definition, stats_step
from workflows.models import Workflow, WorkflowVersion

URL = "/api/v1/workflows"
SECRET = "open-sesame"


@pytest.fixture(autouse=True)
def digest(alice: User, make_workflow: MakeWorkflow) -> Workflow:
    shop = McpServer.objects.create(
        id="shop",
        name="Shop",
        transport="streamable_http",
        url=f"https://user:{SECRET}@shop.example.org/mcp?key={SECRET}",
        headers={"Authorization": SECRET},
        created_by=alice,
    )
    McpTool.objects.create(
        server=shop, name="find", description="Finds.", input_schema={}, last_seen_at=timezone.now()
    )
    Agent.objects.create(
        id="writer",
        name="Writer",
        instructions="Write.",
        tools=["shop:find", "native:text_stats"],
        created_by=alice,
    )
    steps = definition(
        stats_step("count"),
        {"id": "write", "type": "agent", "agent_id": "writer"},
        {"id": "look", "type": "tool", "tool": "shop:find"},
    )
    return make_workflow(alice, "digest", definition=steps, tags=["a"], category="text")


@pytest.fixture
def other(bob: User, client_for: ClientFor) -> APIClient:
    return client_for(bob)


def exported(api: APIClient) -> Any:
    answer = api.get(f"{URL}/digest/export")
    assert answer.status_code == 200, answer.content
    return answer.json()


def rows() -> list[Any]:
    models = (Workflow, WorkflowVersion, Agent, McpServer)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def test_a_document_holds_what_is_needed_and_no_secret(api: APIClient) -> None:
    document = exported(api)
    assert [agent["id"] for agent in document["agents"]] == ["writer"]
    (server,) = document["mcp_servers"]
    assert (server["id"], server["url"], server["tools"]) == (
        "shop",
        "https://shop.example.org/mcp",
        ["find"],
    )
    assert SECRET not in json.dumps(document)
    Draft202012Validator(api.get(f"{URL}/import/schema").json()).validate(document)


def test_another_user_gets_an_own_copy_with_agents_and_is_told_what_is_missing(
    api: APIClient, other: APIClient, bob: User
) -> None:
    document = exported(api)
    before = rows()
    answer = other.post(f"{URL}/import", {"document": document})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    row = Workflow.objects.get(pk=body["workflow_id"])
    assert (row.pk, row.created_by, row.tags, row.category) == ("digest-2", bob, ["a"], "text")
    made = Agent.objects.get(pk=body["agents_created"]["writer"])
    assert (made.pk, made.created_by, made.instructions) == ("writer-2", bob, "Write.")
    assert made.tools == ["native:text_stats"]
    assert row.definition_json["steps"][1]["agent_id"] == "writer-2"
    assert [server["id"] for server in body["missing_mcps"]] == ["shop"]
    assert "shop:find" in body["warnings"][0]
    assert not body["validation"]["can_execute"]
    # What alice has is as it was.
    assert [
        [one for one in after if one in old] for old, after in zip(before, rows(), strict=True)
    ] == before


def test_ones_own_agents_and_servers_are_used(api: APIClient) -> None:
    answer = api.post(f"{URL}/import", {"document": exported(api), "id": "again"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["agents_mapped"], body["mcps_mapped"]) == ({"writer": "writer"}, {"shop": "shop"})
    assert (body["agents_created"], body["missing_mcps"], body["warnings"]) == ({}, [], [])
    copied = Workflow.objects.get(pk="again").definition_json
    original = Workflow.objects.get(pk="digest").definition_json
    assert {**copied, "id": "digest"} == original


def test_importing_twice_is_importing_once(api: APIClient, other: APIClient) -> None:
    body = {"document": exported(api)}
    first = other.post(f"{URL}/import", body)
    before = rows()
    second = other.post(f"{URL}/import", body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["workflow_id"] == first.json()["workflow_id"]
    assert second.json()["is_new"] is False
    assert rows() == before


def test_what_was_archived_comes_back_as_a_new_workflow(api: APIClient, other: APIClient) -> None:
    body = {"document": exported(api)}
    first = other.post(f"{URL}/import", body).json()["workflow_id"]
    assert other.delete(f"{URL}/{first}").status_code == 204
    again = other.post(f"{URL}/import", body)
    assert (again.status_code, again.json()["is_new"]) == (201, True)
    second = again.json()["workflow_id"]
    assert other.get(f"{URL}/{second}").status_code == 200
    assert other.post(f"{URL}/import", body).json()["workflow_id"] == second
    assert other.post(f"{URL}/{first}/restore").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"layout": {"count": {"z": 1}}},
        {"layout": {"count": {"x": 1}}},
        {"layout": {"count": {"x": 1e300, "y": 0}}},
        {"tags": ["x" * 51]},
        {"tags": [""]},
    ],
)
def test_what_a_workflow_can_not_have_is_not_imported(
    api: APIClient, other: APIClient, change: Any
) -> None:
    document = exported(api)
    document["workflow"] |= change
    before = rows()
    answer = other.post(f"{URL}/import", {"document": document})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_document"), answer.content
    assert rows() == before


def test_a_dry_run_tells_the_same_and_stores_nothing(api: APIClient, other: APIClient) -> None:
    body = {"document": exported(api)}
    before = rows()
    told = other.post(f"{URL}/import", {**body, "dry_run": True})
    assert told.status_code == 200
    assert rows() == before
    assert other.post(f"{URL}/import", body).json() == told.json()


def test_agents_can_be_mapped_to_ones_own(api: APIClient, other: APIClient, bob: User) -> None:
    Agent.objects.create(id="bobs", name="Bob's", created_by=bob)
    body = {"document": exported(api), "agents": {"writer": "bobs"}}
    answer = other.post(f"{URL}/import", body).json()
    assert (answer["agents_mapped"], answer["agents_created"]) == ({"writer": "bobs"}, {})


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"agents": {"writer": "writer"}}, 404, "not_found"),
        ({"agents": {"nobody": "x"}}, 400, "not_used"),
        ({"mcps": {"shop": "shop"}}, 404, "not_found"),
        ({"mcps": {"nobody": "x"}}, 400, "not_used"),
        ({"id": "digest"}, 409, "id_taken"),
        ({"id": "import"}, 400, "reserved_id"),
        ({"document": {}}, 400, "invalid_document"),
        ({"document": {"workflow": {"definition": {"steps": 5}}}}, 400, "invalid_definition"),
        ({"document": {"workflow": {"definition": {}, "owner": "me"}}}, 400, "invalid_document"),
        ({"document": 5}, 400, "wrong_type"),
        ({"documents": 5}, 400, "unknown_field"),
    ],
)
def test_a_refused_import_leaves_nothing_behind(
    api: APIClient, other: APIClient, change: Any, status: int, code: str
) -> None:
    body = {"document": exported(api), **change}
    before = rows()
    answer = other.post(f"{URL}/import", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert rows() == before


def test_a_definition_is_drawn_as_mermaid(api: APIClient) -> None:
    api.patch(f"{URL}/digest", {"name": 'He said "]; end'})
    api.put(f"{URL}/digest/steps/count", {"step": stats_step("count", name='A "quoted" [end]')})
    text = api.get(f"{URL}/digest/mermaid").content.decode()
    assert text.startswith("flowchart TD\n")
    assert 's0["A #34;quoted#34; #91;end#93;' in text
    assert "s0 --> s1" in text


def test_others_export_nothing(other: APIClient) -> None:
    for address in ("export", "mermaid"):
        assert other.get(f"{URL}/digest/{address}").status_code == 404
    assert APIClient().post(f"{URL}/import", {}).status_code == 401


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example.org/mcp", "https://a.example.org/mcp"),
        ("https://a.example.org:8443/api/v1/mcp/", "https://a.example.org:8443/api/v1/mcp/"),
        ("https://a.example.org/s3cr3t/mcp", "https://a.example.org"),
        ("https://a.example.org/mcp/s3cr3t", "https://a.example.org"),
        ("https://a.example.org/mcp;s3cr3t", "https://a.example.org"),
        ("https://a.example.org/mcp%2Fs3cr3t", "https://a.example.org"),
        ("https://s3cr3t:s3cr3t@a.example.org/mcp?k=s3cr3t#s3cr3t", "https://a.example.org/mcp"),
        ("https://a.example.org", "https://a.example.org"),
        ("https://s3cr3t0x9k2.a.example.org/mcp", ""),
    ],
)
def test_of_an_address_only_what_can_be_no_key_is_exported(
    api: APIClient, url: str, shown: str
) -> None:
    McpServer.objects.filter(pk="shop").update(url=url)
    document = exported(api)
    assert [server["url"] for server in document["mcp_servers"]] == [shown]
    assert "s3cr3t" not in json.dumps(document)
