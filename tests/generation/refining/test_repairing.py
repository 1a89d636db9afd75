"""Repairs: every problem that brings a patch goes away; what is left goes to the model, if asked."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from generation.models import Generation
from generation.refining.repairing import repair_offline
from generation.tasks import design_workflow
from tests.conftest import ClientFor
from tests.fakes.model_server import ModelServer, structured
from tests.workflows.definition.test_fixes import broken
from tests.workflows.definition.worlds import CATALOGUE, agent, workflow
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError
from workflows.definition.steps import Definition
from workflows.definition.validate import validate
from workflows.models import Workflow
from workflows.services import create_workflow, save_workflow

APPLY = "/api/v1/workflows/generate/apply"
TEXT = {"id": "count", "type": "tool", "tool": "native:text_stats", "arguments": {"txt": "a"}}


def storable() -> list[Definition]:
    """Those of the broken definitions that can be stored as drafts."""
    found = []
    for raw in broken():
        try:
            found.append(normalise(raw))
        except DefinitionError:
            continue
    return found


@pytest.mark.parametrize("number", range(len(storable())))
def test_every_problem_with_a_patch_goes_away(number: int) -> None:
    definition = storable()[number]
    before = validate(definition.to_json(), CATALOGUE)
    fixable = {(p.code, p.message) for p in before if p.fix is not None}
    made = repair_offline(definition, 1, CATALOGUE)
    left = {(p.code, p.message) for p in made.problems if p.fix is not None}
    errors = [sum(p.severity == "error" for p in found) for found in (before, made.problems)]
    assert errors[1] <= errors[0]
    assert left < fixable or not fixable
    assert bool(made.result["changes"]) == bool(fixable)
    assert validate(made.result["workflow"], CATALOGUE) == list(made.problems)


def test_the_codes_that_are_mended_are_many() -> None:
    mended = set()
    for definition in storable():
        left = {(p.code, p.path) for p in repair_offline(definition, 1, CATALOGUE).problems}
        found = validate(definition.to_json(), CATALOGUE)
        mended |= {p.code for p in found if p.fix and (p.code, p.path) not in left}
    assert len(mended) >= 8, mended


def test_a_sound_workflow_is_left_alone() -> None:
    sound = normalise(workflow(agent("a"), agent("b")))
    made = repair_offline(sound, 1, CATALOGUE).result
    assert (made["changes"], made["explanation"]) == ([], "Nothing was changed.")
    assert made["workflow"] == sound.to_json()


@pytest.fixture
def stored(alice: User) -> Workflow:
    """A draft whose tool gets an argument that it does not have, after an agent that nobody has."""
    lost = {"id": "lost", "type": "agent", "agent_id": "nobody"}
    return create_workflow(
        by=alice, definition={"id": "counting", "name": "Counting", "steps": [lost, TEXT]}
    )


def test_a_repair_is_proposed_and_stored_only_when_applied(
    stored: Workflow, api: APIClient
) -> None:
    assert stored.can_execute is False
    body = api.post("/api/v1/workflows/counting/repair").json()
    assert body["result"]["workflow"]["steps"][1]["arguments"] == {"text": "a"}
    assert body["result"]["refines"] == {"workflow_id": "counting", "version": 1}
    assert [problem["code"] for problem in body["problems"]] == ["unknown_agent"]
    stored.refresh_from_db()
    assert (stored.version, stored.revision) == (1, 1)
    applied = api.post(
        APPLY, {"result": body["result"], "workflow_id": "counting"}, HTTP_IF_MATCH='"r1"'
    )
    assert applied.status_code == 201, applied.json()
    stored.refresh_from_db()
    assert stored.definition_json["steps"][1]["arguments"] == {"text": "a"}
    assert stored.version == 2


@pytest.mark.django_db(transaction=True)
def test_a_model_repairs_what_has_no_patch(
    stored: Workflow, api: APIClient, model_server: ModelServer
) -> None:
    operations = [{"remove": "lost"}]
    model_server.script(
        [structured({"operations": operations, "explanation": "Gone.", "unplaced": []})]
    )
    answer = api.post("/api/v1/workflows/counting/repair", {"with_model": True})
    assert answer.status_code == 202
    row = Generation.objects.get(pk=answer.json()["id"])
    design_workflow(row.pk)
    row.refresh_from_db()
    assert row.result is not None, row.error
    assert (row.generator, row.problems) == ("openai", [])
    assert [step["id"] for step in row.result["workflow"]["steps"]] == ["count"]
    assert row.result["workflow"]["steps"][0]["arguments"] == {"text": "a"}
    assert "'nobody'" in model_server.requests[0]["messages"][1]["content"]
    assert api.post(APPLY, {"generation_id": row.pk}).status_code == 201
    stored.refresh_from_db()
    assert stored.can_execute is True


@pytest.mark.django_db(transaction=True)
def test_without_a_model_the_job_mends_what_has_a_patch(stored: Workflow, api: APIClient) -> None:
    answer = api.post("/api/v1/workflows/counting/repair", {"with_model": True})
    design_workflow(answer.json()["id"])
    row = Generation.objects.get(pk=answer.json()["id"])
    assert row.result is not None
    assert (row.generator, len(row.problems)) == ("offline-planner", 1)
    assert row.result["workflow"]["steps"][1]["arguments"] == {"text": "a"}


def test_a_repair_is_not_carried_over_to_another_version(
    stored: Workflow, api: APIClient, alice: User
) -> None:
    answer = api.post("/api/v1/workflows/counting/repair", {"with_model": True})
    design_workflow(answer.json()["id"])
    save_workflow(stored, by=alice, name="Other")
    refused = api.post(APPLY, {"generation_id": answer.json()["id"], "rebase": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_rebasable")
    stored.refresh_from_db()
    assert stored.version == 2


def test_a_model_is_asked_only_for_who_may_change_it(
    stored: Workflow, bob: User, client_for: ClientFor
) -> None:
    Workflow.objects.filter(pk="counting").update(is_template=True, is_published=True)
    bobs = client_for(bob)
    assert bobs.post("/api/v1/workflows/counting/repair").status_code == 200
    assert bobs.post("/api/v1/workflows/counting/repair", {"with_model": True}).status_code == 403
    assert not Generation.objects.exists()
