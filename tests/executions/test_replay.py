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

from executions.payloads import DATA_CONVERTER
from executions.worker import WORKFLOWS
from tests.executions.scenarios import SCENARIOS

HISTORIES = sorted(Path(__file__).with_name("histories").glob("*.json"))


def history_of(document: Any) -> WorkflowHistory:
    return WorkflowHistory.from_json(document["workflow_id"], document["history"])


def replayer() -> Replayer:
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=DATA_CONVERTER,
    )


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_recorded_history_replays(path: Path) -> None:
    asyncio.run(replayer().replay_workflow(history_of(json.loads(path.read_text()))))


def test_every_scenario_is_recorded() -> None:
    assert [path.stem for path in HISTORIES] == sorted(SCENARIOS)


def test_a_history_of_other_code_does_not_replay() -> None:
    text = Path(__file__).with_name("histories").joinpath("straight.json").read_text()
    other = json.loads(text.replace('"name": "call_tool"', '"name": "call_other"'))
    assert other != json.loads(text)
    with pytest.raises(Exception, match=r"TMPRL1100"):
        asyncio.run(replayer().replay_workflow(history_of(other)))
