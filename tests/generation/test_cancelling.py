"""Cancelling stops the spending: a call under way is cut off, and none follows."""

import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from generation import services
from generation.models import Generation
from generation.tasks import design_workflow
from tests.fakes.model_server import Answer, ModelServer, hang, structured
from tests.generation.test_jobs import PROMPT, made

GOOD = {"name": "Post", "description": "", "steps": [], "unplaced": ["all"]}


def until(is_true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_call_under_way_is_cut_off_and_none_follows(
    worker: None, office: None, alice: User, model_server: ModelServer
) -> None:
    model_server.script([hang(60), structured(GOOD), structured(GOOD)])
    generation = services.request_generation(by=alice, prompt=PROMPT)
    until(lambda: len(model_server.requests) == 1)
    asked_at = time.monotonic()
    cancelled = services.request_cancellation(generation)
    until(lambda: model_server.hung_up == 1)
    assert time.monotonic() - asked_at < 5
    call = generation.calls.get()
    until(lambda: bool(generation.calls.get().completed_at))
    call.refresh_from_db()
    assert (call.error, call.cost_usd) == ("interrupted", None)
    assert call.tokens_counted > 0
    cancelled.refresh_from_db()
    assert (cancelled.status, cancelled.result, cancelled.cost_usd) == ("CANCELLED", None, None)
    # The worker is free again, and asks nothing more for the cancelled one.
    model_server.script([])
    following = services.request_generation(by=alice, prompt=PROMPT)
    assert services.wait_for_result(following, seconds=20).is_finished
    assert {c.generation_id for c in type(call).objects.filter(number__gt=1)} <= {following.pk}
    assert generation.calls.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_next_stage_stops_it(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    generation = made(alice)

    def cancel_meanwhile(_body: object) -> Answer:
        Generation.objects.filter(pk=generation.pk).update(status=Generation.Status.CANCELLED)
        connection.close()
        return structured({"name": 1})

    model_server.script([cancel_meanwhile, structured(GOOD)])
    design_workflow(generation.pk)
    generation.refresh_from_db()
    assert (generation.status, generation.result) == ("CANCELLED", None)
    assert (len(model_server.requests), model_server.unused) == (1, 1)
    assert generation.input_tokens > 0


@pytest.mark.django_db(transaction=True)
def test_what_was_answered_before_the_cancel_is_paid_and_told(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = {"fake-model": [1.0, 2.0]}
    generation = made(alice)
    model_server.script([structured({"name": 1}), hang(60)])
    designing = threading.Thread(target=design_in_thread, args=[generation.pk])
    designing.start()
    until(lambda: len(model_server.requests) == 2)
    services.request_cancellation(generation)
    designing.join(timeout=20)
    assert not designing.is_alive()
    until(lambda: model_server.hung_up == 1)
    generation.refresh_from_db()
    assert (generation.input_tokens, generation.output_tokens) == (10, 5)
    assert [call.error for call in generation.calls.all()] == ["", "interrupted"]
    # What the vendor bills for a dropped call nobody knows.
    assert generation.cost_usd is None


def design_in_thread(generation_id: str) -> None:
    try:
        design_workflow(generation_id)
    finally:
        connection.close()
