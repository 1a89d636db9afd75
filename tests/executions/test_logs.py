"""Log lines say which request, run and step they belong to."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import structlog
from celery import Celery
from celery.signals import before_task_publish
from django.conf import settings
from django.contrib.auth.models import User
from knox.models import AuthToken

from executions.tasks import do_chores
from tests.executions.conftest import Runner
from tests.executions.flows import finished_run, workflow_of
from tests.executions.live.web_process import WebProcess
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a worker with LOG_JSON would write."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    formatters: Any = settings.LOGGING["formatters"]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(),
            foreign_pre_chain=formatters["structured"]["foreign_pre_chain"],
        )
    )
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def lines_of(text: str) -> list[dict[str, Any]]:
    """The lines that are JSON."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_an_activity_names_its_run_and_step(
    runner: Runner, model_server: ModelServer, log: io.StringIO
) -> None:
    runner.agent("helper")
    model_server.script([answers.server_error()])
    ran = runner.run({"steps": [{"id": "ask", "type": "agent", "agent_id": "helper"}]})
    (line,) = [row for row in lines_of(log.getvalue()) if "Model call failed" in row["event"]]
    assert (line["execution_id"], line["step"]) == (ran.id, "ask")
    assert (line["activity"], line["attempt"]) == ("ask_model", 1)


def test_a_request_names_itself_and_its_run_as_its_answer_does(
    transactional_db: None, alice: User, tmp_path: Path
) -> None:
    run = finished_run(workflow_of(alice), alice)
    token = str(AuthToken.objects.create(alice)[1])
    web = WebProcess(tmp_path / "log", LOG_JSON="true")
    try:
        with pytest.raises(HTTPError) as refused:
            web.get(f"/api/v1/workflows/executions/{run.pk}/steps/nowhere", token)
        problem = json.load(refused.value)
        assert refused.value.headers["X-Request-ID"] == problem["request_id"]
        refused.value.close()
    finally:
        web.stop()
    lines = [row for row in lines_of(web.log.read_text()) if row["event"] == "request_finished"]
    assert [row["request_id"] for row in lines] == [problem["request_id"]]
    assert (lines[0]["execution_id"], lines[0]["step"]) == (run.pk, "nowhere")


def test_a_task_knows_the_request_that_sent_it() -> None:
    sent: list[dict[str, Any]] = []

    def keep(headers: dict[str, Any], **_: Any) -> None:
        sent.append(headers)

    before_task_publish.connect(keep)
    app: Celery = do_chores.app
    try:
        with structlog.contextvars.bound_contextvars(request_id="r-1", execution_id="e-1"):
            do_chores.apply_async(queue=f"nobody-{app.conf.task_default_queue}")
    finally:
        before_task_publish.disconnect(keep)
    told = sent[0]["__django_structlog__"]
    assert (told["request_id"], told["execution_id"]) == ("r-1", "e-1")
