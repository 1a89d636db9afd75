"""Changing, archiving and restoring a workflow."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from rest_framework.test import APIClient

from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow, definition, stats_step
from workflows.models import Workflow, WorkflowVersion

URL = "/api/v1/workflows/digest"
TWO_STEPS = definition(stats_step("first"), stats_step("second"))


@pytest.fixture(autouse=True)
def digest(alice: User, make_workflow: MakeWorkflow) -> Workflow:
    return make_workflow(alice, "digest", category="text", tags=["a"])


def state() -> list[Any]:
    rows = Workflow.objects.order_by("id").values()
    return [*rows, *WorkflowVersion.objects.order_by("id").values()]


def test_a_changed_definition_makes_a_version(api: APIClient) -> None:
    answer = api.put(URL, {"name": "Digest", "definition": TWO_STEPS, "message": "two"})
    assert answer.status_code == 200
    assert (answer.json()["version"], answer.json()["revision"], answer["ETag"]) == (2, 2, '"r2"')
    versions = api.get(f"{URL}/versions").json()["results"]
    assert [(row["number"], row["message"]) for row in versions] == [(2, "two"), (1, "")]
    older = api.get(f"{URL}/versions/1").json()
    assert [step["id"] for step in older["definition"]["steps"]] == ["stats"]


def test_an_unchanged_definition_makes_none(api: APIClient) -> None:
    read = api.get(URL).json()
    answer = api.put(URL, read)
    assert answer.status_code == 200
    assert (answer.json()["version"], answer.json()["revision"]) == (1, 2)
    assert WorkflowVersion.objects.count() == 1


def test_what_was_written_can_be_sent_back(api: APIClient) -> None:
    written = api.patch(URL, {"category": "other"}).json()
    assert api.put(URL, {**written, "tags": ["b"]}).json()["tags"] == ["b"]


def test_putting_empties_what_is_not_given_but_keeps_what_stands_beside(api: APIClient) -> None:
    api.patch(URL, {"layout": {"stats": {"x": 1, "y": 2}}, "is_template": True})
    answer = api.put(URL, {"name": "Digest", "definition": definition()}).json()
    assert (answer["category"], answer["tags"]) == ("", [])
    assert (answer["layout"], answer["is_template"]) == ({"stats": {"x": 1, "y": 2}}, True)


def test_patching_changes_only_what_is_given(api: APIClient) -> None:
    answer = api.patch(URL, {"tags": ["b"]}).json()
    assert (answer["category"], answer["tags"], answer["version"]) == ("text", ["b"], 1)


def test_renaming_makes_a_version_whose_definition_has_the_name(api: APIClient) -> None:
    answer = api.patch(URL, {"name": "Renamed"}).json()
    assert (answer["name"], answer["definition"]["name"], answer["version"]) == (
        "Renamed",
        "Renamed",
        2,
    )


def test_moving_a_node_is_no_revision(api: APIClient) -> None:
    answer = api.patch(URL, {"layout": {"stats": {"x": 10, "y": 20}}})
    assert (answer.json()["revision"], answer["ETag"]) == (1, '"r1"')
    assert Workflow.objects.get().layout == {"stats": {"x": 10, "y": 20}}


def test_the_uses_follow_the_definition(api: APIClient) -> None:
    other = {"id": "now", "type": "tool", "tool": "native:current_time", "arguments": {}}
    api.patch(URL, {"definition": definition(other)})
    used = Workflow.objects.get().tool_uses.values_list("tool", flat=True)
    assert list(used) == ["native:current_time"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"id": "other"}, "id_changed"),
        ({"definition": {"id": "other", "steps": []}}, "id_changed"),
        ({"created_by": "bob"}, "read_only"),
        ({"is_active": False}, "read_only"),
        ({"is_published": True}, "not_a_template"),
        ({"published_version": 2}, "unknown_version"),
        ({"definition": {"steps": [{"id": "a", "type": "tool", "tol": 1}]}}, "invalid_definition"),
        ({"unknown": 1}, "unknown_field"),
    ],
)
def test_a_refused_change_changes_nothing(api: APIClient, body: dict[str, Any], code: str) -> None:
    before = state()
    refused = api.patch(URL, {"tags": ["new"], **body})
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert state() == before


def test_a_stale_write_is_told_what_changed(api: APIClient) -> None:
    api.patch(URL, {"definition": TWO_STEPS, "message": "two steps"})
    before = state()
    refused = api.patch(URL, {"category": "x"}, headers={"If-Match": '"r1"'})
    assert refused.status_code == 412
    body = refused.json()
    assert (body["code"], body["current_revision"], body["current_version"]) == (
        "precondition_failed",
        2,
        2,
    )
    assert body["changes"]["steps_added"] == ["first", "second"]
    assert body["changes"]["steps_removed"] == ["stats"]
    assert [row["message"] for row in body["changes"]["versions"]] == ["two steps"]
    assert state() == before


@pytest.mark.parametrize(
    ("tag", "status"), [('"r1"', 200), ("*", 200), ('"abc"', 412), ('W/"r1"', 412), ("r1", 412)]
)
def test_if_match_is_understood(api: APIClient, tag: str, status: int) -> None:
    assert api.patch(URL, {"category": "x"}, headers={"If-Match": tag}).status_code == status


def test_archived_it_is_gone_but_its_id_stays_taken(api: APIClient) -> None:
    assert api.delete(URL, headers={"If-Match": '"r9"'}).status_code == 412
    assert api.delete(URL).status_code == 204
    assert api.get(URL).status_code == 404
    assert api.patch(URL, {"category": "x"}).status_code == 404
    assert api.get(f"{URL}?archived=true").json()["is_active"] is False
    assert api.get("/api/v1/workflows").json()["results"] == []
    taken = api.post("/api/v1/workflows", {"id": "digest", "name": "Again"})
    assert taken.status_code == 409
    assert api.post(f"{URL}/restore").json()["is_active"] is True
    assert api.get(URL).status_code == 200


def test_an_older_version_becomes_a_new_one(api: APIClient) -> None:
    api.patch(URL, {"definition": TWO_STEPS})
    answer = api.post(f"{URL}/versions/1/restore").json()
    assert (answer["version"], answer["definition"]["entry_step"]) == (3, "stats")
    assert api.post(f"{URL}/versions/9/restore").status_code == 404
    assert api.get(f"{URL}/versions/99999999999").status_code == 404


def test_validating_says_what_saving_would(api: APIClient) -> None:
    stored = api.post(f"{URL}/validate").json()
    assert (stored["is_valid"], stored["can_execute"], stored["problems"]) == (True, True, [])
    step = {"id": "ask", "type": "agent", "agent_id": "nobody"}
    unsaved = {"id": "x", "name": "x", "steps": [step]}
    for body in (unsaved, {"definition": unsaved}):
        found = api.post("/api/v1/workflows/validate", body).json()
        assert (found["is_valid"], found["missing_agents"]) == (False, ["nobody"])
        assert found["problems"][0]["path"] == "/steps/0/agent_id"


def test_two_writers_with_one_revision_do_not_both_win(
    transactional_db: None, alice: User, client_for: ClientFor
) -> None:
    client = client_for(alice)

    def write(category: str) -> int:
        try:
            headers = {"If-Match": '"r1"'}
            return int(client.patch(URL, {"category": category}, headers=headers).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(write, ["a", "b", "c", "d"]))
    assert statuses == [200, 412, 412, 412]
    assert Workflow.objects.get().revision == 2


def test_the_owner_shares_with_a_group(
    api: APIClient, team: Group, carol: User, client_for: ClientFor
) -> None:
    carols = client_for(carol)
    assert carols.get(URL).status_code == 404
    assert api.patch(URL, {"shared_with": ["team"]}).json()["shared_with"] == ["team"]
    assert carols.patch(URL, {"category": "carol's"}).status_code == 200
    before = state()
    assert carols.patch(URL, {"shared_with": []}).status_code == 403
    assert state() == before
    assert carols.get(URL).json()["shared_with"] == ["team"]


def test_a_member_sees_only_the_groups_they_are_in(
    api: APIClient, alice: User, team: Group, carol: User, client_for: ClientFor
) -> None:
    alice.groups.add(Group.objects.create(name="secret"))
    api.patch(URL, {"shared_with": ["team", "secret"]})
    carols = client_for(carol)
    seen = carols.get(URL).json()
    rows = carols.get("/api/v1/workflows").json()["results"]
    assert seen["shared_with"] == rows[0]["shared_with"] == ["team"]
    written = carols.patch(URL, {"shared_with": ["team"], "category": "carol's"})
    assert (written.status_code, written.json()["shared_with"]) == (200, ["team"])
    assert api.get(URL).json()["shared_with"] == ["secret", "team"]


def test_a_group_of_others_looks_like_none(api: APIClient, bob: User) -> None:
    Group.objects.create(name="bobs").user_set.add(bob)
    answers = [
        api.patch(URL, {"shared_with": [name]}).json()["detail"].replace(name, "")
        for name in ("bobs", "nobs")
    ]
    assert answers[0] == answers[1]


def test_outsiders_find_nothing_at_any_address(bob: User, client_for: ClientFor) -> None:
    client = client_for(bob)
    before = state()
    calls = [
        client.get(URL),
        client.put(URL, {"name": "x", "definition": {}}),
        client.patch(URL, {"name": "x"}),
        client.delete(URL),
        client.get(f"{URL}?archived=true"),
        client.post(f"{URL}/restore"),
        client.post(f"{URL}/copy", {}),
        client.post(f"{URL}/validate", {}),
        client.get(f"{URL}/versions"),
        client.get(f"{URL}/versions/1"),
        client.post(f"{URL}/versions/1/restore"),
    ]
    absent = client.get("/api/v1/workflows/absent")
    for answer in calls:
        assert answer.status_code == 404
        same = {**answer.json(), "request_id": None} == {**absent.json(), "request_id": None}
        assert same
    assert client.get("/api/v1/workflows").json()["results"] == []
    assert state() == before


def test_the_anonymous_are_asked_to_log_in(anonymous: APIClient) -> None:
    before = state()
    for answer in (
        anonymous.get(URL),
        anonymous.patch(URL, {"name": "x"}),
        anonymous.delete(URL),
        anonymous.get("/api/v1/workflows"),
        anonymous.post("/api/v1/workflows/validate", {}),
    ):
        assert answer.status_code == 401
    assert state() == before


def test_staff_change_everyones(staff: User, client_for: ClientFor) -> None:
    answer = client_for(staff).patch(URL, {"category": "checked"})
    assert (answer.status_code, answer.json()["created_by"]) == (200, "alice")


def test_replacing_asks_a_known_number_of_queries(
    api: APIClient, django_assert_num_queries: Any
) -> None:
    body = {"name": "Changed", "definition": definition(stats_step("another"))}
    # The token; the row, and once more to hold it; between the two of a savepoint row, version, uses and the trail's
    # entry by one; the groups.
    with django_assert_num_queries(7):
        assert api.put(URL, body).status_code == 200
