"""Every curl line of the documentation, run against a live server; a new one without a test here is an error."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken
from pytest_django.live_server_helper import LiveServer

from executions.models import WorkflowExecution
from executions.triggers.models import Schedule
from tests.conftest import client_of
from tests.documents.pages import (
    PAGES,
    PROJECT,
    answers,
    calls_curl,
    run,
    section,
    sections,
    shell_lines,
)
from tests.executions.conftest import Runner, forks, runner, temporal_worker
from tests.executions.engine.test_approvals import question
from tests.executions.flows import finished_run, workflow_of
from tests.executions.live.web_process import WebProcess
from workflows.definition.normalise import normalise
from workflows.definition.steps import walk
from workflows.models import Workflow
from workflows.services import create_workflow
from workflowsite.celery import app

__all__ = ["forks", "runner", "temporal_worker"]

EXECUTIONS = "docs/executions.md"
BUILDING = "docs/building.md"
# Whole pages are one script; elsewhere a section is one.
WHOLE_PAGES = {BUILDING}
EXECUTED = {
    ("README.md", "The API in three calls"),
    (EXECUTIONS, "Following a run"),
    (EXECUTIONS, "Explaining a run"),
    (EXECUTIONS, "Statistics"),
    (EXECUTIONS, "Approvals, waiting, context, child workflows"),
    (EXECUTIONS, "Schedules"),
    (EXECUTIONS, "Webhooks"),
    (BUILDING, ""),
}


@dataclass
class Reader:
    """Somebody who types what a page says."""

    runner: Runner
    folder: Path
    url: str

    @property
    def user(self) -> User:
        """Who they are."""
        return self.runner.owner

    def types(self, page: str, heading: str, **known: object) -> str:
        """What the section's lines print."""
        assert (page, heading) in EXECUTED
        lines = shell_lines(section(page, heading))
        token = AuthToken.objects.create(self.user)[1]
        return run(lines, self.folder, API_URL=self.url, TOKEN=token, **known)


@pytest.fixture
def reader(runner: Runner, live_server: LiveServer, tmp_path: Path) -> Iterator[Reader]:
    """At a server whose Celery tasks run where they are sent."""
    app.conf.task_always_eager = True
    yield Reader(runner, tmp_path, live_server.url)
    app.conf.task_always_eager = False


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[WebProcess]:
    """A server that can stream."""
    process = WebProcess(tmp_path / "log")
    yield process
    process.stop()


def test_every_curl_line_is_run_here() -> None:
    found = set()
    for page in PAGES:
        name = str(page.relative_to(PROJECT))
        for heading, text in sections(page).items():
            if calls_curl(text):
                found.add((name, "" if name in WHOLE_PAGES else heading))
    assert found == EXECUTED
    outside = [
        page.name
        for page in PAGES
        if re.search(r"^```\n(?:(?!```).)*^curl ", page.read_text(), re.MULTILINE | re.DOTALL)
    ]
    assert outside == [], "curl lines stand in blocks that begin with ```sh"


def test_the_api_in_three_calls(reader: Reader) -> None:
    templates, designed, runs = answers(reader.types("README.md", "The API in three calls"))
    assert templates["results"] == runs["results"] == []
    assert designed["status"] == "COMPLETED"


def test_following_a_run(reader: Reader, web: WebProcess) -> None:
    done = finished_run(workflow_of(reader.user), reader.user)
    reader.url = web.url
    stream = reader.types(EXECUTIONS, "Following a run", EXECUTION=done.pk)
    assert re.findall(r"^id: (\d+)$", stream, re.MULTILINE) == ["1", "2", "3"]
    assert stream.endswith('event: end\ndata: {"status":"COMPLETED","last":3}\n\n')


@pytest.mark.parametrize("curl", ["", "stand-in"])
def test_explaining_a_run(reader: Reader, tmp_path: Path, curl: str) -> None:
    done = finished_run(workflow_of(reader.user), reader.user)
    shown = reader.types(EXECUTIONS, "Explaining a run", EXECUTION=done.pk, CURL=curl)
    steps, step = answers(shown)
    assert [row["path"] for row in steps["results"]] == ["first", "greet"]
    assert (step["path"], step["output"], step["tries"]) == ("greet", "Hello, Ada!", [])
    (file,) = tmp_path.glob("*-greet-output.json")
    assert json.loads(file.read_text()) == "Hello, Ada!"


def test_statistics(reader: Reader) -> None:
    workflow = workflow_of(reader.user)
    finished_run(workflow, reader.user)
    (found,) = answers(reader.types(EXECUTIONS, "Statistics", WORKFLOW=workflow.pk))
    assert (found["runs"], len(found["per_day"])) == (1, 7)


def test_approving(reader: Reader) -> None:
    heading = "Approvals, waiting, context, child workflows"
    example = re.search(r"```json\n(.*?)```", section(EXECUTIONS, heading), re.DOTALL)
    assert example is not None
    ran = reader.runner.start(json.loads(example[1]), user_input="Ada")
    question(ran, "check")
    waiting, decided = answers(reader.types(EXECUTIONS, heading, EXECUTION=ran.id))
    assert [row["execution_id"] for row in waiting["results"]] == [ran.id]
    assert decided["status"] == "APPROVED"
    assert ran.wait().output["text"] == "Dear Ada, this is it."


def test_scheduling(reader: Reader) -> None:
    greet = {"id": "a", "type": "wait", "duration_seconds": 1}
    named = {"id": "daily-report", "name": "Daily report", "steps": [greet]}
    create_workflow(by=reader.user, definition=named)
    (made,) = answers(reader.types(EXECUTIONS, "Schedules"))
    assert made["id"] == Schedule.objects.get().pk
    assert len(made["next_runs"]) == 5


def test_delivering_to_a_webhook(reader: Reader) -> None:
    workflow = workflow_of(reader.user)
    client = client_of(reader.user)
    hook = client.post(f"/api/v1/workflows/{workflow.pk}/webhooks", {"name": "Orders"}).json()
    address = f"{reader.url}/hooks/{hook['url'].rpartition('/')[2]}"
    (told,) = answers(reader.types(EXECUTIONS, "Webhooks", URL=address, SECRET=hook["secret"]))
    assert told["execution_id"] == WorkflowExecution.objects.get().pk


def test_building_a_workflow_step_by_step_and_at_once(reader: Reader, tmp_path: Path) -> None:
    reader.types(BUILDING, "")
    by_steps, at_once, imported = (
        definition_of(name)
        for name in ("letter-digest", "letter-digest-at-once", "imported-digest")
    )
    assert by_steps == at_once == imported
    row = Workflow.objects.get(pk="letter-digest")
    assert len(list(walk(normalise(row.definition_json).steps))) == 10
    assert row.published_version == row.version
    ran = json.loads((tmp_path / "run.json").read_text())
    assert ran["output"]["lines"] == [{"text": "Write to joe@example.com."}]
    assert "<svg" in (tmp_path / "preview.svg").read_text()


def definition_of(workflow_id: str) -> Any:
    """What is stored, without its name and id."""
    stored = dict(Workflow.objects.get(pk=workflow_id).definition_json)
    return {key: value for key, value in stored.items() if key not in ("id", "name")}
