"""An output of 10 MB from a real web server, whose memory it must not fill."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken

from executions.models import StepRun, WorkflowExecution
from tests.executions.flows import finished_run, workflow_of
from tests.executions.live.web_process import WebProcess

TEN_MB = 10 * 1024 * 1024
# Slices as text and as bytes, and what the database driver holds of them; the value itself would take several times more.
ROOM_KB = 30 * 1024


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[WebProcess]:
    """A web server."""
    process = WebProcess(tmp_path / "web.log")
    yield process
    process.stop()


def memory_kb(web: WebProcess) -> int:
    """The most that the process ever held."""
    status = Path(f"/proc/{web.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def test_ten_megabytes_are_a_preview_and_a_download(web: WebProcess, alice: User) -> None:
    run: WorkflowExecution = finished_run(workflow_of(alice), alice)
    value = {"rows": ["x" * 1024] * (TEN_MB // 1024)}
    StepRun.objects.filter(path="greet").update(output_json=value)
    token = str(AuthToken.objects.create(alice)[1])
    address = f"/api/v1/workflows/executions/{run.pk}/steps/greet"
    shown = web.get(address, token)["output"]
    assert (shown["truncated"], shown["size_bytes"] > TEN_MB) == (True, True)
    before = memory_kb(web)
    request = Request(f"{web.url}{shown['link']}", headers={"Authorization": f"Token {token}"})
    with urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="{run.pk}-greet-output.json"'
        )
        assert answer.headers["Content-Type"] == "application/json"
        assert json.load(answer) == value
    assert memory_kb(web) - before < ROOM_KB
