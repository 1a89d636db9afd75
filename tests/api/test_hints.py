"""Bodies, filters and searches that name another's things get the answers that invented names get."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from generation.models import Generation
from tests.api.conftest import World
from tests.api.routes import STEPS
from tests.api.world import ABSENT, MARK, Ids, definition_using, everything
from workflows import services

API = "/api/v1"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def bodies(ids: Ids) -> dict[str, tuple[str, str, Any]]:
    """What bob sends: method, address, body."""
    using = definition_using(ids, name="Mine")
    # The one id in it that is a step's own.
    using["steps"][1] |= {"id": "use", "arguments": {"text": "a"}}
    judged = {
        "id": "fan",
        "type": "parallel",
        "branches": [{"id": "one", "steps": STEPS}],
        "aggregation": "best",
        "judge_agent_id": ids.agent,
    }
    allowed = {"id": "ask", "type": "agent", "agent": {"tools": [f"{ids.server}:{ids.tool}"]}}
    result = {"workflow": {"id": "result", **using}, "agents_to_create": []}
    plain = {
        "workflow": {"name": "Plain", "steps": [{"id": "a", "type": "agent", "agent_id": "x"}]}
    }
    new_agent = {"id": "helper", "name": "Helper", "tools": [f"{ids.server}:{ids.tool}"]}
    needing = {**plain, "agents_to_create": [{**new_agent, "id": "x"}]}
    workflows = f"{API}/workflows"
    return {
        "create": ("post", workflows, {"id": "mine", "definition": using}),
        "replace": ("put", f"{workflows}/bobs", {"name": "Bobs", "definition": using}),
        "change": ("patch", f"{workflows}/bobs", {"definition": using}),
        "judge": ("patch", f"{workflows}/bobs", {"definition": {"steps": [judged]}}),
        "allow": ("patch", f"{workflows}/bobs", {"definition": {"steps": [allowed]}}),
        "share": ("patch", f"{workflows}/bobs", {"shared_with": [ids.group]}),
        "validate": ("post", f"{workflows}/validate", {"definition": using}),
        "validate stored": ("post", f"{workflows}/bobs/validate", {"definition": using}),
        "execute what was stored": ("post", f"{workflows}/using/execute", {}),
        "simulate what was stored": ("post", f"{workflows}/using/execute", {"simulate": True}),
        "agents of a template": (
            "post",
            f"{workflows}/templates/open/instantiate",
            {"id": "made", "agents": {"somebody": ids.agent}},
        ),
        "servers of a template": (
            "post",
            f"{workflows}/templates/open/instantiate",
            {"id": "made", "mcps": {"somewhere": ids.server}},
        ),
        "agent's tools": (
            "post",
            f"{API}/agents",
            {"id": "helper", "name": "Helper", "tools": [f"{ids.server}:{ids.tool}"]},
        ),
        "agent's groups": (
            "post",
            f"{API}/agents",
            {"id": "helper", "name": "Helper", "shared_with": [ids.group]},
        ),
        "server's groups": (
            "post",
            f"{API}/mcp-servers",
            {"name": "Mine", "url": "https://example.org/mcp", "shared_with": [ids.group]},
        ),
        "apply a generation": (
            "post",
            f"{workflows}/generate/apply",
            {"generation_id": ids.generation},
        ),
        "apply an edited generation": (
            "post",
            f"{workflows}/generate/apply",
            {"generation_id": ids.generation, "result": result},
        ),
        "apply to a workflow": (
            "post",
            f"{workflows}/generate/apply",
            {"result": result, "workflow_id": ids.workflow},
        ),
        "apply what uses": ("post", f"{workflows}/generate/apply", {"result": result}),
        "apply with an agent": (
            "post",
            f"{workflows}/generate/apply",
            {"result": plain, "agents": {"map": {"x": ids.agent}}},
        ),
        "apply an agent with a tool": (
            "post",
            f"{workflows}/generate/apply",
            {"result": needing},
        ),
        "generate in words": (
            "post",
            f"{workflows}/generate",
            {"prompt": f"Ask {ids.agent} and call {ids.server}:{ids.tool} with the text."},
        ),
        "log in as": (
            "post",
            f"{API}/auth/login",
            {"name": ids.owner, "password": "not the password"},
        ),
    }


def queries(ids: Ids) -> list[str]:
    """What bob searches and filters by."""
    tool = f"{ids.server}:{ids.tool}"
    return [
        *(f"workflows?archived=true&{name}" for name in (
            f"uses_agent={ids.agent}", f"uses_tool={tool}", f"created_by={ids.owner}",
            f"source_template_id={ids.template}", f"search={ids.workflow}", f"category={ids.workflow}",
            f"tag={ids.workflow}",
        )),
        f"workflows/templates?search={ids.template}",
        f"workflows/executions?workflow_id={ids.workflow}",
        f"agents?search={ids.agent}",
        f"agents?created_by={ids.owner}",
        f"mcp-servers?search={ids.server}",
        f"workflows/resources/agents?search={ids.agent}",
        f"workflows/resources/mcps?search={ids.server}",
        f"workflows/resources/tools?search={ids.tool}",
        f"workflows/resources/tools?source=mcp:{ids.server}",
    ]  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """A part of a test whose changes are taken back."""
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


@pytest.fixture
def bobs(world: World) -> World:
    """Beside alice's world: a workflow of bob's, one that names alice's things, one that names nobody's, a template."""
    plain = {"name": "Plain", "steps": STEPS}
    services.create_workflow(by=world.bob, definition={**plain, "id": "bobs"})
    asking = {"id": "ask", "type": "agent", "agent_id": "somebody"}
    calling = {"id": "use", "type": "tool", "tool": "somewhere:something"}
    services.create_workflow(
        by=world.bob,
        definition={"id": "open", "name": "Open", "steps": [asking, calling]},
        is_template=True,
    )
    return world


def told(world: World, ids: Ids, name: str) -> tuple[int, str]:
    """Status and body for a body that names `ids`, made comparable; what it stored is taken back."""
    method, address, body = bodies(ids)[name]
    with undone():
        if "/using/" in address:
            using = {**definition_using(ids, name="Using"), "id": "using"}
            services.create_workflow(by=world.bob, definition=using)
        answer = getattr(world.outsider, method)(address, body)
    text = re.sub(r'"request_id":"[^"]*"', "", answer.content.decode()).replace(ABSENT, MARK)
    # A hash of what holds the id differs as the id does.
    text = re.sub(r'"(content_hash|request_hash)":"[^"]*"', "", text)
    return answer.status_code, UUID.sub("(uuid)", MOMENT.sub("(moment)", text))


@pytest.mark.parametrize("name", bodies(Ids()))
def test_a_body_that_names_anothers_thing_is_answered_like_an_invented_name(
    bobs: World, name: str
) -> None:
    named, invented = told(bobs, bobs.ids, name), told(bobs, bobs.absent, name)
    assert named == invented
    assert named[0] < 500


@pytest.mark.parametrize("name", bodies(Ids()))
def test_no_answer_suggests_a_similar_name_of_another(bobs: World, name: str) -> None:
    method, address, body = bodies(bobs.absent)[name]
    answer = getattr(bobs.outsider, method)(address, body)
    assert MARK not in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["apply a generation", "apply an edited generation", "apply to a workflow"]
)
def test_what_names_anothers_generation_or_workflow_changes_nothing(bobs: World, name: str) -> None:
    method, address, body = bodies(bobs.ids)[name]
    before = everything()
    assert getattr(bobs.outsider, method)(address, body).status_code == 404
    assert everything() == before
    assert Generation.objects.get(pk=bobs.ids.generation).applied_at is None


@pytest.mark.parametrize("position", range(len(queries(Ids()))))
def test_filters_and_searches_find_nothing_of_another(bobs: World, position: int) -> None:
    query = queries(bobs.ids)[position]
    answer = bobs.outsider.get(f"{API}/{query}")
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert (
        not bobs.outsider.get(f"{API}/{query}{'&total=true' * ('tools' not in query)}")
        .json()
        .get("total")
    )


@pytest.mark.parametrize("position", range(len(queries(Ids()))))
def test_the_same_filters_find_ones_own(world: World, position: int) -> None:
    query = queries(world.ids)[position]
    if "category=" in query or "tag=" in query:
        query = query.replace(world.ids.workflow, MARK)
    if "source_template_id" in query:
        body = {"id": "made", "name": "Made"}
        address = f"{API}/workflows/templates/{world.ids.template}/instantiate"
        assert world.owner.post(address, body).status_code == 201
    assert world.owner.get(f"{API}/{query}").json()["results"]


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("workflows", {"id": Ids().workflow, "name": "Mine", "definition": {"steps": STEPS}}),
        ("workflows", {"id": Ids().archived, "name": "Mine", "definition": {"steps": STEPS}}),
        ("agents", {"id": Ids().agent, "name": "Mine"}),
        (
            "mcp-servers",
            {"id": Ids().server, "name": "Mine", "url": "https://example.org/mcp"},
        ),
    ],
)
def test_a_taken_id_is_the_one_thing_that_is_told(
    world: World, address: str, body: dict[str, Any]
) -> None:
    before = everything()
    answer = world.outsider.post(f"{API}/{address}", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
    assert world.ids.owner not in json.dumps(answer.json())
    assert everything() == before
