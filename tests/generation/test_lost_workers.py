"""A worker that dies in mid-call: the job ends as lost, nothing is asked twice, and what it may have cost counts."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from generation.models import Generation
from generation.tasks import design_workflow, sweep
from tests.fakes.model_server import ModelServer, hang
from tests.generation.test_cancelling import until
from tests.generation.test_jobs import made

PROJECT = Path(__file__).resolve().parents[2]
DESIGN = """
import sys, django
django.setup()
from generation.tasks import design_workflow
design_workflow(sys.argv[1])
"""


def worker_process(generation_id: str, model: ModelServer) -> subprocess.Popen[bytes]:
    server, _, options = os.environ["DATABASE_URL"].partition("?")
    address = f"{server.rsplit('/', 1)[0]}/{connection.settings_dict['NAME']}"
    environment = {
        "DATABASE_URL": f"{address}?{options}" if options else address,
        "REDIS_URL": live_settings.REDIS_URL,
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "sk-test",
        "DJANGO_SETTINGS_MODULE": "workflowsite.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-c", DESIGN, generation_id], cwd=PROJECT, env=os.environ | environment
    )


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_mid_call_is_found_and_nothing_asked_again(
    office: None, alice: User, model_server: ModelServer, settings: Settings
) -> None:
    model_server.default = hang(60)
    generation = made(alice)
    process = worker_process(generation.pk, model_server)
    try:
        until(lambda: len(model_server.requests) == 1, seconds=60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    # The broker delivers the task again: somebody else has claimed it, so nothing happens.
    design_workflow(generation.pk)
    assert sweep() == (0, 0)
    late = timezone.now() - timedelta(seconds=settings.GENERATION_TIMEOUT_SECONDS + 61)
    Generation.objects.filter(pk=generation.pk).update(started_at=late)
    assert sweep() == (0, 1)
    design_workflow(generation.pk)
    generation.refresh_from_db()
    assert (generation.status, generation.error_kind) == ("FAILED", "worker_lost")
    assert "ask anew" in generation.error
    assert len(model_server.requests) == 1
    call = generation.calls.get()
    assert (call.error, generation.cost_usd) == ("interrupted", None)
    assert call.tokens_counted > 0
    last = generation.events.order_by("number").last()
    assert last is not None
    assert last.number == generation.last_event_number
