"""The steps of a workflow over REST: what an edit answers, what it refuses, and who may make it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow, definition, stats_step
from workflows.definition.canvas_json import own_fields
from workflows.definition.normalise import normalise
from workflows.definition.steps import Definition, LoopStep, ParallelStep, to_json, walk
from workflows.models import Workflow, WorkflowVersion

URL = "/api/v1/workflows/digest"
EXAMPLES = Path(__file__).parent / "definition" / "examples"
LOOP = {
    "id": "rounds",
    "type": "loop",
    "loop_mode": "count",
    "max_iterations": 2,
    "steps": [stats_step("inner")],
}


@pytest.fixture(autouse=True)
def digest(alice: User, make_workflow: MakeWorkflow) -> Workflow:
    return make_workflow(
        alice, "digest", definition=definition(stats_step("first"), LOOP, stats_step("last"))
    )


def steps() -> dict[str, Any]:
    """`next` of the outermost steps in order."""
    row = Workflow.objects.get(pk="digest")
    return {step["id"]: step.get("next") for step in row.definition_json["steps"]}


def stored() -> list[Any]:
    rows = Workflow.objects.order_by("id").values()
    return [*rows, *WorkflowVersion.objects.order_by("id").values()]


def test_a_step_is_added_on_a_way(api: APIClient) -> None:
    answer = api.post(f"{URL}/steps", {"step": stats_step("new"), "after": "first"})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert steps() == {"first": "new", "new": "rounds", "rounds": "last", "last": "end"}
    assert (body["version"], body["revision"], answer["ETag"]) == (2, 2, '"r2"')
    assert body["summary"].startswith("added new")
    assert body["validation"]["is_valid"]
    changed = {node["id"] for node in body["canvas"]["nodes"]}
    assert "new" in changed
    assert "first" not in changed
    assert [edge["target"] for edge in body["canvas"]["edges"] if edge["id"] == "first:next"] == [
        "new"
    ]


def test_a_step_is_added_inside_a_loop(api: APIClient) -> None:
    answer = api.post(f"{URL}/steps", {"step": stats_step("second"), "container": "rounds"})
    assert answer.status_code == 201
    node = next(node for node in answer.json()["canvas"]["nodes"] if node["id"] == "second")
    assert node["parent"] == "rounds"
    assert steps() == {"first": "rounds", "rounds": "last", "last": "end"}


def test_a_step_is_replaced_in_its_place(api: APIClient) -> None:
    answer = api.put(f"{URL}/steps/inner", {"step": stats_step("inner", name="Counted")})
    assert answer.status_code == 200, answer.content
    (change,) = answer.json()["changes"]["steps"]
    assert (change["step"], change["change"]) == ("inner", "changed")
    assert change["fields"] == [{"path": "/name", "before": "", "after": "Counted"}]


def test_deleting_reconnects(api: APIClient) -> None:
    answer = api.delete(f"{URL}/steps/rounds")
    assert answer.status_code == 200
    assert steps() == {"first": "last", "last": "end"}
    assert set(answer.json()["canvas"]["removed_nodes"]) == {"rounds", "inner"}


def test_positions_of_deleted_steps_go(api: APIClient) -> None:
    for step_id in ("first", "rounds"):
        api.put(f"{URL}/nodes/{step_id}/position", {"x": 1, "y": 2})
    api.delete(f"{URL}/steps/rounds")
    assert Workflow.objects.get(pk="digest").layout == {"first": {"x": 1, "y": 2}}


def test_steps_are_reordered(api: APIClient) -> None:
    answer = api.post(f"{URL}/steps/reorder", {"order": ["last", "first", "rounds"]})
    assert answer.status_code == 200, answer.content
    assert steps() == {"last": "first", "first": "rounds", "rounds": "end"}


def test_a_step_moves_into_a_container(api: APIClient) -> None:
    answer = api.post(f"{URL}/steps/last/move", {"after": "inner"})
    assert answer.status_code == 200, answer.content
    assert steps() == {"first": "rounds", "rounds": "end"}
    (change,) = [c for c in answer.json()["changes"]["steps"] if c["step"] == "last"]
    assert change["fields"] == [{"path": "/container", "before": "", "after": "rounds"}]


def test_steps_are_connected_and_disconnected(api: APIClient) -> None:
    assert api.post(f"{URL}/steps/first/connect", {"to": "last"}).status_code == 200
    assert steps()["first"] == "last"
    handled = {"to": "last", "branch": "error"}
    assert api.post(f"{URL}/steps/rounds/connect", handled).status_code == 200
    assert api.delete(f"{URL}/steps/rounds/connect?branch=error").status_code == 200
    assert api.delete(f"{URL}/steps/first/connect").status_code == 200
    assert steps()["first"] == "end"


def test_a_step_may_be_called_reorder(api: APIClient) -> None:
    api.post(f"{URL}/steps", {"step": stats_step("reorder")})
    assert api.put(f"{URL}/steps/reorder", {"step": stats_step("reorder", name="Me")}).json()[
        "summary"
    ]
    assert api.delete(f"{URL}/steps/reorder").status_code == 200
    assert "reorder" not in steps()


@pytest.mark.parametrize(
    ("method", "address", "body", "status", "code"),
    [
        ("post", "steps", {"step": stats_step("first")}, 400, "duplicate_step"),
        ("post", "steps", {"step": {"type": "tool"}}, 400, "missing_field"),
        ("post", "steps", {"step": {"id": "x", "type": "nonsense"}}, 400, "invalid_definition"),
        ("post", "steps", {"step": stats_step("x"), "container": "y"}, 400, "unknown_container"),
        ("post", "steps", {"step": stats_step("x"), "after": "gone"}, 404, "unknown_step"),
        (
            "post",
            "steps",
            {"step": stats_step("x"), "after": "first", "before": "last"},
            400,
            "conflicting_fields",
        ),
        ("post", "steps", {"step": stats_step("x"), "nach": "first"}, 400, "unknown_field"),
        ("post", "steps", {"step": "x"}, 400, "wrong_type"),
        ("put", "steps/gone", {"step": {}}, 404, "unknown_step"),
        ("put", "steps/first", {"step": {"id": "other"}}, 400, "read_only"),
        ("delete", "steps/gone", None, 404, "unknown_step"),
        ("post", "steps/reorder", {"order": ["first"]}, 400, "wrong_order"),
        ("post", "steps/first/move", {"after": "first"}, 400, "impossible_move"),
        ("post", "steps/rounds/move", {"after": "inner"}, 404, "unknown_step"),
        ("post", "steps/first/connect", {"to": "inner"}, 400, "unknown_target"),
        ("post", "steps/first/connect", {"to": "last", "branch": "x"}, 400, "unknown_branch"),
        ("delete", "steps/first/connect?branch=x", None, 400, "unknown_branch"),
        ("put", "nodes/gone/position", {"x": 1, "y": 1}, 404, "unknown_step"),
        ("put", "nodes/first/position", {"x": 1e9, "y": 1}, 400, "max_value"),
    ],
)
def test_a_refused_edit_changes_nothing(
    api: APIClient, method: str, address: str, body: Any, status: int, code: str
) -> None:
    before = stored()
    answer = getattr(api, method)(f"{URL}/{address}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert stored() == before


def test_an_edit_of_what_moved_on_is_refused_with_what_changed(api: APIClient) -> None:
    read = api.get(URL)["ETag"]
    api.delete(f"{URL}/steps/last")
    before = stored()
    answer = api.post(f"{URL}/steps", {"step": stats_step("late")}, headers={"If-Match": read})
    assert answer.status_code == 412
    assert answer.json()["changes"]["steps_removed"] == ["last"]
    assert stored() == before


def test_a_member_of_the_group_edits_and_others_find_nothing(
    api: APIClient, bob: User, carol: User, client_for: ClientFor
) -> None:
    api.patch(URL, {"shared_with": ["team"]})
    assert client_for(carol).delete(f"{URL}/steps/last").status_code == 200
    assert WorkflowVersion.objects.latest("number").created_by == carol
    before = stored()
    assert client_for(bob).delete(f"{URL}/steps/first").status_code == 404
    assert APIClient().delete(f"{URL}/steps/first").status_code == 401
    assert stored() == before


def test_versions_tell_what_they_changed(api: APIClient) -> None:
    api.post(f"{URL}/steps", {"step": stats_step("new"), "message": "counts again"})
    newest = api.get(f"{URL}/versions").json()["results"][0]
    assert newest["message"] == "counts again"
    assert newest["summary"].startswith("added new")


def test_an_edit_costs_as_many_queries_in_a_large_workflow(
    api: APIClient, alice: User, make_workflow: MakeWorkflow, django_assert_max_num_queries: Any
) -> None:
    many = definition(*(stats_step(f"s{number}") for number in range(200)))
    make_workflow(alice, "large", definition=many)
    counts = []
    for workflow_id in ("digest", "large"):
        with django_assert_max_num_queries(30) as queries:
            assert isinstance(queries, CaptureQueriesContext)
            api.post(f"/api/v1/workflows/{workflow_id}/steps", {"step": stats_step("new")})
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["triage", "batch", "research"])
def test_an_example_built_step_by_step_equals_the_one_that_was_put(
    api: APIClient, alice: User, make_workflow: MakeWorkflow, name: str
) -> None:
    example = json.loads((EXAMPLES / f"{name}.json").read_text())
    wanted = normalise({**example, "id": "built"})
    settings = {**wanted.to_json(), "steps": []}
    settings.pop("entry_step", None)
    make_workflow(alice, "built", definition=settings)
    api.patch("/api/v1/workflows/built", {"name": wanted.name})
    build(api, wanted)
    assert shown(api) == wanted.to_json()


def shown(api: APIClient) -> Any:
    return api.get("/api/v1/workflows/built").json()["definition"]


def build(api: APIClient, wanted: Definition) -> None:
    """Every step at the end of its list, then every way that the order of the steps does not tell."""
    for container, step in containers(wanted):
        new = {**own_fields(step), **empty(step)}
        body: dict[str, Any] = {"step": new, "container": container}
        answer = api.post("/api/v1/workflows/built/steps", body)
        assert answer.status_code == 201, answer.content
    for _, step in containers(wanted):
        for branch, target in ways(step):
            body = {"to": target} | ({"branch": branch} if branch else {})
            answer = api.post(f"/api/v1/workflows/built/steps/{step.id}/connect", body)
            assert answer.status_code == 200, answer.content
        if isinstance(getattr(step, "on_error", None), list):
            # Arms for kinds of errors are a field of the step.
            answer = api.put(f"/api/v1/workflows/built/steps/{step.id}", {"step": to_json(step)})
            assert answer.status_code == 200, answer.content


def containers(definition: Definition) -> list[tuple[str, Any]]:
    """Each step with the name of its list, containers first."""
    found: list[tuple[str, Any]] = []

    def collect(name: str, inner: Any) -> None:
        for step in inner:
            found.append((name, step))
            if isinstance(step, LoopStep):
                collect(step.id, step.steps)
            for branch in step.branches if isinstance(step, ParallelStep) else ():
                collect(f"{step.id}/{branch.id}", branch.steps)

    collect("", definition.steps)
    assert len(found) == len(list(walk(definition.steps)))
    return found


def empty(step: Any) -> dict[str, Any]:
    """What a container needs to hold steps later."""
    if isinstance(step, LoopStep):
        return {"steps": []}
    if isinstance(step, ParallelStep):
        own = own_fields(step)["branches"]
        return {"branches": [{**branch, "steps": []} for branch in own]}
    return {}


def ways(step: Any) -> list[tuple[str, str]]:
    """Each way out by the name that the API gives it."""
    if step.type == "end":
        return []
    found = [] if step.type == "conditional" else [("", step.next)]
    if step.type == "conditional":
        found += list((step.conditional_branches or {}).items())
        found += [(arm.when, arm.next) for arm in step.conditions or []]
        found += [("default", step.default)] if step.default else []
    if isinstance(step.on_error, str) and step.on_error not in ("fail", "skip"):
        found.append(("error", step.on_error))
    if step.type == "approval" and step.on_reject != "fail":
        found.append(("reject", step.on_reject))
    return found
