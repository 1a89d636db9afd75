"""Lists of somebody who sees few of many workflows: found by their ids, and the same as for everybody else."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User

from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow
from workflows import few_visible as module
from workflows.few_visible import FEW, few_visible
from workflows.models import Workflow
from workflows.selectors import workflows_for

URL = "/api/v1/workflows"


@pytest.fixture(autouse=True)
def _nobody_is_remembered() -> Iterator[None]:
    module._many_until.clear()
    yield
    module._many_until.clear()


@pytest.fixture
def world(alice: User, bob: User, team: Group, make_workflow: MakeWorkflow) -> None:
    """Alice's own, archived and public ones; bob's, one of which is shared with the team."""
    make_workflow(alice, "hers")
    make_workflow(alice, "hers-archived", is_active=False)
    make_workflow(alice, "public", is_template=True, is_published=True)
    make_workflow(alice, "unpublished", is_template=True)
    make_workflow(bob, "his")
    make_workflow(bob, "shared").shared_with.add(team)
    make_workflow(bob, "shared-archived", is_active=False).shared_with.add(team)


@pytest.mark.usefixtures("world")
def test_they_are_those_that_the_rule_lets_one_see(alice: User, bob: User, carol: User) -> None:
    for person in (alice, bob, carol, User.objects.create(username="outsider")):
        expected = set(workflows_for(person).values_list("pk", flat=True))
        assert set(few_visible(person) or ()) == expected
    assert few_visible(User(pk=-1, is_staff=True, is_active=True)) is None


@pytest.mark.usefixtures("world")
def test_who_sees_more_than_few_sees_the_same_list(
    alice: User, carol: User, client_for: ClientFor
) -> None:
    before = {person: _listed(client_for, person) for person in (alice, carol)}
    row = Workflow.objects.get(pk="hers")
    Workflow.objects.bulk_create(
        Workflow(id=f"more-{n}", name="x", definition_json=row.definition_json, created_by=alice)
        for n in range(FEW)
    )
    assert few_visible(alice) is None
    assert few_visible(carol) is not None
    assert _listed(client_for, carol) == before[carol]
    more = {f"more-{n}" for n in range(FEW)}
    assert _listed(client_for, alice) - more == before[alice]
    Workflow.objects.filter(pk__in=more).delete()
    # Not asked again for a while; the list is right all the same.
    assert few_visible(alice) is None
    assert _listed(client_for, alice) == before[alice]


def _listed(client_for: ClientFor, person: User) -> set[str]:
    """The ids of all pages, plain and narrowed; both ways give the same ones."""
    client, found = client_for(person), []
    for query in ("limit=200", "limit=200&archived=false"):
        ids: set[str] = set()
        answer = client.get(f"{URL}?{query}").json()
        while True:
            ids |= {row["id"] for row in answer["results"]}
            if answer["next"] is None:
                break
            answer = client.get(f"{URL}?{query}&cursor={answer['next']}").json()
        found.append(ids)
    assert found[0] == found[1]
    return found[0]
