"""Log lines say which request, run and step they belong to."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import structlog
from asgiref.sync import async_to_sync
from celery import Celery
from celery.signals import before_task_publish
from django.conf import settings
from django.contrib.auth.models import User
from knox.models import AuthToken
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from executions.activities.log_context import LogContext
from executions.models import WorkflowExecution
from executions.tasks import do_chores
from tests.conftest import ClientFor
from tests.executions.conftest import RUNS, Json, Runner
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


ASKING: Json = {"id": "ask", "type": "agent", "agent_id": "helper"}


def test_the_worker_names_the_request_that_started_the_run(
    runner: Runner, client_for: ClientFor, model_server: ModelServer, log: io.StringIO
) -> None:
    runner.agent("helper")
    inner = workflow_of(runner.owner, ASKING)
    outer = workflow_of(runner.owner, {"id": "inner", "type": "workflow", "workflow_id": inner.pk})
    model_server.script([answers.server_error()])
    client = client_for(runner.owner)
    address = f"/api/v1/workflows/{outer.pk}/execute?wait=60"
    answer = client.post(address, {"user_input": "hi"})
    request_id = answer["X-Request-ID"]
    assert answer.json()["request_id"] == request_id
    (line,) = [row for row in lines_of(log.getvalue()) if "Model call failed" in row["event"]]
    child = WorkflowExecution.objects.get(parent_id=answer.json()["id"])
    assert (line["execution_id"], line["request_id"]) == (child.pk, request_id)
    assert client.get(f"{RUNS}/{child.pk}").json()["request_id"] == request_id


def test_a_run_that_another_worker_walks_is_asked_for_its_request(
    transactional_db: None, alice: User, log: io.StringIO
) -> None:
    run = finished_run(workflow_of(alice), alice)
    WorkflowExecution.objects.filter(pk=run.pk).update(request_id="r-7")

    async def call() -> None:
        bound = LogContext().intercept_activity(_Telling())
        await bound.execute_activity(ExecuteActivityInput(call, [], None, {}))

    environment = ActivityEnvironment()
    environment.info = replace(environment.info, workflow_id=run.pk)

    async def run_it() -> None:
        await environment.run(call)

    async_to_sync(run_it)()
    (line,) = [row for row in lines_of(log.getvalue()) if row["event"] == "Called"]
    assert (line["execution_id"], line["request_id"]) == (run.pk, "r-7")


class _Telling(ActivityInboundInterceptor):
    """An activity that says something."""

    def __init__(self) -> None:
        """It is the last one."""

    async def execute_activity(self, input: ExecuteActivityInput) -> None:
        logging.getLogger("executions").warning("Called")


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
