"""Limits hold before the vendor is asked: tokens of a day, dollars of a job, seconds of a job."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from common.errors import LimitReached
from generation import services
from generation.jobs.calls import close_call, open_call
from generation.jobs.limits import today
from generation.modelling.ledger import OutOfMeans
from generation.models import Generation, GenerationCall
from generation.tasks import design_workflow
from tests.fakes.model_server import ModelServer, hang, structured
from tests.generation.test_jobs import PROMPT, made

GOOD = {
    "name": "Post",
    "description": "",
    "steps": [{"agent": "summarizer", "task": "Summarise"}],
    "unplaced": [],
}


def spent(user: User, tokens: int, **fields: object) -> GenerationCall:
    """A call of an earlier generation."""
    earlier = Generation.objects.create(
        id=f"generation-earlier-{GenerationCall.objects.count()}",
        prompt=PROMPT,
        created_by=user,
        status=Generation.Status.COMPLETED,
    )
    told = {"number": 1, "purpose": "plan", "model": "m", "day": today(), **fields}
    return GenerationCall.objects.create(
        generation=earlier, user=user, tokens_counted=tokens,
        completed_at=earlier.created_at, **told,
    )  # fmt: skip


def designed(generation: Generation) -> Generation:
    design_workflow(generation.pk)
    generation.refresh_from_db()
    assert generation.status == "COMPLETED"
    return generation


def first_warning(generation: Generation) -> str:
    return str(generation.result["warnings"][0]) if generation.result else ""


@pytest.mark.usefixtures("model_server")
def test_who_has_spent_the_days_tokens_gets_a_429(alice: User, settings: Settings) -> None:
    settings.GENERATION_TOKENS_PER_DAY = 1_000
    spent(alice, 1_000)
    client = Client()
    client.force_login(alice)
    answer = client.post(
        "/api/v1/workflows/generate", {"prompt": PROMPT}, content_type="application/json"
    )
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 86_400
    assert answer.json()["code"] == "limit_reached"
    assert "1,000 of the 1,000 tokens" in answer.json()["detail"]
    assert Generation.objects.count() == 1


@pytest.mark.usefixtures("model_server")
def test_yesterdays_tokens_and_those_of_others_do_not_count(
    alice: User, bob: User, settings: Settings
) -> None:
    settings.GENERATION_TOKENS_PER_DAY = 1_000
    spent(alice, 5_000, day=today() - timedelta(days=1))
    spent(bob, 5_000)
    assert services.request_generation(by=alice, prompt=PROMPT).status == "PENDING"
    with pytest.raises(LimitReached):
        services.request_generation(by=bob, prompt=PROMPT)


def test_without_a_model_nothing_is_spent_and_nothing_refused(
    alice: User, settings: Settings
) -> None:
    settings.GENERATION_TOKENS_PER_DAY = 1_000
    spent(alice, 1_000)
    assert services.request_generation(by=alice, prompt=PROMPT).status == "PENDING"


def test_in_mid_job_the_planner_takes_over_with_a_warning(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.GENERATION_TOKENS_PER_DAY = 12_000
    # The answer is no plan and takes nearly all that is left, so there is nothing for the repair.
    model_server.script([structured({"name": 1}, usage=(6_000, 5_900)), structured(GOOD)])
    generation = designed(made(alice))
    assert generation.generator == "offline-planner"
    assert len(model_server.requests) == 1
    assert "11,900 of the 12,000 tokens" in first_warning(generation)
    assert "GENERATION_TOKENS_PER_DAY" in first_warning(generation)


def test_an_answer_may_only_have_what_is_left(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.GENERATION_TOKENS_PER_DAY = 6_000
    model_server.script([structured(GOOD)])
    assert designed(made(alice)).generator == "openai"
    assert 256 <= model_server.requests[0]["max_completion_tokens"] < 6_000


@pytest.mark.django_db(transaction=True)
def test_calls_made_at_once_do_not_pass_the_limit_together(alice: User, settings: Settings) -> None:
    settings.GENERATION_TOKENS_PER_DAY = 10_000
    settings.BUDGET_OUTPUT_TOKENS = 2_000
    jobs = [made(alice, id=f"generation-{n}", status="RUNNING") for n in range(8)]

    def ask(job: Generation) -> bool:
        try:
            open_call(job.pk, purpose="plan", input_tokens=1_000)
        except OutOfMeans:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        made_calls = list(pool.map(ask, jobs))
    assert made_calls.count(True) == 3
    counted = [call.tokens_counted for call in GenerationCall.objects.all()]
    assert counted == [3_000, 3_000, 3_000]


def test_a_repeated_end_of_a_call_counts_once(alice: User) -> None:
    job = made(alice, status="RUNNING")
    permit = open_call(job.pk, purpose="plan", input_tokens=100)
    close_call(job.pk, permit.number, None)
    events = job.events.count()
    close_call(job.pk, permit.number, None)
    assert job.events.count() == events


def test_a_job_may_cost_only_so_much(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = {settings.OPENAI_MODEL: [1.0, 10.0], "fake-model": [1.0, 10.0]}
    settings.GENERATION_MAX_COST_USD = 0.02
    model_server.script([structured({"name": 1}, usage=(5_000, 1_400)), structured(GOOD)])
    generation = designed(made(alice))
    assert (generation.generator, generation.cost_usd) == ("offline-planner", Decimal("0.019"))
    assert len(model_server.requests) == 1
    assert "0.019 of the 0.02 US dollars" in first_warning(generation)


def test_a_model_of_unknown_price_is_not_asked_under_a_cost_limit(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = {}
    settings.GENERATION_MAX_COST_USD = 1.0
    generation = designed(made(alice))
    assert generation.generator == "offline-planner"
    assert model_server.requests == []
    assert "MODEL_PRICES" in first_warning(generation)


def test_when_the_time_is_over_the_planner_answers(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.GENERATION_TIMEOUT_SECONDS = 1.0
    model_server.script([hang(60)])
    generation = designed(made(alice))
    assert (generation.generator, generation.error) == ("offline-planner", "")
    assert "GENERATION_TIMEOUT_SECONDS" in first_warning(generation)
    assert generation.completed_at is not None
    assert generation.started_at is not None
    assert generation.completed_at - generation.started_at < timedelta(seconds=10)


def test_a_call_without_an_answer_counts_as_estimated(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.GENERATION_TIMEOUT_SECONDS = 1.0
    model_server.script([hang(60)])
    generation = designed(made(alice))
    call = generation.calls.get()
    assert (call.error, call.cost_usd, generation.cost_usd) == ("timeout", None, None)
    assert call.tokens_counted > settings.BUDGET_OUTPUT_TOKENS
