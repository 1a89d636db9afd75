"""docs/executions.md is true: the example of approvals runs as it is told there."""

import json
import re
from pathlib import Path

from executions.approvals.deciding import Vote
from tests.executions.conftest import Runner
from tests.executions.engine.test_approvals import answer, question

DOCS = Path(__file__).resolve().parents[2] / "docs" / "executions.md"


def test_the_example_of_approvals_runs(runner: Runner) -> None:
    section = DOCS.read_text().split("## Approvals, waiting, context, child workflows")[1]
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    ran = runner.start(json.loads(found[1]), user_input="Ada")
    asked = question(ran, "check")
    assert (asked.message, asked.content_json) == (
        "Send this to Ada?",
        "Dear Ada, this is draft 1.",
    )
    answer(ran, runner.owner, Vote(approved=False), path="check")
    assert question(ran, "check@2").content_json == "Dear Ada, this is draft 2."
    answer(ran, runner.owner, Vote(approved=True, edited="Dear Ada, this is it."), path="check@2")
    assert ran.wait().output == {"text": "Dear Ada, this is it.", "by": ["alice"], "tries": 2}
