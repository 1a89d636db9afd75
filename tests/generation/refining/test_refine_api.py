"""Refining over REST: the version that was read, what applying makes of it, and who may."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from rest_framework.test import APIClient

from discovery.models import McpServer, McpTool
from generation.models import Generation
from generation.tasks import design_workflow
from tests.conftest import ClientFor
from workflows.models import Workflow
from workflows.services import create_workflow, save_workflow

GENERATE = "/api/v1/workflows/generate"
APPLY = f"{GENERATE}/apply"
COUNT = {"id": "count", "type": "tool", "tool": "native:text_stats", "arguments": {"text": "a"}}
PAUSE = {"id": "pause", "type": "wait", "duration_seconds": 60}
DEFINITION = {"id": "counting", "name": "Counting", "steps": [COUNT, PAUSE]}


@pytest.fixture
def workflow(alice: User) -> Workflow:
    """Counts words, then waits."""
    return create_workflow(by=alice, definition=DEFINITION)


def refined(api: APIClient, instruction: str, version: int = 1) -> Generation:
    """The ended refinement, designed as the worker would."""
    body = {"prompt": instruction, "workflow_id": "counting", "version": version}
    answer = api.post(GENERATE, body)
    assert answer.status_code == 202, answer.json()
    design_workflow(answer.json()["id"])
    return Generation.objects.get(pk=answer.json()["id"])


def steps(workflow: Workflow) -> list[str]:
    workflow.refresh_from_db()
    return [step["id"] for step in workflow.definition_json["steps"]]


def renamed(workflow: Workflow, by: User) -> None:
    """Somebody saves another version meanwhile."""
    raw = {**workflow.definition_json}
    raw["steps"] = [{**raw["steps"][0], "name": "Count words"}, *raw["steps"][1:]]
    save_workflow(workflow, by=by, definition=raw)


def test_an_instruction_becomes_a_new_version(workflow: Workflow, api: APIClient) -> None:
    row = refined(api, "remove pause")
    body = api.get(f"{GENERATE}/{row.pk}").json()
    assert (body["status"], body["workflow_id"], body["workflow_version"]) == (
        "COMPLETED",
        "counting",
        1,
    )
    removed = next(one for one in body["result"]["changes"] if one["kind"] == "step")
    assert removed == {
        "kind": "step",
        "change": "removed",
        "text": "Removed the wait step 'pause'.",
        "step": "pause",
        "type": "wait",
        "name": "",
        "container": "",
        "fields": [],
    }
    assert steps(workflow) == ["count", "pause"]
    applied = api.post(APPLY, {"generation_id": row.pk})
    assert applied.status_code == 201, applied.json()
    assert steps(workflow) == ["count"]
    assert workflow.version == 2
    assert workflow.versions.get(number=2).message == "Refined: remove pause"
    untouched = workflow.definition_json["steps"][0] | {"next": "pause"}
    assert untouched == workflow.versions.get(number=1).definition_json["steps"][0]


def test_a_refinement_that_changes_nothing_is_not_applied(
    workflow: Workflow, api: APIClient
) -> None:
    row = refined(api, "make it nicer")
    assert row.result is not None
    assert row.result["explanation"] == "Nothing was changed."
    refused = api.post(APPLY, {"generation_id": row.pk})
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_changed")
    workflow.refresh_from_db()
    assert (workflow.version, workflow.revision) == (1, 1)


def test_a_workflow_that_moved_on_is_told_with_both_differences(
    workflow: Workflow, api: APIClient, alice: User
) -> None:
    row = refined(api, "remove pause")
    renamed(workflow, alice)
    refused = api.post(APPLY, {"generation_id": row.pk})
    assert refused.status_code == 412
    body = refused.json()
    assert (body["current_version"], body["can_rebase"]) == (2, True)
    assert [one["text"] for one in body["since"]] == [
        "Changed name of the step 'count' (Count words)."
    ]
    assert "Removed the wait step 'pause'." in [one["text"] for one in body["refinement"]]
    assert "Removed the wait step 'pause'." in [one["text"] for one in body["rebased"]]
    workflow.refresh_from_db()
    assert workflow.version == 2


def test_a_refinement_is_carried_out_on_the_current_version(
    workflow: Workflow, api: APIClient, alice: User
) -> None:
    row = refined(api, "remove pause")
    renamed(workflow, alice)
    applied = api.post(APPLY, {"generation_id": row.pk, "rebase": True})
    assert applied.status_code == 201, applied.json()
    assert steps(workflow) == ["count"]
    assert workflow.definition_json["steps"][0]["name"] == "Count words"
    assert workflow.version == 3


def test_edits_of_a_result_are_never_dropped_by_a_rebase(
    workflow: Workflow, api: APIClient, alice: User
) -> None:
    row = refined(api, "remove pause")
    renamed(workflow, alice)
    assert row.result is not None
    edited = row.result | {"workflow": row.result["workflow"] | {"name": "By hand"}}
    body = {"generation_id": row.pk, "result": edited, "rebase": True}
    refused = api.post(APPLY, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "edited_result")
    workflow.refresh_from_db()
    row.refresh_from_db()
    assert (workflow.version, row.applied_at) == (2, None)


def test_a_rebase_opens_no_way_past_an_approval_that_came_meanwhile(
    workflow: Workflow, api: APIClient, alice: User
) -> None:
    shop = McpServer.objects.create(id="shop", name="Shop", transport="stdio", created_by=alice)
    McpTool.objects.create(
        server=shop, name="wipe", input_schema={}, destructive=True, last_seen_at=timezone.now()
    )
    row = refined(api, "remove pause")
    asked = {"id": "pause", "type": "approval", "approval_message": "Wipe?"}
    wipe = {"id": "wipe", "type": "tool", "tool": "shop:wipe"}
    save_workflow(workflow, by=alice, definition={**DEFINITION, "steps": [COUNT, asked, wipe]})
    applied = api.post(APPLY, {"generation_id": row.pk, "rebase": True})
    assert applied.status_code == 201, applied.json()
    assert "pause" not in steps(workflow)
    kinds = [step["type"] for step in workflow.definition_json["steps"]]
    assert kinds == ["tool", "approval", "tool"]


def test_only_who_asked_applies_a_refinement(
    workflow: Workflow, api: APIClient, staff: User, client_for: ClientFor
) -> None:
    row = refined(api, "remove pause")
    refused = client_for(staff).post(APPLY, {"generation_id": row.pk})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    assert steps(workflow) == ["count", "pause"]
    assert api.post(APPLY, {"generation_id": row.pk}).status_code == 201


def test_operations_that_do_not_fit_any_more_change_nothing(
    workflow: Workflow, api: APIClient, alice: User
) -> None:
    row = refined(api, "remove pause")
    save_workflow(workflow, by=alice, definition={**DEFINITION, "steps": [COUNT]})
    told = api.post(APPLY, {"generation_id": row.pk})
    assert (told.status_code, told.json()["can_rebase"]) == (412, False)
    assert "There is no step 'pause'." in told.json()["rebase_problems"][0]
    refused = api.post(APPLY, {"generation_id": row.pk, "rebase": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_rebasable")
    workflow.refresh_from_db()
    assert workflow.version == 2


def test_a_version_that_is_old_already_is_refused_at_once(
    workflow: Workflow, api: APIClient, alice: User
) -> None:
    renamed(workflow, alice)
    body = {"prompt": "remove pause", "workflow_id": "counting", "version": 1}
    refused = api.post(GENERATE, body)
    assert refused.status_code == 412
    assert refused.json()["current_version"] == 2
    assert [one["kind"] for one in refused.json()["since"]] == ["step"]
    assert not Generation.objects.exists()


def test_a_refinement_belongs_to_its_workflow(
    workflow: Workflow, api: APIClient, alice: User
) -> None:
    row = refined(api, "remove pause")
    create_workflow(by=alice, definition={**DEFINITION, "id": "another"})
    refused = api.post(APPLY, {"generation_id": row.pk, "workflow_id": "another"})
    assert (refused.status_code, refused.json()["code"]) == (400, "other_workflow")
    assert Workflow.objects.get(pk="another").version == 1


def test_an_edited_result_is_applied_to_the_version_it_was_made_for(
    workflow: Workflow, api: APIClient
) -> None:
    row = refined(api, "remove pause")
    assert row.result is not None
    result = {**row.result, "workflow": {**row.result["workflow"], "description": "Edited"}}
    assert api.post(APPLY, {"generation_id": row.pk, "result": result}).status_code == 201
    workflow.refresh_from_db()
    assert (workflow.version, workflow.description) == (2, "Edited")


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "remove pause", "workflow_id": "counting"},
        {"prompt": "remove pause", "version": 1},
        {"prompt": "x", "workflow_id": "counting", "version": 1},
        {"prompt": "remove pause", "workflow_id": "counting", "version": 0},
        {"prompt": "remove pause", "workflow_id": "counting", "version": 1, "context": {}},
    ],
)
def test_a_wrong_body_is_refused(workflow: Workflow, api: APIClient, body: Any) -> None:
    assert api.post(GENERATE, body).status_code == 400
    assert not Generation.objects.exists()


def test_others_can_not_refine_it(
    workflow: Workflow, alice: User, bob: User, client_for: ClientFor
) -> None:
    body = {"prompt": "remove pause", "workflow_id": "counting", "version": 1}
    assert client_for(bob).post(GENERATE, body).status_code == 404
    row = refined(client_for(alice), "remove pause")
    assert client_for(bob).post(APPLY, {"generation_id": row.pk}).status_code == 404
    assert steps(workflow) == ["count", "pause"]
    assert Generation.objects.count() == 1


def test_a_member_of_the_group_may_refine_it(
    workflow: Workflow, team: Group, carol: User, client_for: ClientFor
) -> None:
    workflow.shared_with.add(team)
    carols = client_for(carol)
    row = refined(carols, "remove pause")
    assert carols.post(APPLY, {"generation_id": row.pk}).status_code == 201
    assert steps(workflow) == ["count"]


def test_who_lost_the_workflow_can_not_apply(
    workflow: Workflow, team: Group, carol: User, client_for: ClientFor
) -> None:
    workflow.shared_with.add(team)
    row = refined(client_for(carol), "remove pause")
    workflow.shared_with.clear()
    assert client_for(carol).post(APPLY, {"generation_id": row.pk}).status_code == 404
    assert steps(workflow) == ["count", "pause"]


def test_a_published_template_of_somebody_else_is_not_refined(
    workflow: Workflow, bob: User, client_for: ClientFor
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(is_template=True, is_published=True)
    body = {"prompt": "remove pause", "workflow_id": "counting", "version": 1}
    assert client_for(bob).post(GENERATE, body).status_code == 403
    assert not Generation.objects.exists()


def test_a_repeated_request_gets_the_same_job(workflow: Workflow, api: APIClient) -> None:
    body = {"prompt": "remove pause", "workflow_id": "counting", "version": 1}
    first = api.post(GENERATE, body, HTTP_IDEMPOTENCY_KEY="k")
    again = api.post(GENERATE, body, HTTP_IDEMPOTENCY_KEY="k")
    assert first.json()["id"] == again.json()["id"]
    other = api.post(GENERATE, {**body, "prompt": "remove count"}, HTTP_IDEMPOTENCY_KEY="k")
    assert other.status_code == 422
