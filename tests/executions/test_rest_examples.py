"""The requests that docs/executions.md shows for retrying and forking a run, as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

from tests.executions.conftest import Forks, Runner
from tests.executions.engine.building import echo
from tests.executions.tap import Tap

PAGE = Path(__file__).parents[2] / "docs" / "executions.md"


def examples(run_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Address and body of every request of the section, with a run in it."""
    section = PAGE.read_text().split("## Retry and fork\n")[1].split("\n## ")[0]
    found = re.findall(r"```\nPOST (\S+)\s+(\{.*?\})\n```", section, re.DOTALL)
    return [(path.replace("{id}", run_id), json.loads(body)) for path, body in found]


def test_the_requests_of_the_page_do_what_it_says(runner: Runner, tap: Tap, forks: Forks) -> None:
    said = echo("said", "${steps.classify.output}")
    steps = [echo("classify", "order"), tap.step("reply", "flaky/1/reply"), said]
    failed = runner.start({"steps": steps})
    failed.wait()
    assert (failed.status, failed.row.failed_step) == ("FAILED", "reply")
    (retry, nothing), (fork, changes) = examples(failed.id)
    assert (retry.rsplit("/", 1)[1], nothing, fork.rsplit("/", 1)[1]) == ("retry", {}, "fork")
    again = forks.sent(retry, **nothing)
    assert (again.status, again.row.is_retry, again.row.forked_from_id) == (
        "COMPLETED",
        True,
        failed.id,
    )
    other = forks.sent(fork, **changes)
    assert (other.row.forked_from_id, other.row.forked_at) == (failed.id, "reply")
    assert other.step("classify").is_edited
    assert other.output["result"] == changes["outputs"]["classify"]
    assert tap.count("reply") == 3
