"""`manage.py demo` on a fresh folder, as a person uses it. One slow test: it starts a whole stack."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflowsite.test_dev_command import NOT_OURS, PROJECT
from workflowsite.localstack.lock import hold_run_lock, hold_server_lock


@pytest.mark.timeout(600)
def test_the_demo_designs_stores_and_runs_workflows_and_stops_what_it_started(
    tmp_path: Path,
) -> None:
    state_dir = tmp_path / "a folder"
    environment = {name: value for name, value in os.environ.items() if not NOT_OURS.match(name)}
    ended = subprocess.run(
        [sys.executable, "manage.py", "demo", "--json"],
        cwd=PROJECT,
        env=environment | {"STATE_DIR": str(state_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    report, generated = told["runs"]
    assert told["generation"]["generator"] == "offline-planner"
    assert (report["workflow_id"], report["status"]) == ("repository-report", "COMPLETED")
    assert (report["simulated"], generated["simulated"]) == (False, False)
    assert (generated["workflow_id"], generated["status"]) == (told["workflow_id"], "COMPLETED")
    assert "each-day/1/day-log  [tool]" in ended.stderr
    assert "├─ " in ended.stderr
    # Both locks are free again: neither the stack nor a server of it is left.
    os.close(hold_run_lock(state_dir))
    os.close(hold_server_lock(state_dir))
