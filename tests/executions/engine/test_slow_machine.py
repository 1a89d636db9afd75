"""A machine that has too much to do makes runs slow, and nothing else."""

import time

import pytest

from tests.executions.conftest import RunDefinition
from tests.executions.engine.building import decide, end
from workflows.definition import conditions
from workflows.definition.references import Lookup


def test_a_workflow_task_that_takes_three_seconds_is_no_deadlock(
    run: RunDefinition, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    evaluate = conditions.evaluate_condition

    def slowly(condition: str, lookup: Lookup) -> bool:
        time.sleep(0.03)
        return evaluate(condition, lookup)

    monkeypatch.setattr(conditions, "evaluate_condition", slowly)
    steps = [
        decide(f"s{number}", ("${user_input} == 'never'", "last"), default=f"s{number + 1}")
        for number in range(98)
    ]
    ran = run({"steps": [*steps, end("s98", "done"), end("last", "never")]})
    assert ran.output == "done"
    assert "Failed handling activation" not in caplog.text
