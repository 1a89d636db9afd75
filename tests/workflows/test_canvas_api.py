"""The canvas over REST: reading, writing, tidying up, the picture; and what versions do differently."""

from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow, definition, stats_step
from workflows.models import Workflow, WorkflowVersion

URL = "/api/v1/workflows/digest"
FAN = {
    "id": "fan",
    "type": "parallel",
    "branches": [
        {"id": "left", "steps": [stats_step("l")]},
        {"id": "right", "steps": [stats_step("r")]},
    ],
}


@pytest.fixture(autouse=True)
def digest(alice: User, make_workflow: MakeWorkflow) -> Workflow:
    return make_workflow(alice, "digest", definition=definition(stats_step("first"), FAN))


def drawn_choice(data: dict[str, Any]) -> dict[str, Any]:
    """A canvas with a conditional of this data, and one choice drawn from it."""
    nodes = [
        {"id": "a", "type": "conditional", "data": data},
        {"id": "b", "type": "end", "data": {}},
    ]
    edges = [{"source": "a", "target": "b", "kind": "choice", "label": "x"}]
    return {"nodes": nodes, "edges": edges}


def stored() -> list[Any]:
    rows = Workflow.objects.order_by("id").values()
    return [*rows, *WorkflowVersion.objects.order_by("id").values()]


def test_what_was_read_can_be_sent_back_and_changes_nothing(api: APIClient) -> None:
    answer = api.get(f"{URL}/canvas")
    shown = answer.json()
    assert answer["ETag"] == '"r1"'
    assert [node["id"] for node in shown["nodes"]] == ["first", "fan", "l", "r"]
    body = {key: shown[key] for key in ("entry_step", "nodes", "edges")}
    for node in body["nodes"]:
        del node["position"]
    saved = api.put(f"{URL}/canvas", body)
    assert saved.status_code == 200, saved.content
    assert (saved.json()["version"], saved.json()["revision"], saved.json()["summary"]) == (
        1,
        1,
        "",
    )


def test_moved_nodes_keep_their_places(api: APIClient) -> None:
    shown = api.get(f"{URL}/canvas").json()
    body = {key: shown[key] for key in ("entry_step", "nodes", "edges")}
    body["nodes"][0]["position"] = {"x": 5.5, "y": -7}
    answer = api.put(f"{URL}/canvas", body).json()
    assert (answer["version"], answer["revision"]) == (1, 2)
    again = api.get(f"{URL}/canvas").json()
    assert again["nodes"][0]["position"] == {"x": 5.5, "y": -7}


def test_a_definition_can_be_put_with_positions(api: APIClient) -> None:
    body = {
        "definition": definition(stats_step("only")),
        "layout": {"only": {"x": 1, "y": 2}, "gone": {"x": 1, "y": 2}},
        "message": "One is enough",
    }
    answer = api.put(f"{URL}/canvas", body)
    assert answer.status_code == 200, answer.content
    assert answer.json()["version"] == 2
    row = Workflow.objects.get(pk="digest")
    assert row.layout == {"only": {"x": 1, "y": 2}}
    assert row.name == "digest"


def test_two_editors_never_overwrite_each_other(api: APIClient) -> None:
    first, second = api.get(f"{URL}/canvas"), api.get(f"{URL}/canvas")
    body = {"definition": definition(stats_step("mine"))}
    won = api.put(f"{URL}/canvas", body, headers={"If-Match": first["ETag"]})
    assert won.status_code == 200
    before = stored()
    lost = api.put(f"{URL}/canvas", body, headers={"If-Match": second["ETag"]})
    assert lost.status_code == 412
    assert lost.json()["changes"]["steps_added"] == ["mine"]
    assert stored() == before


@pytest.mark.parametrize(
    ("nodes", "pointer"),
    [
        ([{"id": "a", "type": "end", "data": {}}, {"id": "b", "type": "no"}], "/nodes/1/type"),
        ([{"id": "a", "type": "tool", "data": {"nonsense": 1}}], "/nodes/0/data/nonsense"),
        ([{"id": "a", "type": "tool", "data": {"retry": {"no": 1}}}], "/nodes/0/data/retry/no"),
        (
            [
                {"id": "l", "type": "loop", "data": {"loop_mode": "count", "max_iterations": 2}},
                {"id": "a", "type": "tool", "parent": "l", "data": {"timeout": "long"}},
            ],
            "/nodes/1/data/timeout",
        ),
    ],
)
def test_what_can_not_be_stored_is_found_in_the_canvas_that_was_sent(
    api: APIClient, nodes: list[Any], pointer: str
) -> None:
    answer = api.put(f"{URL}/canvas", {"nodes": [{"data": {}, **node} for node in nodes]}).json()
    assert (answer["code"], answer["errors"][0]["pointer"]) == ("invalid_definition", pointer)
    assert answer["problems"][0]["path"] == pointer


def test_a_canvas_sent_back_as_it_was_read_says_which_revision_that_was(api: APIClient) -> None:
    read = api.get(f"{URL}/canvas").json()
    assert api.put(f"{URL}/canvas", read).status_code == 200
    api.post(f"{URL}/steps", {"step": stats_step("new")})
    before = stored()
    assert api.put(f"{URL}/canvas", read).status_code == 412
    assert stored() == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "definition_or_nodes"),
        ({"definition": {}, "nodes": []}, "definition_or_nodes"),
        ({"definition": {"id": "other", "steps": []}}, "id_changed"),
        ({"definition": {"steps": 5}}, "invalid_definition"),
        ({"nodes": [{"id": "a", "type": "tool", "data": {}}] * 2}, "invalid_canvas"),
        ({"nodes": [{"id": "a", "type": "tool"}]}, "required"),
        ({"nodes": [{"id": "a", "type": "nonsense", "data": {}}]}, "invalid_definition"),
        (
            {"nodes": [{"id": "a", "type": "parallel", "data": {"branches": 5}}]},
            "invalid_canvas",
        ),
        (drawn_choice({"conditional_branches": "text"}), "invalid_canvas"),
        (drawn_choice({"conditional_branches": [1]}), "invalid_canvas"),
        (drawn_choice({"conditions": "text"}), "invalid_definition"),
        (
            {"nodes": [], "edges": [{"source": "a", "target": "b", "kind": "next"}]},
            "invalid_canvas",
        ),
    ],
)
def test_a_canvas_that_can_not_be_stored_changes_nothing(
    api: APIClient, body: Any, code: str
) -> None:
    before = stored()
    answer = api.put(f"{URL}/canvas", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.content
    assert stored() == before


def test_a_nodes_position_is_no_new_revision(api: APIClient) -> None:
    answer = api.put(f"{URL}/nodes/l/position", {"x": 3, "y": 4})
    assert (answer.status_code, answer.json()) == (200, {"x": 3, "y": 4})
    row = Workflow.objects.get(pk="digest")
    assert (row.revision, row.version, row.layout) == (1, 1, {"l": {"x": 3, "y": 4}})


def test_tidying_up_shows_and_saves_the_servers_layout(api: APIClient) -> None:
    api.put(f"{URL}/nodes/l/position", {"x": 3_000, "y": 4_000})
    tidy = api.post(f"{URL}/canvas/layout", {}).json()
    place = {node["id"]: node["position"] for node in tidy["nodes"]}["l"]
    assert place["x"] < 3_000
    assert Workflow.objects.get(pk="digest").layout["l"] == {"x": 3_000, "y": 4_000}
    saved = api.post(f"{URL}/canvas/layout", {"save": True}).json()
    assert saved["revision"] == 2
    assert Workflow.objects.get(pk="digest").layout["l"] == place
    unsaved = api.post(f"{URL}/canvas/layout", {"definition": definition(stats_step("x"))}).json()
    assert [node["id"] for node in unsaved["nodes"]] == ["x"]


def test_the_picture_is_an_svg_with_a_text_alternative(api: APIClient) -> None:
    answer = api.get(f"{URL}/preview.svg")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/svg+xml"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    root = ElementTree.fromstring(answer.content)
    described = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert "first" in described
    assert "prefers-color-scheme:dark" in answer.content.decode()
    assert api.get(f"{URL}/preview.svg?version=9").status_code == 404
    assert api.get(f"{URL}/preview.svg?version=x").status_code == 400


def test_versions_are_compared_by_meaning(api: APIClient) -> None:
    api.put(f"{URL}/steps/first", {"step": stats_step("first", name="Counts")})
    answer = api.get(f"{URL}/diff").json()
    assert (answer["from_version"], answer["to_version"]) == (1, 2)
    (change,) = answer["steps"]
    assert change["fields"] == [{"path": "/name", "before": "", "after": "Counts"}]
    assert answer["json_patch"] == [{"op": "replace", "path": "/steps/0/name", "value": "Counts"}]
    same = api.get(f"{URL}/diff?from=2&to=2").json()
    assert (same["steps"], same["edges"], same["settings"]) == ([], [], [])
    assert api.get(f"{URL}/diff?from=1&to=7").status_code == 404
    assert api.get(f"{URL}/diff?from=-1").status_code == 400


def test_moving_a_card_is_no_difference(api: APIClient) -> None:
    api.put(f"{URL}/nodes/first/position", {"x": 1, "y": 1})
    api.post(f"{URL}/canvas/layout", {"save": True})
    assert api.get(f"{URL}/versions").json()["results"][0]["number"] == 1


def test_each_type_of_step_is_described_for_forms(api: APIClient) -> None:
    types = {row["type"]: row for row in api.get("/api/v1/workflows/resources/step-types").json()}
    assert types.keys() == {
        "agent",
        "tool",
        "parallel",
        "conditional",
        "loop",
        "approval",
        "wait",
        "set",
        "workflow",
        "end",
    }
    assert types["loop"]["is_container"]
    assert types["agent"]["schema"]["properties"]["max_turns"]["maximum"] == 100


def test_others_see_no_canvas(api: APIClient, bob: User, client_for: ClientFor) -> None:
    for address in ("canvas", "preview.svg", "diff"):
        assert client_for(bob).get(f"{URL}/{address}").status_code == 404
        assert APIClient().get(f"{URL}/{address}").status_code == 401


@pytest.mark.parametrize("body", [{"nodes": []}, {"nodes": [], "edges": []}, {"definition": {"steps": []}}])  # fmt: skip
def test_nothing_in_the_place_of_steps_has_to_be_meant(api: APIClient, body: Any) -> None:
    before = stored()
    refused = api.put(f"{URL}/canvas", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "confirmation_required")
    assert "all 2 steps" in refused.json()["detail"]
    assert stored() == before
    assert api.put(f"{URL}/canvas", {**body, "confirm": True}).json()["version"] == 2
    assert api.get(f"{URL}/canvas").json()["nodes"] == []
    # An empty one stays empty without a word.
    assert api.put(f"{URL}/canvas", body).status_code == 200
