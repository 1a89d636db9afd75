"""Publishing accepts only those changes of agents and tools that were seen."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from audit.models import AuditEntry
from discovery.models import Agent, McpTool
from discovery.services import save_agent
from tests.workflows.drift.conftest import SEARCH, STEPS, Change
from workflows.models import PublishedUse, Workflow, WorkflowEvent

URL = "/api/v1/workflows/digest"
LESS = {**SEARCH, "properties": {"query": {"type": "string"}}}
MENDED = [{**STEPS[0], "arguments": {"query": "${user_input}"}}, STEPS[1]]


def stored() -> list[Any]:
    return [
        *Workflow.objects.values(),
        *PublishedUse.objects.order_by("pk").values(),
        *WorkflowEvent.objects.values(),
    ]


def look(api: APIClient, **body: Any) -> dict[str, Any]:
    answer = api.post(f"{URL}/publish", {"dry_run": True, **body})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_dry_run_names_what_publishing_accepts(api: APIClient, change: Change) -> None:
    assert look(api)["accepted"] == []
    change("search", description="Other.")
    found = look(api)
    (one,) = found["accepted"]
    assert (one["id"], one["change"], one["fields"]) == ("crm:search", "changed", ["description"])
    assert (one["published_fingerprint"], one["fingerprint"]) == (
        "search as published",
        "search changed",
    )
    assert found["state"] == api.get(f"{URL}/drift").json()["state"]


def test_what_was_not_seen_is_not_accepted(api: APIClient, change: Change) -> None:
    change("search", description="Other.")
    before = stored()
    answer = api.post(f"{URL}/publish", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "drift_not_seen")
    found = answer.json()
    assert found["state"] == look(api)["state"]
    assert [one["id"] for one in found["resources"]] == ["crm:search"]
    assert stored() == before


def test_what_was_seen_is_accepted_and_told(api: APIClient, change: Change) -> None:
    change("search", description="Other.")
    answer = api.post(f"{URL}/publish", {"state": look(api)["state"]})
    assert answer.status_code == 200, answer.content
    assert not api.get(f"{URL}/drift").json()["is_drifted"]
    event = WorkflowEvent.objects.last()
    assert event is not None
    assert event.data == {"version": 1, "by": "alice", "accepted": ["crm:search"]}
    entry = AuditEntry.objects.filter(action="published").latest("pk")
    assert entry.details == {"version": 1, "again": True, "accepted": ["crm:search"]}


def test_what_moved_on_after_the_look_is_told_and_not_accepted(
    api: APIClient, change: Change
) -> None:
    change("search", description="Other.")
    seen = look(api)["state"]
    change("note", description="Also deletes.")
    before = stored()
    answer = api.post(f"{URL}/publish", {"state": seen})
    assert (answer.status_code, answer.json()["code"]) == (409, "drift_moved_on")
    assert [one["id"] for one in answer.json()["resources"]] == ["crm:note", "crm:search"]
    assert answer.json()["state"] == look(api)["state"] != seen
    assert stored() == before


def test_a_state_guards_what_the_version_is_the_first_to_use(
    api: APIClient, alice: User, digest: Workflow
) -> None:
    step = {"id": "note", "type": "tool", "tool": "crm:note", "arguments": {"query": "x"}}
    api.patch(URL, {"definition": {"steps": [step]}})
    PublishedUse.objects.filter(resource="crm:note").delete()
    seen = look(api)["state"]
    McpTool.objects.filter(name="note").update(schema_hash="other")
    answer = api.post(f"{URL}/publish", {"state": seen})
    assert (answer.status_code, answer.json()["code"]) == (409, "drift_moved_on")


def test_a_version_without_what_changed_accepts_nothing(api: APIClient, change: Change) -> None:
    change("search", input_schema=LESS)
    api.patch(URL, {"definition": {"steps": [{**STEPS[1], "input": "Write."}]}})
    assert look(api)["accepted"] == []
    assert api.post(f"{URL}/publish", {}).status_code == 200


def test_an_agents_tool_that_is_gone_is_accepted_knowingly(
    api: APIClient, digest: Workflow
) -> None:
    McpTool.objects.filter(name="note").delete()
    assert [(one["id"], one["change"]) for one in look(api)["accepted"]] == [("crm:note", "gone")]
    assert api.post(f"{URL}/publish", {}).json()["code"] == "drift_not_seen"
    assert api.post(f"{URL}/publish", {"state": look(api)["state"]}).status_code == 200


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_save_publishes_what_was_seen_only(api: APIClient, change: Change, method: str) -> None:
    change("search", input_schema=LESS)
    before = stored()
    body = {"name": "Digest", "definition": {"steps": MENDED}, "published_version": 2}
    answer = getattr(api, method)(URL, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "drift_not_seen")
    assert stored() == before
    answer = getattr(api, method)(URL, {**body, "drift_state": answer.json()["state"]})
    assert answer.status_code == 200, answer.content
    assert not api.get(f"{URL}/drift").json()["is_drifted"]
    entry = AuditEntry.objects.filter(action="published").latest("pk")
    assert entry.details == {"accepted": ["crm:search"]}


def test_a_new_workflow_takes_no_state(api: APIClient, digest: Workflow) -> None:
    answer = api.post("/api/v1/workflows", {"name": "New", "drift_state": "x"})
    assert answer.status_code == 400


def test_many_at_once_accept_nothing(api: APIClient, alice: User, digest: Workflow) -> None:
    save_agent(Agent.objects.get(), by=alice, goal="More.")
    before = stored()
    body = {"action": "publish", "ids": ["digest"]}
    (result,) = api.post("/api/v1/workflows/bulk", body).json()["results"]
    assert (result["is_done"], result["error"]["code"]) == (False, "drift_not_seen")
    assert stored() == before
