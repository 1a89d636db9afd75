"""Messages travel as the SDK's own converter writes them, without what is as a matter of course."""

import json
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import JsonValue
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter

from executions.engine.messages.calls import CallTool, ToolResult, Turn
from executions.engine.messages.changes import Batch, RunChange, StepChange
from executions.engine.messages.outcomes import ErrorInfo, Outcome, Usage
from executions.engine.messages.run_input import RunInput
from executions.engine.messages.segments import Segment, SegmentResult
from executions.engine.messages.state import Position, RunState, TurnsMade
from executions.engine.messages.values import Binding, Value
from executions.payloads import COMPRESS_FROM_BYTES, MAX_INFLATED_BYTES, PayloadConverter

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


# What is left out of a message, in the history of a run that may still be open, is read as this.
LEFT_OUT = [
    (
        RunInput("e", {"id": "x"}),
        RunInput(
            execution_id="e",
            definition={"id": "x"},
            user_input=Value(json="", key="", size=0, length=None),
            input=Value(json=None),
            context={},
            simulate=False,
            local_tools=[],
            stand_ins={},
            continue_after_events=8000,
            engine=1,
            budgets=[],
            owner_id=None,
            parent_id="",
            child_versions={},
            state=None,
            state_parts=[],
            alone=None,
        ),
    ),
    (
        Turn(),
        Turn(
            output=None,
            calls=[],
            complaint="",
            max_turns=100,
            attempts=1,
            usage=Usage(0, 0, None, 0, 0),
        ),
    ),
    (ToolResult(), ToolResult(output=Value(json=None), attempts=1)),
]


@pytest.mark.parametrize("value", [None, "text", [VALUE], {"a": 1}, b"bytes"])
def test_a_payload_is_the_sdks_own(value: Any) -> None:
    ours, theirs = PayloadConverter(), PydanticPayloadConverter()
    (payload,) = ours.to_payloads([value])
    assert [payload] == theirs.to_payloads([value])
    hints = None if value is None else [type(value)]
    assert ours.from_payloads([payload], hints) == theirs.from_payloads([payload], hints)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_reads_as_if_the_sdk_had_written_it(message: Any) -> None:
    ours, theirs = PayloadConverter(), PydanticPayloadConverter()
    (payload,), hints = ours.to_payloads([message]), [type(message)]
    assert ours.from_payloads([payload], hints) == [message]
    assert theirs.from_payloads([payload], hints) == [message]
    assert ours.from_payloads(theirs.to_payloads([message]), hints) == [message]


def test_a_message_has_nothing_that_goes_without_saying() -> None:
    request = CallTool("e", "a", 120.0, "s:t", Value({"a": None, "b": 0}))
    (payload,) = PayloadConverter().to_payloads([request])
    assert json.loads(payload.data) == {
        "execution_id": "e",
        "path": "a",
        "timeout_seconds": 120.0,
        "tool": "s:t",
        "arguments": {"json": {"a": None, "b": 0}},
    }


@pytest.mark.parametrize("value", [0, False, "", [], {}, 0.0])
def test_a_value_is_never_left_out_for_looking_empty(value: Any) -> None:
    ours = PayloadConverter()
    (payload,) = ours.to_payloads([ToolResult(Value(value))])
    (result,) = ours.from_payloads([payload], [ToolResult])
    assert (result.output.json, type(result.output.json)) == (value, type(value))


@pytest.mark.parametrize(("short", "long"), LEFT_OUT)
def test_what_is_left_out_keeps_its_meaning(short: Any, long: Any) -> None:
    assert short == long


def test_what_a_large_run_starts_with_is_compressed() -> None:
    steps: list[JsonValue] = [{"id": f"step-{n}", "type": "set"} for n in range(1_000)]
    run_input = RunInput("e", {"id": "x", "steps": steps}, Value("hi"), engine=5, state=STATE)
    (payload,) = PayloadConverter().to_payloads([run_input])
    (plain,) = PydanticPayloadConverter().to_payloads([run_input])
    assert payload.metadata["encoding"] == b"json/zlib"
    assert json.loads(zlib.decompress(payload.data))["definition"] == run_input.definition
    assert len(payload.data) < len(plain.data) / 5
    for written in (payload, plain):
        assert PayloadConverter().from_payloads([written], [RunInput]) == [run_input]


def test_other_large_messages_stay_readable() -> None:
    (payload,) = PayloadConverter().to_payloads([Batch("e" * COMPRESS_FROM_BYTES, 1)])
    assert json.loads(payload.data) == {"execution_id": "e" * COMPRESS_FROM_BYTES, "sequence": 1}


@pytest.mark.parametrize(
    "data", [zlib.compress(b" " * (MAX_INFLATED_BYTES + 1)), zlib.compress(b"{}")[:-1]]
)
def test_what_is_far_too_large_or_cut_off_is_not_inflated(data: bytes) -> None:
    payload = Payload(metadata={"encoding": b"json/zlib"}, data=data)
    with pytest.raises(ValueError, match="cut off, or far larger"):
        PayloadConverter().from_payloads([payload], [RunInput])
