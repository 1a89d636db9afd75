"""Storing a workflow."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from audit.models import AuditEntry
from discovery.models import Agent
from tests.conftest import ClientFor
from tests.workflows.conftest import definition, stats_step
from workflows.models import Workflow, WorkflowVersion

URL = "/api/v1/workflows"


def test_a_stored_workflow_is_read_back_in_canonical_form(api: APIClient) -> None:
    made = api.post(
        URL,
        {"id": "digest", "name": "Digest", "tags": ["a", "b", "a"], "definition": definition()},
    )
    assert made.status_code == 201
    assert made["ETag"] == '"r1"'
    assert made["Location"] == "/api/v1/workflows/digest"
    body = made.json()
    assert body["tags"] == ["a", "b"]
    assert body["created_by"] == "alice"
    assert (body["version"], body["revision"], body["can_execute"]) == (1, 1, True)
    assert body["definition"]["entry_step"] == "stats"
    assert body["definition"]["steps"][0]["next"] == "end"
    assert body["validation"]["problems"] == []
    read = api.get(f"{URL}/digest")
    assert read["ETag"] == '"r1"'
    assert read.json() == {key: value for key, value in body.items() if key != "validation"}


def test_the_first_version_is_kept(api: APIClient) -> None:
    api.post(URL, {"id": "digest", "name": "D", "message": "first", "definition": definition()})
    version = WorkflowVersion.objects.get()
    assert (version.workflow_id, version.number, version.message) == ("digest", 1, "first")
    assert version.definition_json == Workflow.objects.get().definition_json
    assert len(version.content_hash) == 64


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Triage a ticket", "triage-a-ticket"),
        ("Überblick 2024!", "uberblick-2024"),
        ("42 ways", "ways"),
        ("日本語", "workflow"),
        ("New", "new-2"),
    ],
)
def test_an_id_is_made_from_the_name(api: APIClient, name: str, expected: str) -> None:
    assert api.post(URL, {"name": name, "definition": definition()}).json()["id"] == expected


def test_a_second_workflow_of_the_same_name_gets_the_next_id(api: APIClient) -> None:
    ids = [api.post(URL, {"name": "Digest", "definition": {}}).json()["id"] for _ in range(3)]
    assert ids == ["digest", "digest-2", "digest-3"]


def test_a_workflow_without_steps_is_a_draft(api: APIClient) -> None:
    made = api.post(URL, {"name": "Nothing yet"}).json()
    assert made["can_execute"] is False
    assert made["definition"]["steps"] == []


def test_an_unknown_agent_makes_a_draft_that_names_it(api: APIClient) -> None:
    steps = {"id": "ask", "type": "agent", "agent_id": "nobody"}
    made = api.post(URL, {"name": "Ask", "definition": definition(steps)})
    assert made.status_code == 201
    assert made.json()["can_execute"] is False
    assert made.json()["validation"]["missing_agents"] == ["nobody"]
    assert made.json()["validation"]["blocked_steps"] == ["ask"]


def test_another_users_agent_looks_like_one_that_does_not_exist(api: APIClient, bob: User) -> None:
    Agent.objects.create(id="bobs", name="Bob's", created_by=bob)
    answers = []
    for agent in ("bobs", "nobs"):
        step = {"id": "ask", "type": "agent", "agent_id": agent}
        body = api.post(URL, {"name": "Ask", "id": f"ask-{agent}", "definition": definition(step)})
        found = body.json()["validation"]
        answers.append(str(found).replace(agent, "AGENT"))
    assert answers[0] == answers[1]
    assert Workflow.objects.get(id="ask-bobs").agent_uses.count() == 0


def test_what_is_used_is_recorded(api: APIClient, alice: User) -> None:
    Agent.objects.create(id="mine", name="Mine", created_by=alice)
    step = {"id": "ask", "type": "agent", "agent_id": "mine", "next": "stats"}
    api.post(URL, {"name": "Ask", "id": "ask", "definition": definition(step, stats_step())})
    workflow = Workflow.objects.get()
    assert [use.agent_id for use in workflow.agent_uses.all()] == ["mine"]
    assert [(use.tool, use.server_id) for use in workflow.tool_uses.all()] == [
        ("native:text_stats", None)
    ]


def test_a_taken_id_is_refused_without_naming_its_owner(
    api: APIClient, bob: User, client_for: ClientFor
) -> None:
    client_for(bob).post(URL, {"id": "digest", "name": "Bob's own", "definition": definition()})
    refused = api.post(URL, {"id": "digest", "name": "Digest", "definition": definition()})
    assert (refused.status_code, refused.json()["code"]) == (409, "id_taken")
    assert "bob" not in refused.content.decode().lower()
    assert Workflow.objects.get().name == "Bob's own"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"definition": {}}, "required", "/name"),
    ({"name": "x", "id": "new"}, "reserved_id", "/id"),
    ({"name": "x", "id": "1x"}, "invalid", "/id"),
    ({"name": "x", "id": "x\n"}, "invalid", "/id"),
    ({"name": "x", "id": "a", "definition": {"id": "b"}}, "two_ids", "/id"),
    ({"name": ""}, "blank", "/name"),
    ({"name": " "}, "invalid", "/name"),
    ({"name": 5}, "wrong_type", "/name"),
    ({"name": "x" * 201}, "max_length", "/name"),
    ({"name": "x", "naem": "y"}, "unknown_field", "/naem"),
    ({"name": "x", "version": 7}, "read_only", "/version"),
    ({"name": "x", "created_by": "bob"}, "read_only", "/created_by"),
    ({"name": "x", "is_active": False}, "read_only", "/is_active"),
    ({"name": "x", "can_execute": True}, "read_only", "/can_execute"),
    ({"name": "x", "source_template_id": "t"}, "read_only", "/source_template_id"),
    ({"name": "x", "is_template": "yes"}, "wrong_type", "/is_template"),
    ({"name": "x", "is_published": True}, "not_a_template", "/is_published"),
    ({"name": "x", "published_version": 2}, "unknown_version", "/published_version"),
    ({"name": "x", "shared_with": ["strangers"]}, "unknown_group", "/shared_with"),
    ({"name": "x", "tags": [1]}, "wrong_type", "/tags/0"),
    ({"name": "x", "layout": {"a": {"x": 1, "y": "2"}}}, "wrong_type", "/layout/a/y"),
    ({"name": "x", "definition": []}, "wrong_type", "/definition"),
    ({"name": "x", "definition": {"steps": 5}}, "invalid_definition", "/definition"),
]


@pytest.mark.parametrize(("body", "code", "pointer"), REFUSED)
def test_what_can_not_be_stored_is_refused_with_its_place(
    api: APIClient, body: dict[str, Any], code: str, pointer: str
) -> None:
    refused = api.post(URL, body)
    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    assert [(error["code"], error["pointer"]) for error in refused.json()["errors"]] == [
        (code, pointer)
    ]
    assert Workflow.objects.count() == 0


def test_the_nearest_field_is_named(api: APIClient) -> None:
    refused = api.post(URL, {"name": "x", "definitions": {}})
    assert "'definition'" in refused.json()["detail"]


def test_a_broken_definition_is_refused_with_all_its_problems(api: APIClient) -> None:
    steps = [{"id": "1", "type": "tool"}, {"id": "b", "type": "tol"}]
    problems = api.post(URL, {"name": "x", "definition": {"steps": steps}}).json()["problems"]
    assert {problem["path"].split("/")[2] for problem in problems} == {"0", "1"}
    assert Workflow.objects.count() == 0


def test_the_anonymous_may_not_store(db: None, anonymous: APIClient) -> None:
    refused = anonymous.post(URL, {"name": "x"})
    assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated")
    assert Workflow.objects.count() == 0


def test_the_same_request_twice_stores_one_workflow(api: APIClient) -> None:
    body = {"name": "Digest", "definition": definition()}
    first = api.post(URL, body, headers={"Idempotency-Key": "k1"})
    again = api.post(URL, body, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert Workflow.objects.count() == 1


def test_a_key_used_for_another_body_is_refused(api: APIClient) -> None:
    api.post(URL, {"name": "Digest"}, headers={"Idempotency-Key": "k1"})
    refused = api.post(URL, {"name": "Other"}, headers={"Idempotency-Key": "k1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert [row.name for row in Workflow.objects.all()] == ["Digest"]


def test_two_users_may_use_the_same_key(api: APIClient, bob: User, client_for: ClientFor) -> None:
    for client in (api, client_for(bob)):
        answer = client.post(URL, {"name": "Digest"}, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    assert Workflow.objects.count() == 2


def test_storing_asks_a_known_number_of_queries(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    body = {"id": "fresh", "name": "Fresh", "definition": definition()}
    # One looks the token up; between the two of a savepoint row, version, use and the trail's entry are written by one.
    with django_assert_num_queries(4):
        assert api.post(URL, body).status_code == 201
    body = {
        **body,
        "id": "other",
        "definition": definition({"id": "ask", "type": "agent", "agent_id": "nobody"}),
    }
    # An agent is looked up in the catalogue.
    with django_assert_num_queries(5):
        assert api.post(URL, body).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_storing_is_one_statement_without_a_transaction(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # The other looks the token up.
    with django_assert_num_queries(2):
        assert api.post(URL, {"id": "fresh", "name": "Fresh"}).status_code == 201
    entry = AuditEntry.objects.get(object_id="fresh")
    assert (entry.action, entry.actor_name) == ("created", "alice")
    refused = api.post(URL, {"id": "fresh", "name": "Again"})
    assert (refused.status_code, AuditEntry.objects.count()) == (409, 1)
    refused = api.post(URL, {"id": "strange", "name": "Shared", "shared_with": ["strangers"]})
    assert (refused.status_code, AuditEntry.objects.count()) == (400, 1)
    assert list(Workflow.objects.values_list("pk", flat=True)) == ["fresh"]
