"""Messages travel as the SDK's own converter writes them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from temporalio.contrib.pydantic import PydanticPayloadConverter

from executions.engine.messages.changes import Batch, RunChange, StepChange
from executions.engine.messages.outcomes import ErrorInfo, Outcome, Usage
from executions.engine.messages.run_input import RunInput
from executions.engine.messages.segments import Segment, SegmentResult
from executions.engine.messages.state import Position, RunState, TurnsMade
from executions.engine.messages.values import Binding, Value
from executions.payloads import PayloadConverter

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
VALUE = Value({"a": [1, 2.5, None, True, "ü\u2028"], "b": {}})
FAILED = ErrorInfo("tool_error", "No.", path="a/1/b")
STATE = RunState(
    NOW,
    context={"k": VALUE},
    outcomes={"a": Outcome("FAILED", error=FAILED, branches={"x": Outcome("COMPLETED", VALUE)})},
    positions={"": Position("b", {"a": 2}, writes={"k": VALUE})},
    turns={"t": TurnsMade(1, 10)},
    usage=Usage(1, 2, Decimal("0.000001"), 3, 4),
)
STEP = StepChange("a", "a", "tool", "", 1, None, "COMPLETED", NOW, 1, NOW, 2, VALUE, VALUE, FAILED)
MESSAGES = [
    Batch("e", 1, [STEP], STATE.usage, RunChange("FAILED", NOW, error=FAILED, began_at=NOW)),
    Segment([SegmentResult(0.1, 0.25, VALUE, error=FAILED)], 5, True),
    RunInput("e", {"id": "x", "steps": []}, Value("hi"), engine=5, state=STATE),
    Binding("steps.a.output[0]", VALUE, ("x", 0)),
]


@pytest.mark.parametrize("value", [*MESSAGES, None, "text", [VALUE], {"a": 1}, b"bytes"])
def test_a_payload_is_the_sdks_own(value: Any) -> None:
    ours, theirs = PayloadConverter(), PydanticPayloadConverter()
    (payload,) = ours.to_payloads([value])
    assert [payload] == theirs.to_payloads([value])
    hints = None if value is None else [type(value)]
    assert ours.from_payloads([payload], hints) == theirs.from_payloads([payload], hints)
