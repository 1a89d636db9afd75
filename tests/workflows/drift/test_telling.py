"""Each change of what a published workflow uses is told once, as an event that can be followed."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from discovery import refreshing
from discovery.models import Agent, McpServer, McpTool
from discovery.refreshing import refresh_servers, sync_stdio_servers
from discovery.services import save_agent, save_mcp_server
from tests.discovery.conftest import WriteConfig, operators_file
from tests.fakes.mcp_servers.commands import entry
from tests.fakes.mcp_servers.misbehaving import tool
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.drift.conftest import Change
from workflows.drift.telling import tell_of_all
from workflows.models import PublishedUse, Workflow

__all__ = ["operators_file"]

URL = "/api/v1/workflows/digest"


def events(api: APIClient, workflow: str = "digest") -> list[dict[str, Any]]:
    answer = api.get(f"/api/v1/workflows/{workflow}/events")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    assert [one["number"] for one in found] == list(range(1, len(found) + 1))
    return found


def told(api: APIClient) -> list[tuple[str, str]]:
    found = [one["data"] for one in events(api) if one["kind"] == "drift"]
    return [(one["resource"], one["change"]) for one in found]


def test_publishing_is_told(api: APIClient, digest: Workflow) -> None:
    (event,) = events(api)
    assert (event["kind"], event["data"]) == ("published", {"version": 1, "by": "alice"})


def test_a_change_is_told_once_and_again_when_it_comes_back(api: APIClient, change: Change) -> None:
    change("search")
    assert (tell_of_all(), tell_of_all()) == (1, 0)
    (event,) = [one for one in events(api) if one["kind"] == "drift"]
    assert event["data"] == {
        "version": 1,
        "kind": "tool",
        "resource": "crm:search",
        "change": "changed",
        "published_fingerprint": "search as published",
        "fingerprint": "search changed",
    }
    since = PublishedUse.objects.get(resource="crm:search").drifted_at
    assert since is not None
    change("search", schema_hash="other again")
    tell_of_all()
    assert PublishedUse.objects.get(resource="crm:search").drifted_at == since
    change("search", schema_hash="search as published")
    tell_of_all()
    assert PublishedUse.objects.get(resource="crm:search").drifted_at is None
    assert [change for _, change in told(api)] == ["changed", "changed", "back"]


def test_what_is_accepted_is_not_told_again(api: APIClient, change: Change) -> None:
    change("search", description="x")
    state = api.get(f"{URL}/drift").json()["state"]
    api.post(f"{URL}/drift/accept", {"state": state})
    tell_of_all()
    assert [one["kind"] for one in events(api)] == ["published", "drift_accepted"]


def test_a_followers_next_question_begins_after_the_last(api: APIClient, change: Change) -> None:
    change("search")
    tell_of_all()
    answer = api.get(f"{URL}/events", {"after": 1}).json()
    assert ([one["number"] for one in answer["results"]], answer["last"]) == ([2], 2)
    assert answer["is_finished"] is False


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Whoever changes something tells of it with the commit."""

    def test_an_agent(self, api: APIClient, alice: User, digest: Workflow) -> None:
        save_agent(Agent.objects.get(), by=alice, goal="More.")
        save_agent(Agent.objects.get(), by=alice, is_active=False)
        assert told(api) == [("writer", "changed"), ("writer", "gone")]

    def test_a_server_that_is_disabled(self, api: APIClient, alice: User, digest: Workflow) -> None:
        save_mcp_server(McpServer.objects.get(), by=alice, is_active=False)
        assert sorted(told(api)) == [("crm:note", "gone"), ("crm:search", "gone")]

    def test_a_refresh_of_a_real_server_that_offers_something_else(
        self,
        api: APIClient,
        alice: User,
        operators_file: WriteConfig,
        make_workflow: MakeWorkflow,
        tmp_path: Path,
    ) -> None:
        listed = tmp_path / "tools.json"
        listed.write_text(json.dumps([tool("go"), tool("stay")]))
        operators_file(ops=entry("from-file", str(listed)))
        sync_stdio_servers()
        refresh_servers(["ops"])
        step = {"id": "call", "type": "tool", "tool": "ops:go"}
        make_workflow(alice, "digest", definition={"steps": [step]}, published_version=1)
        refresh_servers(["ops"])
        assert told(api) == []
        listed.write_text(json.dumps([tool("go", description="Another."), tool("stay")]))
        refresh_servers(["ops"])
        assert told(api) == [("ops:go", "changed")]
        operators_file()
        sync_stdio_servers()
        assert McpServer.objects.get().error == refreshing.REMOVED
        assert told(api) == [("ops:go", "changed"), ("ops:go", "gone")]

    def test_five_hundred_workflows_take_few_queries(
        self, alice: User, digest: Workflow, django_assert_max_num_queries: Any
    ) -> None:
        template = PublishedUse.objects.get(resource="crm:search")
        copies = [
            Workflow(
                id=f"w{number}",
                name="w",
                definition_json=digest.definition_json,
                published_version=1,
                created_by=alice,
            )
            for number in range(500)
        ]
        Workflow.objects.bulk_create(copies)
        for copy in copies:
            template.pk, template.workflow = None, copy
            template._state.adding = True
            template.save()
        McpTool.objects.filter(name="search").update(schema_hash="another")
        with django_assert_max_num_queries(40):
            assert tell_of_all() == 501
