"""What the planner designs runs: workflows of all prompt sets, with stand-ins for models and tools."""

import json
from pathlib import Path
from typing import Any

import pytest

from generation.drafting import OFFLINE_PLANNER
from generation.evaluation import answer
from tests.executions.conftest import Runner, runner, temporal_worker

__all__ = ["runner", "temporal_worker"]

SETS = (
    "prompts",
    "development",
    *(f"development_{number}" for number in range(2, 9)),
    "held_out",
    *(f"held_out_{number}" for number in range(2, 11)),
)
# Straight sequences are all alike to the engine: some of each set are enough.
SEQUENCES = 2


def prompts_of(name: str) -> list[dict[str, Any]]:
    """The prompts of a set."""
    path = Path(__file__).parent / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def branches(workflow: dict[str, Any]) -> bool:
    """Whether it is more than a sequence."""
    return bool({step["type"] for step in workflow["steps"]} - {"agent", "tool"})


@pytest.mark.parametrize("prompts", SETS)
def test_every_designed_workflow_completes_when_simulated(runner: Runner, prompts: str) -> None:
    designed = {
        item["id"]: answer(item, generator=OFFLINE_PLANNER)["response"]["workflow"]
        for item in prompts_of(prompts)
    }
    branching = {name for name, workflow in designed.items() if branches(workflow)}
    chosen = [*branching, *sorted(designed.keys() - branching)[:SEQUENCES]]
    started = {
        name: runner.start(designed[name], user_input="Some text", simulate=True) for name in chosen
    }
    ended = {name: ran.wait() for name, ran in started.items()}
    failed = {
        name: (ran.row.status, ran.row.error_kind, ran.row.error, ran.row.failed_step)
        for name, ran in ended.items()
        if ran.status != "COMPLETED"
    }
    assert failed == {}
