"""Records the histories that `test_replay.py` replays: `pytest tests/executions/record_histories.py`.

Each engine's histories lie in a folder of their own and stay as they were recorded: they stand for runs that may still
be open while newer code is deployed. Record anew only what no released engine has written.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from executions.engine.messages.run_input import ENGINE
from tests.executions.conftest import Runner
from tests.executions.scenarios import SCENARIOS
from tests.executions.tap import Tap
from tests.fakes.model_server import ModelServer

HISTORIES = Path(__file__).with_name("histories") / f"engine-{ENGINE}"
WORKER = re.compile(r"\d+@\S+")
SCRUBBED = {"identity": "recorder", "stackTrace": ""}


@pytest.mark.parametrize("name", SCENARIOS)
def test_record(runner: Runner, tap: Tap, model_server: ModelServer, name: str) -> None:
    """Writes one history."""
    ran = SCENARIOS[name](runner, tap, model_server)
    events = _scrubbed(json.loads(ran.history().to_json())["events"])
    lines = ",\n".join(json.dumps(event, sort_keys=True) for event in events)
    text = f'{{"workflow_id": "{ran.id}", "history": {{"events": [\n{lines}\n]}}}}\n'
    HISTORIES.mkdir(parents=True, exist_ok=True)
    (HISTORIES / f"{name}.json").write_text(text)


def _scrubbed(value: Any) -> Any:
    """Without what tells of the machine: who worked, and where its code lay."""
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    if isinstance(value, str):
        # The queue of one worker is named after its process and machine.
        return "recorder" if WORKER.fullmatch(value) else value
    if isinstance(value, dict):
        return {key: SCRUBBED.get(key, _scrubbed(inner)) for key, inner in value.items()}
    return value
