"""What a worker process keeps after many runs is bounded. `make bench BENCH="--memory 1500"` looks for longer."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.executions.conftest import Runner
from tests.executions.scale.test_many_steps import three_steps
from tests.executions.test_killed_worker import WorkerProcess, another, own_queue, processes

__all__ = ["own_queue", "processes"]


def megabytes_of(pid: int) -> int:
    """The memory of a process, as the system counts it."""
    asked = ["ps", "-o", "rss=", "-p", str(pid)]
    return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout) // 1024


def test_after_eighty_runs_forty_more_add_less_than_eight_megabytes(
    runner: Runner,
    processes: list[WorkerProcess],
    tmp_path: Path,
    record_testsuite_property: Callable[[str, Any], None],
) -> None:
    worker = another(processes, tmp_path)
    worker.wait_until_ready()
    megabytes: list[int] = []
    for _ in range(3):
        for _ in range(5):
            for ran in [runner.start(three_steps(20)) for _ in range(8)]:
                ran.wait()
                assert ran.status == "COMPLETED"
        megabytes.append(megabytes_of(worker.pid))
    record_testsuite_property("worker_megabytes", str(megabytes))
    # The first eighty load what is loaded once, and fill caches and the allocator's pools.
    assert megabytes[2] - megabytes[1] < 8, megabytes
