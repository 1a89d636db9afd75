"""Statements that are put together once say what the querysets say that they are made of."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import F
from rest_framework.test import APIClient

from common.statements import ListsStatement, Statement, in_the_place_of
from discovery.models import Agent
from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow
from workflows.models import Workflow
from workflows.selectors import workflows_for

URL = "/api/v1/workflows"
BIG = 10**30


def test_a_statement_is_each_callers_own(
    alice: User, bob: User, team: Group, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "hers", layout={"count": {"x": 1.5, "y": BIG}})
    make_workflow(bob, "his")
    someone = in_the_place_of(alice)
    columns = ("id", "layout", "tags", "updated_at")
    statement = Statement(workflows_for(someone).values(*columns), caller=someone.pk)
    for person in (alice, bob):
        assert statement.rows(caller=person.pk) == list(workflows_for(person).values(*columns))


def test_several_lists_are_asked_at_once(alice: User, make_workflow: MakeWorkflow) -> None:
    make_workflow(alice, "hers", tags=["a", "b"], layout={"count": {"x": 1.5, "y": BIG}})
    Agent.objects.create(id="helper", name="Helper", created_by=alice)
    someone = in_the_place_of(alice)
    lists = {
        "workflows": workflows_for(someone).values("id", "tags", "layout", by=F("created_by__username")),
        "agents": Agent.objects.filter(created_by=someone).values("id"),
    }  # fmt: skip
    found = ListsStatement(lists, caller=someone.pk).lists(caller=alice.pk)
    layout = {"count": {"x": 1.5, "y": float(BIG)}}
    hers = {"id": "hers", "tags": ["a", "b"], "layout": layout, "by": "alice"}
    assert found == {"workflows": [hers], "agents": [{"id": "helper"}]}
    assert ListsStatement(lists, caller=someone.pk).lists(caller=-1) == {"workflows": [], "agents": []}  # fmt: skip


def test_what_is_given_must_occur_in_the_query(db: None) -> None:
    with pytest.raises(ValueError, match="caller"):
        Statement(Workflow.objects.filter(name="x").values("id"), caller=-5)


def test_who_is_no_longer_active_reads_nothing(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "hers", is_template=True, is_published=True)
    alice.is_active = False
    api.force_authenticate(alice)
    assert api.get(URL).json()["results"] == []
    assert api.get(f"{URL}/hers").status_code == 404


@pytest.mark.parametrize(
    ("field", "sign"), list(product(("updated_at", "created_at", "name", "id"), ("", "-")))
)
def test_the_plain_list_pages_as_the_filtered_one(
    alice: User, staff: User, team: Group, carol: User, client_for: ClientFor,
    make_workflow: MakeWorkflow, field: str, sign: str,
) -> None:  # fmt: skip
    for number in range(5):
        row = make_workflow(alice, f"w{number}", is_template=number == 1, is_published=number == 1)
        # Two have the same time, so that the key decides.
        moved = row.updated_at - timedelta(minutes=number // 2)
        Workflow.objects.filter(pk=row.pk).update(updated_at=moved, created_at=moved)
    Workflow.objects.get(pk="w3").shared_with.add(team)
    for person, count in ((alice, 5), (staff, 5), (carol, 2)):
        client, seen = client_for(person), 0
        cursor: str | None = ""
        while cursor is not None:
            query = f"ordering={sign}{field}&limit=2" + (f"&cursor={cursor}" if cursor else "")
            plain = client.get(f"{URL}?{query}").json()
            assert plain == client.get(f"{URL}?{query}&is_active=true").json()
            if plain["previous"]:
                back = f"ordering={sign}{field}&limit=2&cursor={plain['previous']}"
                before = client.get(f"{URL}?{back}").json()
                assert before == client.get(f"{URL}?{back}&is_active=true").json()
            seen += len(plain["results"])
            cursor = plain["next"]
        assert seen == count
