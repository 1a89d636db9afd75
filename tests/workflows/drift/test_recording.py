"""What publishing keeps of the agents and tools that are used."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from rest_framework.test import APIClient

from discovery.fingerprints import contract_hash, native_hashes
from discovery.models import Agent, McpTool
from tests.workflows.conftest import definition, stats_step
from tests.workflows.drift.conftest import SEARCH, Change
from workflows.models import PublishedUse, Workflow

URL = "/api/v1/workflows/digest"
BROKEN = {"steps": [{"id": "ask", "type": "agent", "agent_id": "nobody"}]}


def kept() -> dict[str, str]:
    rows = PublishedUse.objects.filter(workflow="digest")
    return dict(rows.values_list("resource", "fingerprint"))


def test_publishing_keeps_the_agent_its_tools_and_those_of_steps(digest: Workflow) -> None:
    agent = Agent.objects.get()
    assert kept() == {
        "writer": agent.fingerprint,
        "crm:search": "search as published",
        "crm:note": "note as published",
    }
    use = PublishedUse.objects.get(resource="crm:search")
    assert (use.kind, use.version, use.content_json["input_schema"]) == ("tool", 1, SEARCH)
    assert (use.recorded_by, use.contract_hash) == (
        digest.created_by,
        contract_hash(McpTool.objects.get(name="search")),
    )


def test_publishing_again_keeps_what_stands_there_now(api: APIClient, change: Change) -> None:
    change("search")
    state = api.get(f"{URL}/drift").json()["state"]
    assert api.post(f"{URL}/publish", {"state": state}).status_code == 200
    assert kept()["crm:search"] == "search changed"


def test_a_dry_run_keeps_nothing_new(api: APIClient, change: Change) -> None:
    change("search")
    api.post(f"{URL}/publish", {"dry_run": True})
    assert kept()["crm:search"] == "search as published"


def test_another_version_is_kept_instead(api: APIClient, digest: Workflow) -> None:
    api.put(URL, {"name": "Digest", "definition": definition(stats_step())})
    api.patch(URL, {"published_version": 2})
    assert kept() == {"native:text_stats": native_hashes()["native:text_stats"]}


@pytest.mark.parametrize("way", ["delete", "patch"])
def test_nothing_is_kept_of_what_is_published_no_more(
    api: APIClient, digest: Workflow, way: str
) -> None:
    if way == "delete":
        api.delete(f"{URL}/publish")
    else:
        api.patch(URL, {"published_version": None})
    assert kept() == {}


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_save_does_not_publish_a_version_with_errors(
    api: APIClient, digest: Workflow, method: str
) -> None:
    api.put(URL, {"name": "Digest", "definition": BROKEN})
    before = Workflow.objects.values().get(), kept()
    body: dict[str, Any] = {"name": "Digest", "definition": BROKEN, "published_version": 2}
    answer = getattr(api, method)(URL, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_executable")
    assert "unknown_agent" in {problem["code"] for problem in answer.json()["problems"]}
    assert (Workflow.objects.values().get(), kept()) == before


def test_a_new_workflow_with_errors_is_not_published(api: APIClient) -> None:
    body = {"name": "New", "definition": BROKEN, "published_version": 1}
    assert api.post("/api/v1/workflows", body).json()["code"] == "not_executable"
    assert not Workflow.objects.exists()


def test_a_save_that_repeats_the_published_version_accepts_nothing(
    api: APIClient, change: Change
) -> None:
    change("search")
    assert api.patch(URL, {"published_version": 1, "category": "x"}).status_code == 200
    assert kept()["crm:search"] == "search as published"


def test_the_migration_keeps_what_stood_there(digest: Workflow) -> None:
    before = list(PublishedUse.objects.order_by("resource").values_list(*FIELDS))
    PublishedUse.objects.all().delete()
    import_module("workflows.migrations.0006_record_published_uses").record(apps, None)
    assert list(PublishedUse.objects.order_by("resource").values_list(*FIELDS)) == before


FIELDS = (
    *("resource", "kind", "version", "server", "name", "fingerprint", "contract_hash"),
    *("told_fingerprint", "content_json"),
)


def test_words_of_a_schema_are_no_part_of_the_contract(change: Change) -> None:
    before = contract_hash(McpTool.objects.get(name="search"))
    worded = {
        "title": "Search",
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What to look for."},
            "limit": {"type": "integer", "examples": [5]},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
    assert contract_hash(change("search", description="Other.", input_schema=worded)) == before
    named = {**SEARCH, "properties": {**SEARCH["properties"], "description": {"type": "string"}}}
    assert contract_hash(change("search", input_schema=named)) != before
    assert contract_hash(change("search", input_schema=SEARCH, destructive=True)) != before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instructions", "Write more."),
        ("goal", "x"),
        ("role", "Poet"),
        ("name", "Poet"),
        ("model", "m"),
        ("tools", []),
        ("output_schema", {"type": "object"}),
        ("temperature", 0.5),
        ("max_turns", 3),
        ("is_active", False),
    ],
)
def test_what_matters_of_an_agent_is_in_its_fingerprint(
    writer: Agent, field: str, value: Any
) -> None:
    before = writer.fingerprint
    Agent.objects.update(**{field: value})
    assert Agent.objects.get().fingerprint != before


def test_words_about_an_agent_are_not(writer: Agent) -> None:
    Agent.objects.update(role="Writer", description="Other.")
    before = Agent.objects.get().fingerprint
    Agent.objects.update(name="Other", description="Words.", version=9)
    assert (Agent.objects.get().fingerprint, before) == (before, writer.fingerprint)
