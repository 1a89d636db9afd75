"""Many workflows changed with one request: what can be done is done, the rest is told."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.workflows.conftest import MakeWorkflow, definition
from workflows.models import Workflow

URL = "/api/v1/workflows/bulk"
BROKEN = definition({"id": "ask", "type": "agent", "agent_id": "nobody"})


@pytest.fixture(autouse=True)
def some(alice: User, bob: User, make_workflow: MakeWorkflow) -> None:
    make_workflow(alice, "one", tags=["a"])
    make_workflow(alice, "two", definition=BROKEN)
    make_workflow(bob, "bobs")


def results(api: APIClient, **body: Any) -> dict[str, str]:
    """'done' or the code of the refusal, by id."""
    answer = api.post(URL, body)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["done"] == sum(one["is_done"] for one in told["results"])
    return {
        one["id"]: "done" if one["is_done"] else one["error"]["code"] for one in told["results"]
    }


def test_each_is_done_for_itself(api: APIClient) -> None:
    told = results(api, action="archive", ids=["one", "bobs", "gone", "two", "one"])
    assert told == {"one": "done", "bobs": "not_found", "gone": "not_found", "two": "done"}
    assert set(Workflow.objects.filter(is_active=True).values_list("pk", flat=True)) == {"bobs"}
    assert results(api, action="restore", ids=["one"]) == {"one": "done"}


def test_tags_are_added_once_and_taken_away(api: APIClient) -> None:
    results(api, action="tag", ids=["one", "two"], tags=["b", "a"])
    assert [Workflow.objects.get(pk=key).tags for key in ("one", "two")] == [["a", "b"], ["b", "a"]]
    results(api, action="untag", ids=["one"], tags=["a", "c"])
    row = Workflow.objects.get(pk="one")
    assert (row.tags, row.version) == (["b"], 1)


def test_more_tags_than_a_workflow_has_are_refused(api: APIClient) -> None:
    many = [f"t{number}" for number in range(20)]
    told = results(api, action="tag", ids=["one", "two"], tags=many)
    assert told == {"one": "too_many", "two": "done"}
    assert Workflow.objects.get(pk="one").tags == ["a"]


def test_what_has_errors_is_not_published_and_the_rest_is(api: APIClient) -> None:
    told = results(api, action="publish", ids=["two", "one"])
    assert told == {"two": "not_executable", "one": "done"}
    assert Workflow.objects.get(pk="one").published_version == 1


@pytest.mark.parametrize(
    "body",
    [
        {"action": "delete", "ids": ["one"]},
        {"action": "tag", "ids": ["one"]},
        {"action": "archive", "ids": ["one"], "tags": ["a"]},
        {"action": "archive", "ids": []},
        {"action": "archive", "ids": ["x"] * 201},
        {"action": "archive"},
        {"action": "archive", "ids": ["one"], "all": True},
    ],
)
def test_what_is_not_clear_changes_nothing(api: APIClient, body: Any) -> None:
    assert api.post(URL, body).status_code == 400
    assert Workflow.objects.filter(is_active=True).count() == 3
