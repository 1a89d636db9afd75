"""Records the histories that `test_replay.py` replays: `pytest tests/executions/record_histories.py`.

Record anew when a change of the engine is meant to change what it asks of Temporal, and only then: while runs of the
old code may still be open, replaying must not break.
"""

import json
import re
from pathlib import Path

import pytest

from tests.executions.conftest import Runner
from tests.executions.scenarios import SCENARIOS
from tests.executions.tap import Tap
from tests.fakes.model_server import ModelServer

HISTORIES = Path(__file__).with_name("histories")
IDENTITY = re.compile(r'("identity": )"[^"]*"')


@pytest.mark.parametrize("name", SCENARIOS)
def test_record(runner: Runner, tap: Tap, model_server: ModelServer, name: str) -> None:
    """Writes one history."""
    ran = SCENARIOS[name](runner, tap, model_server)
    document = {"workflow_id": ran.id, "history": json.loads(ran.history().to_json())}
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    HISTORIES.mkdir(exist_ok=True)
    (HISTORIES / f"{name}.json").write_text(IDENTITY.sub(r'\1"recorder"', text))
