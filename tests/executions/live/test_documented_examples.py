"""The examples of docs/executions.md on following and explaining a run, as they stand there."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken

from tests.executions.flows import finished_run, workflow_of
from tests.executions.live.web_process import PROJECT, WebProcess

PAGE = (PROJECT / "docs" / "executions.md").read_text()


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[WebProcess]:
    """A web server."""
    process = WebProcess(tmp_path / "log")
    yield process
    process.stop()


def shown_in(section: str, web: WebProcess, user: User, folder: Path) -> str:
    """What the section's shell lines print, for a finished run of the user."""
    run = finished_run(workflow_of(user), user)
    known = {"API_URL": web.url, "TOKEN": AuthToken.objects.create(user)[1], "EXECUTION": run.pk}
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    done = subprocess.run(
        ["bash", "-euc", lines],
        cwd=folder,
        env=os.environ | {name: str(value) for name, value in known.items()},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_following_a_run(web: WebProcess, alice: User, tmp_path: Path) -> None:
    stream = shown_in("Following a run", web, alice, tmp_path)
    assert re.findall(r"^id: (\d+)$", stream, re.MULTILINE) == ["1", "2", "3"]
    assert stream.endswith('event: end\ndata: {"status":"COMPLETED","last":3}\n\n')


def test_explaining_a_run(web: WebProcess, alice: User, tmp_path: Path) -> None:
    shown = shown_in("Explaining a run", web, alice, tmp_path)
    steps, step = (
        json.JSONDecoder().raw_decode(shown)[0],
        json.loads(shown[shown.index('}{"path"') + 1 :]),
    )
    assert [row["path"] for row in steps["results"]] == ["first", "greet"]
    assert (step["path"], step["output"], step["tries"]) == ("greet", "Hello, Ada!", [])
    (file,) = tmp_path.glob("*-greet-output.json")
    assert json.loads(file.read_text()) == "Hello, Ada!"
