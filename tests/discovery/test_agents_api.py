"""Agents over REST."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from discovery.models import Agent
from tests.conftest import ClientFor
from tests.discovery.conftest import MakeAgent, MakeServer, MakeTool
from workflows.models import AgentUse, Workflow

pytestmark = pytest.mark.django_db

AGENTS = "/api/v1/agents"


def workflow_using(agent: Agent, pk: str, owner: User) -> Workflow:
    workflow = Workflow.objects.create(pk=pk, name=pk.title(), created_by=owner, definition_json={})
    AgentUse.objects.create(workflow=workflow, agent=agent)
    return workflow


class TestCreating:
    def test_makes_an_agent_of_the_caller(self, api: APIClient, alice: User) -> None:
        body = {
            "id": "writer",
            "name": "Writer",
            "description": "Writes.",
            "agent_type": "chat",
            "model": None,
            "role": "Author",
            "goal": "Clear text",
            "instructions": "Be brief.",
            "tools": ["native:text_stats"],
            "output_schema": {"type": "object"},
            "temperature": 0.5,
            "max_turns": 3,
        }
        answer = api.post(AGENTS, body)
        assert answer.status_code == 201
        shown = answer.json()
        assert {key: shown[key] for key in body} == body
        assert (shown["created_by"], shown["version"], shown["is_active"]) == ("alice", 1, True)
        assert Agent.objects.get().created_by == alice

    def test_makes_an_id_from_the_name(self, api: APIClient) -> None:
        ids = [api.post(AGENTS, {"name": "Möbel & Co. 24/7"}).json()["id"] for _ in range(3)]
        assert ids == ["mobel-co-24-7", "mobel-co-24-7-2", "mobel-co-24-7-3"]

    def test_a_name_without_latin_letters_still_gives_an_id(self, api: APIClient) -> None:
        assert api.post(AGENTS, {"name": "作家"}).json()["id"] == "agent"

    def test_a_taken_id_is_refused_without_naming_the_owner(
        self, api: APIClient, bob: User, make_agent: MakeAgent
    ) -> None:
        make_agent("writer", bob, description="Bob's")
        answer = api.post(AGENTS, {"id": "writer", "name": "Mine"})
        assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
        assert "bob" not in answer.content.decode().lower()
        assert Agent.objects.get().name == "Writer"

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": "x" * 201}, "/name"),
            ({"id": "1st"}, "/id"),
            ({"id": "a\n"}, "/id"),
            ({"agent_type": "robot"}, "/agent_type"),
            ({"temperature": 3}, "/temperature"),
            ({"max_turns": 0}, "/max_turns"),
            ({"max_turns": 101}, "/max_turns"),
            ({"tools": "native:text_stats"}, "/tools"),
            ({"tools": ["native:none"]}, "/tools/0"),
            ({"tools": ["native:text_stats", "native:text_stats"]}, "/tools/1"),
            ({"tools": ["nocolon"]}, "/tools/0"),
            ({"output_schema": {"type": "thing"}}, "/output_schema"),
            ({"output_schema": []}, "/output_schema"),
            ({"instructions": "x" * 20_001}, "/instructions"),
            ({"created_by": "bob"}, "/created_by"),
            ({"version": 7}, "/version"),
            ({"colour": "red"}, "/colour"),
            ({"shared_with": ["strangers"]}, "/shared_with"),
        ],
    )
    def test_refuses_with_the_place(
        self, api: APIClient, fields: dict[str, Any], pointer: str
    ) -> None:
        answer = api.post(AGENTS, {"name": "Writer", **fields})
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert Agent.objects.count() == 0

    def test_tools_must_exist_for_the_caller(
        self, api: APIClient, alice: User, bob: User, make_server: MakeServer, make_tool: MakeTool
    ) -> None:
        make_tool(make_server("hers", alice), "find")
        make_tool(make_server("his", bob), "find")
        assert api.post(AGENTS, {"name": "A", "tools": ["hers:find"]}).status_code == 201
        answer = api.post(AGENTS, {"name": "B", "tools": ["his:find"]})
        assert answer.json()["code"] == "unknown_tool"
        assert Agent.objects.count() == 1


class TestChanging:
    def test_every_change_makes_the_next_version(
        self, api: APIClient, alice: User, make_agent: MakeAgent
    ) -> None:
        make_agent("writer", alice)
        assert api.patch(f"{AGENTS}/writer", {"role": "Author"}).json()["version"] == 2
        assert api.patch(f"{AGENTS}/writer", {"role": "Author"}).json()["version"] == 2
        assert api.patch(f"{AGENTS}/writer", {"is_active": False}).json()["version"] == 3

    def test_what_was_read_can_be_put_back(
        self, api: APIClient, alice: User, make_agent: MakeAgent
    ) -> None:
        make_agent("writer", alice)
        read = api.get(f"{AGENTS}/writer").json()
        answer = api.put(f"{AGENTS}/writer", read)
        assert (answer.status_code, answer.json()) == (200, read)

    def test_the_id_never_changes(self, api: APIClient, alice: User, make_agent: MakeAgent) -> None:
        make_agent("writer", alice)
        assert api.patch(f"{AGENTS}/writer", {"id": "other"}).status_code == 400
        assert Agent.objects.get().pk == "writer"

    def test_tools_that_are_gone_may_stay(
        self, api: APIClient, alice: User, make_agent: MakeAgent
    ) -> None:
        make_agent("writer", alice, tools=["gone:find"])
        body = {"tools": ["gone:find", "native:text_stats"]}
        assert api.patch(f"{AGENTS}/writer", body).status_code == 200


class TestDeleting:
    def test_deletes_what_nobody_uses(
        self, api: APIClient, alice: User, make_agent: MakeAgent
    ) -> None:
        make_agent("writer", alice)
        assert api.delete(f"{AGENTS}/writer").status_code == 204
        assert Agent.objects.count() == 0

    def test_what_workflows_use_is_protected(
        self, api: APIClient, alice: User, bob: User, make_agent: MakeAgent
    ) -> None:
        agent = make_agent("writer", alice)
        workflow_using(agent, "mine", alice)
        workflow_using(agent, "secret", bob)
        answer = api.delete(f"{AGENTS}/writer")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "in_use")
        assert problem["workflows"] == [{"id": "mine", "name": "Mine"}]
        assert problem["other_workflows"] == 1
        assert "secret" not in answer.content.decode().lower()
        assert Agent.objects.count() == 1

    def test_deactivating_is_always_possible(
        self, api: APIClient, alice: User, make_agent: MakeAgent
    ) -> None:
        workflow_using(make_agent("writer", alice), "mine", alice)
        assert api.patch(f"{AGENTS}/writer", {"is_active": False}).json()["is_active"] is False


class TestOwnership:
    def test_the_anonymous_see_nothing(self, anonymous: APIClient, make_agent: MakeAgent) -> None:
        make_agent("shared")
        for method, path in [
            ("get", AGENTS),
            ("post", AGENTS),
            ("get", f"{AGENTS}/shared"),
            ("put", f"{AGENTS}/shared"),
            ("patch", f"{AGENTS}/shared"),
            ("delete", f"{AGENTS}/shared"),
            ("get", "/api/v1/workflows/resources/agents"),
        ]:
            assert getattr(anonymous, method)(path).status_code == 401, (method, path)
        assert Agent.objects.count() == 1

    def test_an_outsiders_agent_looks_like_none(
        self, client_for: ClientFor, alice: User, bob: User, make_agent: MakeAgent
    ) -> None:
        make_agent("writer", alice)
        outsider = client_for(bob)
        assert outsider.get(AGENTS).json()["results"] == []
        for method in ("get", "put", "patch", "delete"):
            denied = getattr(outsider, method)(f"{AGENTS}/writer", {})
            absent = getattr(outsider, method)(f"{AGENTS}/nobody", {})
            assert denied.status_code == absent.status_code == 404
            assert denied.json()["detail"] == absent.json()["detail"]
        assert Agent.objects.get().version == 1

    def test_everyone_uses_the_installations_and_staff_change_them(
        self, api: APIClient, client_for: ClientFor, staff: User, make_agent: MakeAgent
    ) -> None:
        make_agent("common")
        assert api.get(f"{AGENTS}/common").json()["created_by"] is None
        assert api.patch(f"{AGENTS}/common", {"role": "x"}).status_code == 403
        assert api.delete(f"{AGENTS}/common").status_code == 403
        assert client_for(staff).patch(f"{AGENTS}/common", {"role": "x"}).status_code == 200

    def test_a_group_may_use_and_change_what_is_shared_with_it(
        self,
        api: APIClient,
        client_for: ClientFor,
        alice: User,
        carol: User,
        team: Group,
        make_agent: MakeAgent,
    ) -> None:
        make_agent("writer", alice)
        assert api.patch(f"{AGENTS}/writer", {"shared_with": ["team"]}).json()["shared_with"] == [
            "team"
        ]
        member = client_for(carol)
        assert member.patch(f"{AGENTS}/writer", {"role": "x"}).status_code == 200
        assert member.patch(f"{AGENTS}/writer", {"shared_with": []}).status_code == 403

    def test_a_member_sees_the_groups_they_are_in_and_no_others(
        self,
        api: APIClient,
        client_for: ClientFor,
        alice: User,
        carol: User,
        team: Group,
        make_agent: MakeAgent,
    ) -> None:
        alice.groups.add(Group.objects.create(name="secret"))
        agent = make_agent("writer", alice)
        api.patch(f"{AGENTS}/writer", {"shared_with": ["team", "secret"]})
        member = client_for(carol)
        seen = member.get(f"{AGENTS}/writer").json()
        assert seen["shared_with"] == ["team"]
        assert member.put(f"{AGENTS}/writer", {**seen, "role": "x"}).status_code == 200
        assert api.get(f"{AGENTS}/writer").json()["shared_with"] == ["secret", "team"]
        assert {group.name for group in agent.shared_with.all()} == {"secret", "team"}

    @pytest.mark.parametrize("path", ["%00", "a%00", "1", "x" * 101, "a.b", "%F0%9F%92%A9"])
    def test_ids_that_cannot_be_are_not_found(self, api: APIClient, path: str) -> None:
        assert api.get(f"{AGENTS}/{path}").status_code == 404


class TestLists:
    def test_pages_by_id(self, api: APIClient, alice: User, make_agent: MakeAgent) -> None:
        for name in "edcba":
            make_agent(name, alice)
        first = api.get(f"{AGENTS}?limit=2").json()
        second = api.get(f"{AGENTS}?limit=2&cursor={first['next']}").json()
        assert [row["id"] for row in first["results"] + second["results"]] == ["a", "b", "c", "d"]
        back = api.get(f"{AGENTS}?limit=2&cursor={second['previous']}").json()
        assert back["results"] == first["results"]

    def test_search_finds_all_words_in_id_name_or_description(
        self, api: APIClient, alice: User, make_agent: MakeAgent
    ) -> None:
        make_agent("writer", alice, description="Drafts release notes")
        make_agent("reader", alice)
        found = api.get(f"{AGENTS}?search=NOTES writ").json()["results"]
        assert [row["id"] for row in found] == ["writer"]

    def test_unknown_parameters_are_refused(self, api: APIClient) -> None:
        assert api.get(f"{AGENTS}?serach=x").status_code == 400
        assert api.get(f"{AGENTS}?ordering=created_by__password").status_code == 400

    def test_resources_hold_only_active_agents(
        self, api: APIClient, alice: User, make_agent: MakeAgent
    ) -> None:
        make_agent("on", alice)
        make_agent("off", alice, is_active=False)
        shown = api.get("/api/v1/workflows/resources/agents").json()["results"]
        assert [row["id"] for row in shown] == ["on"]
        assert len(api.get(AGENTS).json()["results"]) == 2
        assert len(api.get(f"{AGENTS}?is_active=false").json()["results"]) == 1

    @pytest.mark.parametrize("path", [AGENTS, "/api/v1/workflows/resources/agents"])
    def test_a_list_costs_the_same_however_long(
        self,
        path: str,
        api: APIClient,
        alice: User,
        team: Group,
        make_agent: MakeAgent,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(20):
            make_agent(f"agent-{number}", alice).shared_with.add(team)
        with django_assert_num_queries(3):  # the token, the page, its groups
            assert len(api.get(path).json()["results"]) == 20
