"""Workflows that run other workflows: what is stored about them, who may, and circles."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from tests.workflows.conftest import MakeWorkflow, definition, stats_step
from workflows import services
from workflows.called import MAX_FOLLOWED
from workflows.checking import check
from workflows.models import Workflow, WorkflowUse
from workflows.selectors import catalogue_for

URL = "/api/v1/workflows"


def call(*workflow_ids: str, **fields: Any) -> dict[str, Any]:
    """A definition whose steps run workflows."""
    steps = [{"id": f"run-{one}", "type": "workflow", "workflow_id": one} for one in workflow_ids]
    return definition(*[step | fields for step in steps])


def codes(by: User, workflow_id: str, raw: dict[str, Any]) -> list[str]:
    """What is found about a definition of this id."""
    found = check({**raw, "id": workflow_id, "name": workflow_id}, catalogue_for(by))
    return [problem.code for problem in found.problems]


def uses(workflow_id: str) -> set[str]:
    return set(WorkflowUse.objects.filter(workflow=workflow_id).values_list("called", flat=True))


def test_an_own_workflow_can_be_run_and_anothers_can_not(
    alice: User, bob: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "child")
    assert codes(alice, "parent", call("child")) == []
    assert codes(bob, "parent", call("child")) == ["unknown_workflow"]


def test_a_published_template_can_be_run_by_everyone(
    alice: User, bob: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "child", is_template=True, is_published=True)
    assert codes(bob, "parent", call("child")) == []


def test_an_archived_workflow_blocks_the_steps_that_run_it(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    child = make_workflow(alice, "child")
    make_workflow(alice, "parent", definition=call("child"))
    services.archive_workflow(child, by=alice)
    found = api.post(f"{URL}/parent/validate", {}).json()
    assert [problem["code"] for problem in found["problems"]] == ["inactive_workflow"]
    assert found["blocked_steps"] == ["run-child"]
    services.restore_workflow(child, by=alice)
    assert api.post(f"{URL}/parent/validate", {}).json()["problems"] == []


def test_a_version_must_exist(alice: User, make_workflow: MakeWorkflow) -> None:
    child = make_workflow(alice, "child")
    assert codes(alice, "parent", call("child", version=2)) == ["unknown_version"]
    services.save_workflow(child, by=alice, definition=definition(stats_step("other")))
    assert codes(alice, "parent", call("child", version=2)) == []


def test_a_circle_is_found_through_others_whoever_owns_them(
    alice: User, bob: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "a")
    make_workflow(alice, "b", definition=call("a"), is_template=True, is_published=True)
    make_workflow(bob, "c", definition=call("b"), is_template=True, is_published=True)
    assert codes(alice, "a", call("c")) == ["workflow_cycle"]
    assert codes(alice, "a", call("a")) == ["workflow_cycle"]
    assert codes(alice, "d", call("c")) == []


def test_a_circle_that_others_make_among_themselves_ends_the_search(
    alice: User, make_workflow: MakeWorkflow
) -> None:
    for name in ("a", "b"):
        make_workflow(alice, name)
    WorkflowUse.objects.create(workflow_id="a", called="b")
    WorkflowUse.objects.create(workflow_id="b", called="a")
    assert codes(alice, "c", call("a")) == []


def test_uses_are_those_of_the_current_and_the_published_version(
    alice: User, make_workflow: MakeWorkflow
) -> None:
    for child in ("one", "one-more", "two"):
        make_workflow(alice, child)
    row = make_workflow(alice, "parent", definition=call("one", "one-more"))
    assert uses("parent") == {"one", "one-more"}
    services.save_workflow(row, by=alice, definition=call("two"), published_version=1)
    assert uses("parent") == {"one", "one-more", "two"}
    services.save_workflow(row, by=alice, published_version=2)
    assert uses("parent") == {"two"}
    services.save_workflow(row, by=alice, definition=definition())
    assert uses("parent") == {"two"}
    services.save_workflow(row, by=alice, published_version=None)
    assert uses("parent") == set()


def test_saving_a_circle_stores_a_draft_that_can_not_run(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "a")
    make_workflow(alice, "b", definition=call("a"))
    saved = api.patch(f"{URL}/a", {"definition": call("b")})
    assert saved.status_code == 200
    assert saved.json()["can_execute"] is False
    run = api.post(f"{URL}/a/execute", {})
    assert run.status_code == 409
    assert [problem["code"] for problem in run.json()["problems"]] == ["workflow_cycle"]


def test_the_look_up_takes_two_queries_however_many_are_asked_for(
    alice: User, make_workflow: MakeWorkflow, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_workflow(alice, "leaf")
    names = [f"w{number}" for number in range(12)]
    for name in names:
        make_workflow(alice, name, definition=call("leaf"))
    catalogue = catalogue_for(alice)
    for some in (names[:1], names):
        with django_assert_num_queries(2):
            found = catalogue.find_workflows(some, asked_by="leaf")
        assert {entry.id for entry in found.values() if entry.calls_back} == set(some)


@pytest.mark.django_db
def test_a_long_chain_is_followed_so_far_and_no_further(alice: User) -> None:
    count = MAX_FOLLOWED + 50
    rows = [
        Workflow(id=f"w{n}", name="W", created_by=alice, definition_json={}) for n in range(count)
    ]
    Workflow.objects.bulk_create(rows)
    WorkflowUse.objects.bulk_create(
        [WorkflowUse(workflow_id=f"w{n}", called=f"w{n + 1}") for n in range(count - 1)]
    )
    find = catalogue_for(alice).find_workflows
    assert find(["w0"], asked_by=f"w{MAX_FOLLOWED - 5}")["w0"].calls_back
    assert not find(["w0"], asked_by=f"w{count - 1}")["w0"].calls_back
