"""Recorded histories run through today's code: what it asks of Temporal must not have changed.

A run that is open while the code is deployed is replayed by the new code. If one of these tests fails, such a run
would be stuck.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from executions.engine.messages.run_input import ENGINE
from executions.payloads import DATA_CONVERTER
from executions.worker import WORKFLOWS
from tests.executions.scenarios import SCENARIOS

FOLDER = Path(__file__).with_name("histories")
HISTORIES = sorted(FOLDER.glob("engine-*/*.json"))


def history_of(document: Any) -> WorkflowHistory:
    return WorkflowHistory.from_json(document["workflow_id"], document["history"])


def replayer() -> Replayer:
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=DATA_CONVERTER,
    )


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recorded_history_replays(path: Path) -> None:
    history = history_of(json.loads(path.read_text()))
    result = asyncio.run(replayer().replay_workflow(history, raise_on_replay_failure=False))
    assert result.replay_failure is None


def test_every_scenario_is_recorded_with_the_newest_engine() -> None:
    recorded = (FOLDER / f"engine-{ENGINE}").glob("*.json")
    assert sorted(path.stem for path in recorded) == sorted(SCENARIOS)


def test_histories_of_every_engine_are_kept() -> None:
    assert {path.parent.name for path in HISTORIES} == {f"engine-{n}" for n in range(1, ENGINE + 1)}


def test_a_history_of_other_code_does_not_replay() -> None:
    text = (FOLDER / "engine-1" / "straight.json").read_text()
    other = json.loads(text.replace('"name": "call_tool"', '"name": "call_other"'))
    assert other != json.loads(text)
    with pytest.raises(Exception, match=r"TMPRL1100"):
        asyncio.run(replayer().replay_workflow(history_of(other)))
