"""The requests that the documentation writes as in HTTP, as they stand there; a new one without a test is an error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.documents.pages import PAGES, PROJECT, requests, section, sections
from tests.executions.conftest import Forks, Runner, forks, runner, tap, temporal_worker
from tests.executions.engine.building import echo
from tests.executions.tap import Tap
from workflows.models import Workflow
from workflows.services import create_workflow
from workflowsite.celery import app

__all__ = ["forks", "runner", "tap", "temporal_worker"]

RETRY = ("docs/executions.md", "Retry and fork")
TRYING = ("docs/executions.md", "Trying one step")
GENERATING = ("docs/generation.md", "In five requests")
# By tests/workflows/drift/test_publishing_docs.py, with the answers that the page shows.
SENT_ELSEWHERE = {
    ("docs/publishing.md", "What became of it"),
    ("docs/publishing.md", "Accepting"),
}


@pytest.fixture
def done_at_once() -> Iterator[None]:
    """Celery's tasks run where they are sent: no worker is needed."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_every_request_is_sent_here() -> None:
    found = {
        (str(page.relative_to(PROJECT)), heading)
        for page in PAGES
        for heading, text in sections(page).items()
        if requests(text)
    }
    assert found == {RETRY, TRYING, GENERATING} | SENT_ELSEWHERE


def test_retry_and_fork(runner: Runner, tap: Tap, forks: Forks) -> None:
    said = echo("said", "${steps.classify.output}")
    steps = [echo("classify", "order"), tap.step("reply", "flaky/1/reply"), said]
    failed = runner.start({"steps": steps})
    failed.wait()
    assert (failed.status, failed.row.failed_step) == ("FAILED", "reply")
    retry, fork = (one.filled(id=failed.id) for one in requests(section(*RETRY)))
    assert (retry.path.rsplit("/", 1)[1], retry.body) == ("retry", {})
    again = forks.sent(retry.path)
    assert (again.status, again.row.is_retry, again.row.forked_from_id) == (
        "COMPLETED",
        True,
        failed.id,
    )
    other = forks.sent(fork.path, **fork.body)
    assert (other.row.forked_from_id, other.row.forked_at) == (failed.id, "reply")
    assert other.step("classify").is_edited
    assert other.output["result"] == fork.body["outputs"]["classify"]
    assert tap.count("reply") == 3


def test_trying_one_step(runner: Runner, forks: Forks) -> None:
    kinds = {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]}
    asked = {"name": "Classifier", "instructions": "Say what it is."}
    classify = {"id": "classify", "type": "agent", "agent": asked, "output_schema": kinds}
    values = {"kind": "${steps.classify.output.kind}", "text": "${user_input}"}
    reply = {
        "id": "reply",
        "type": "tool",
        "tool": "native:render_text",
        "arguments": {"template": "{kind}: {text}", "values": values},
    }
    definition = {"id": "triage", "name": "Triage", "steps": [classify, reply]}
    create_workflow(by=runner.owner, definition=definition)
    (one,) = (one.filled(id="triage") for one in requests(section(*TRYING)))
    answer = forks.client.post(one.path, one.body)
    assert (answer.status_code, answer.json()["tested_step"]) == (200, "reply")
    assert answer.json()["simulated"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("done_at_once")
def test_generation_in_five_requests(api: APIClient) -> None:
    ids = {"generation": "", "workflow": ""}
    answers: list[Any] = []
    for one in requests(section(*GENERATING)):
        sent = one.filled(**ids)
        answer = api.post(f"/api/v1{sent.path}", sent.body)
        assert answer.status_code in (200, 201), answer.content
        answers.append(answer.json())
        if one.path.startswith("/workflows/generate?"):
            ids["generation"] = answers[-1]["id"]
        if one.path == "/workflows/generate/apply":
            ids["workflow"] = answers[-1]["workflow"]["id"]
    designed, stored, changed, _, explained = answers
    assert designed["status"] == changed["status"] == "COMPLETED"
    assert stored["workflow"]["name"] == "Words and addresses"
    assert any(change.get("type") == "wait" for change in changed["result"]["changes"])
    row = Workflow.objects.get()
    assert row.version == 2
    kinds = [step["type"] for step in row.definition_json["steps"]]
    assert kinds == ["tool", "wait", "tool"]
    assert "wait" in json.dumps(explained).lower()
