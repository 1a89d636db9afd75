"""Jobs on the real queue: done once, found again, never paid for twice."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from generation import services
from generation.jobs import moving
from generation.models import Generation
from generation.tasks import design_workflow, sweep
from tests.fakes.model_server import ModelServer, structured

PROMPT = "Summarise the text and post the summary in Slack."
Status = Generation.Status


def made(user: User, **fields: object) -> Generation:
    return Generation.objects.create(
        **{"id": "generation-1", "prompt": PROMPT, "created_by": user, **fields}
    )


@pytest.mark.django_db(transaction=True)
def test_a_worker_answers_a_request(worker: None, office: None, alice: User) -> None:
    generation = services.request_generation(by=alice, prompt=PROMPT)
    assert generation.status == Status.PENDING
    ended = services.wait_for_result(generation, seconds=20)
    assert (ended.status, ended.stage, ended.generator) == (
        "COMPLETED",
        "ready",
        "offline-planner",
    )
    assert ended.result is not None
    assert ended.result["existing_agents_used"] == ["summarizer"]
    assert ended.result["existing_mcps_used"] == ["slack"]
    assert ended.result["can_execute"] is True
    assert len(ended.catalogue_hash) == 64
    assert ended.started_at is not None
    assert ended.completed_at is not None


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_when_the_time_is_over(alice: User) -> None:
    generation = services.wait_for_result(made(alice), seconds=0.2)
    assert generation.status == Status.PENDING


def test_a_task_delivered_twice_pays_once(
    office: None, alice: User, model_server: ModelServer
) -> None:
    plan = {
        "name": "Post",
        "description": "",
        "steps": [{"agent": "summarizer", "task": "Summarise"}],
        "unplaced": [],
    }
    model_server.script([structured(plan), structured(plan)])
    generation = made(alice)
    design_workflow(generation.pk)
    design_workflow(generation.pk)
    generation.refresh_from_db()
    assert (generation.status, generation.generator) == ("COMPLETED", "openai")
    assert len(model_server.requests) == 1
    assert generation.calls.count() == 1
    assert generation.input_tokens > 0


def test_a_job_that_runs_elsewhere_is_left_alone(alice: User, model_server: ModelServer) -> None:
    generation = made(alice, status=Status.RUNNING, started_at=timezone.now())
    design_workflow(generation.pk)
    generation.refresh_from_db()
    assert generation.status == Status.RUNNING
    assert model_server.requests == []


def test_a_cancelled_job_is_not_started(alice: User, model_server: ModelServer) -> None:
    generation = services.request_cancellation(made(alice))
    design_workflow(generation.pk)
    generation.refresh_from_db()
    assert (generation.status, generation.result) == (Status.CANCELLED, None)
    assert model_server.requests == []


def test_an_ended_job_does_not_change_any_more(alice: User) -> None:
    generation = made(alice, status=Status.COMPLETED, completed_at=timezone.now())
    assert not moving.fail(generation.pk, kind="internal", message="x")
    assert not moving.cancel(generation.pk)
    assert not moving.enter(generation.pk, "planning")
    generation.refresh_from_db()
    assert (generation.status, generation.error) == (Status.COMPLETED, "")


@pytest.mark.django_db(transaction=True)
def test_a_sweep_finds_forgotten_and_lost_jobs(worker: None, office: None, alice: User) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    forgotten = made(alice, id="generation-forgotten")
    lost = made(alice, id="generation-lost", status=Status.RUNNING, started_at=long_ago)
    young = made(alice, id="generation-young", status=Status.RUNNING, started_at=timezone.now())
    Generation.objects.filter(pk=forgotten.pk).update(created_at=long_ago)
    assert sweep() == (1, 1)
    lost.refresh_from_db()
    young.refresh_from_db()
    assert (lost.status, lost.error_kind) == (Status.FAILED, "worker_lost")
    assert young.status == Status.RUNNING
    assert services.wait_for_result(forgotten, seconds=20).status == Status.COMPLETED


def test_a_designer_uses_only_what_its_requester_may(
    office: None, bobs_agent: object, alice: User, bob: User
) -> None:
    prompt = "Condense the long text of the news into a short summary."
    for_alice = made(alice, prompt=prompt)
    for_bob = made(bob, id="generation-2", prompt=prompt)
    design_workflow(for_alice.pk)
    design_workflow(for_bob.pk)
    for_alice.refresh_from_db()
    for_bob.refresh_from_db()
    assert for_alice.result is not None
    assert for_bob.result is not None
    assert "secret" not in str(for_alice.result)
    assert for_bob.result["existing_agents_used"] == ["secret_summarizer"]
