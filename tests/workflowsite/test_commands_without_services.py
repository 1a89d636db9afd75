"""Commands whose Temporal or database does not answer say so once, in a sentence."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from executions.worker import CONNECT_PAUSE_SECONDS
from workflowsite.env import BASE_DIR
from workflowsite.localstack.ports import free_port


def test_a_worker_without_temporal_says_so_once(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    log = tmp_path / "log"
    with log.open("w") as output:
        worker = subprocess.Popen(
            [sys.executable, str(BASE_DIR / "manage.py"), "temporal_worker", "--skip-checks"],
            env=os.environ | {"TEMPORAL_ADDRESS": address, "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + 60
    while "[executions.worker]" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    # It tries again meanwhile.
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(timeout=2 * CONNECT_PAUSE_SECONDS + 1)
    worker.terminate()
    assert worker.wait(timeout=30) == 0
    (line,) = [line for line in log.read_text().splitlines() if "[executions.worker]" in line]
    assert f"Temporal does not answer at {address}. Start it, or correct TEMPORAL_ADDRESS" in line


def test_a_pool_without_its_database_does_not_repeat_itself() -> None:
    nowhere = f"postgres://nobody:nothing@127.0.0.1:{free_port()}/nothing"
    outcome = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), "import_templates"],
        env=os.environ | {"DATABASE_URL": nowhere, "DATABASE_POOL_SIZE": "2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 1
    assert "The database failed: " in outcome.stderr
    assert "psycopg.pool" not in outcome.stderr
    assert "Traceback" not in outcome.stderr
