"""What became of a published version, over REST: read, filtered, accepted."""

from typing import Any

import jsonpatch
import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from discovery.models import Agent, McpServer, McpTool
from discovery.services import save_agent
from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.drift.conftest import SEARCH, Change
from workflows.drift.telling import tell_of_all
from workflows.models import PublishedUse, Workflow, WorkflowEvent

URL = "/api/v1/workflows/digest"
MORE = {**SEARCH, "properties": {**SEARCH["properties"], "page": {"type": "integer"}}}
LESS = {**SEARCH, "properties": {"query": {"type": "string"}}}


def report(api: APIClient) -> dict[str, Any]:
    answer = api.get(f"{URL}/drift")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def drifted(api: APIClient, value: str = "true") -> list[str]:
    """What the list's filter says once the changes are told of."""
    tell_of_all()
    answer = api.get("/api/v1/workflows", {"drifted": value})
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def kept() -> list[Any]:
    return [*PublishedUse.objects.order_by("pk").values(), *WorkflowEvent.objects.values()]


def test_nothing_has_changed_right_after_publishing(api: APIClient, digest: Workflow) -> None:
    found = report(api)
    assert (found["version"], found["is_drifted"], found["is_held"]) == (1, False, False)
    assert (found["resources"], found["findings"], found["patch"]) == ([], [], [])
    assert (found["recorded_by"], len(found["state"])) == ("alice", 32)
    assert (drifted(api), drifted(api, "false")) == ([], ["digest"])
    assert api.get(URL).json()["drift"] == 0


def test_a_changed_tool_is_told_with_its_steps_and_a_patch(api: APIClient, change: Change) -> None:
    change("search", input_schema=LESS)
    found = report(api)
    assert found["broken_steps"] == found["held_steps"] == ["find"]
    (resource,) = found["resources"]
    assert (resource["kind"], resource["id"], resource["change"], resource["fields"]) == (
        *("tool", "crm:search", "changed"),
        ["input_schema"],
    )
    assert (resource["published_fingerprint"], resource["fingerprint"]) == (
        "search as published",
        "search changed",
    )
    (finding,) = found["findings"]
    assert (finding["code"], finding["step"], finding["path"], finding["is_held"]) == (
        *("argument_gone", "find", "/steps/0/arguments/limit"),
        True,
    )
    assert found["patch"] == [{"op": "remove", "path": "/steps/0/arguments/limit"}]
    assert (drifted(api), drifted(api, "false")) == (["digest"], [])
    assert api.get(URL).json()["drift"] == 1


def test_the_report_follows_what_stands_there(api: APIClient, change: Change) -> None:
    change("search")
    assert report(api)["is_drifted"]
    change("search", schema_hash="search as published")
    assert not report(api)["is_drifted"]
    assert drifted(api) == []


@pytest.mark.parametrize("way", ["unavailable", "disabled", "deleted"])
def test_a_tool_that_is_gone_breaks_its_step(api: APIClient, digest: Workflow, way: str) -> None:
    match way:
        case "unavailable":
            McpTool.objects.filter(name="search").update(is_available=False)
        case "disabled":
            McpServer.objects.update(status="disabled")
        case _:
            McpTool.objects.filter(name="search").delete()
    found = report(api)
    assert found["broken_steps"] == ["find"]
    assert ("crm:search", "gone") in [(one["id"], one["change"]) for one in found["resources"]]
    assert drifted(api) == ["digest"]


def test_another_agent_is_a_warning(api: APIClient, alice: User, digest: Workflow) -> None:
    save_agent(Agent.objects.get(), by=alice, instructions="Write more.", tools=["crm:search"])
    found = report(api)
    assert (found["is_drifted"], found["is_held"], found["broken_steps"]) == (True, False, [])
    assert [one["code"] for one in found["findings"]] == ["agent_changed", "tools_withheld"]
    assert drifted(api) == ["digest"]


def test_what_is_accepted_is_what_was_seen(api: APIClient, change: Change) -> None:
    change("search", input_schema=MORE)
    seen = report(api)
    assert seen["is_held"]
    change("search", input_schema=MORE, description="Also deletes.", schema_hash="again")
    before = kept()
    answer = api.post(f"{URL}/drift/accept", {"state": seen["state"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "drift_moved_on")
    assert kept() == before
    answer = api.post(f"{URL}/drift/accept", {"state": report(api)["state"]})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["is_drifted"], report(api)["is_drifted"], drifted(api)) == (
        *(False, False),
        [],
    )
    event = WorkflowEvent.objects.filter(kind="drift_accepted").get()
    assert event.data == {"version": 1, "by": "alice", "resources": ["crm:search"]}


def test_what_breaks_is_not_accepted(api: APIClient, change: Change) -> None:
    change("search", input_schema=LESS)
    before = kept()
    answer = api.post(f"{URL}/drift/accept", {"state": report(api)["state"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_executable")
    assert answer.json()["blocked_steps"] == ["find"]
    assert kept() == before


def test_going_on_without_an_agents_tool_can_be_accepted(api: APIClient, digest: Workflow) -> None:
    McpTool.objects.filter(name="note").update(is_available=False)
    answer = api.post(f"{URL}/drift/accept", {"state": report(api)["state"]})
    assert answer.status_code == 200, answer.content
    assert not report(api)["is_drifted"]
    McpTool.objects.filter(name="note").update(is_available=True)
    assert report(api)["held_steps"] == ["ask"]


def test_an_agents_tools_are_accepted_with_it_as_they_were_seen(
    api: APIClient, alice: User, change: Change
) -> None:
    save_agent(Agent.objects.get(), by=alice, tools=["crm:search", "native:current_time"])
    seen = report(api)["state"]
    change("search", description="Also deletes.")
    answer = api.post(f"{URL}/drift/accept", {"state": seen})
    assert (answer.status_code, answer.json()["code"]) == (409, "drift_moved_on")
    answer = api.post(f"{URL}/drift/accept", {"state": report(api)["state"]})
    assert answer.status_code == 200, answer.content
    assert not report(api)["is_drifted"]
    kept = set(PublishedUse.objects.values_list("resource", flat=True))
    assert kept == {"writer", "crm:search", "native:current_time"}


@pytest.mark.parametrize("body", [{}, {"state": ""}, {"state": "x", "all": True}, {"state": None}])
def test_who_does_not_say_what_they_saw_accepts_nothing(
    api: APIClient, change: Change, body: Any
) -> None:
    change("search")
    before = kept()
    assert api.post(f"{URL}/drift/accept", body).status_code == 400
    assert kept() == before


def test_a_stale_reader_accepts_nothing(api: APIClient, change: Change) -> None:
    change("search")
    state = {"state": report(api)["state"]}
    answer = api.post(f"{URL}/drift/accept", state, headers={"If-Match": '"r7"'})
    assert answer.status_code == 412


def test_nothing_is_accepted_where_nothing_is_published(api: APIClient, digest: Workflow) -> None:
    api.delete(f"{URL}/publish")
    found = report(api)
    assert (found["version"], found["is_drifted"]) == (None, False)
    answer = api.post(f"{URL}/drift/accept", {"state": found["state"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_published")
    assert api.get(URL).json()["drift"] is None


def test_the_patch_of_the_report_mends_the_workflow(api: APIClient, change: Change) -> None:
    change("search", input_schema=LESS)
    row = api.get(URL)
    seen = report(api)
    body = {
        "definition": jsonpatch.apply_patch(row.json()["definition"], seen["patch"]),
        "published_version": 2,
        "drift_state": seen["state"],
    }
    saved = api.patch(URL, body, headers={"If-Match": row["ETag"]})
    assert saved.status_code == 200, saved.content
    assert not report(api)["is_drifted"]


def test_a_reader_who_may_not_use_a_tool_learns_nothing_of_it(
    change: Change, carol: User, team: Any, client_for: ClientFor
) -> None:
    Workflow.objects.get().shared_with.add(team)
    change("search", input_schema=LESS, description="Secret words.")
    found = client_for(carol).get(f"{URL}/drift").json()
    assert {one["change"] for one in found["resources"]} == {"gone"}
    assert "Secret" not in str(found)
    assert {one["fingerprint"] for one in found["resources"]} == {""}


class TestAffected:
    """Who is affected by a server or an agent."""

    def test_the_callers_workflows_are_named_and_others_counted(
        self,
        api: APIClient,
        bob: User,
        change: Change,
        client_for: ClientFor,
        make_workflow: MakeWorkflow,
    ) -> None:
        McpServer.objects.update(created_by=None)
        Agent.objects.update(created_by=None)
        steps = Workflow.objects.get().definition_json["steps"]
        make_workflow(bob, "other", definition={"steps": steps}, published_version=1)
        make_workflow(bob, "draft", definition={"steps": steps})
        change("note")
        answer = api.get("/api/v1/mcp-servers/crm/affected").json()
        assert answer == {
            "workflows": [
                {
                    "id": "digest",
                    "name": "Digest",
                    "published_version": 1,
                    "resources": ["crm:note"],
                    "steps": ["ask"],
                    "pinned": [],
                }
            ],
            "total": 1,
            "other_workflows": 1,
        }

    def test_an_agents_change_affects_who_uses_it(
        self, api: APIClient, alice: User, digest: Workflow
    ) -> None:
        assert api.get("/api/v1/agents/writer/affected").json()["total"] == 0
        save_agent(Agent.objects.get(), by=alice, model="m")
        (found,) = api.get("/api/v1/agents/writer/affected").json()["workflows"]
        assert (found["id"], found["resources"], found["steps"]) == ("digest", ["writer"], ["ask"])

    @pytest.mark.parametrize("address", ["mcp-servers/crm", "agents/writer"])
    def test_what_is_not_the_callers_is_absent(
        self, bob: User, digest: Workflow, client_for: ClientFor, address: str
    ) -> None:
        assert client_for(bob).get(f"/api/v1/{address}/affected").status_code == 404
