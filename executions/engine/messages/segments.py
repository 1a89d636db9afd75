"""What travels between the workflow and the activity that runs a segment of tool steps."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from executions.engine.messages.changes import Batch
from executions.engine.messages.outcomes import ErrorInfo
from executions.engine.messages.values import Binding, Value

RUN_SEGMENT = "run_segment"
# A segment of tool steps starts no further step after this.
MAX_SEGMENT_SECONDS = 1.0
# What a result weighs besides its values.
RESULT_BYTES = 100


@dataclass(frozen=True)
class SegmentStep:
    """A tool step of a segment; the templates in its arguments are still to be filled in."""

    path: str
    step_id: str
    tool: str
    arguments: dict[str, JsonValue]
    timeout_seconds: float


@dataclass(frozen=True)
class Ending:
    """How the run ends if all steps of its last segment go well: what is written down then.

    The segment's steps come last in the batch; their inputs, outputs and times are still to be filled in. `begins_at`
    is what those times count from.
    """

    batch: Batch
    begins_at: datetime


@dataclass(frozen=True)
class RunSegment:
    """Quick, repeatable tool steps that follow each other: one call runs them until one fails or a bound is reached.

    `bindings` has what their references lead to, except those to earlier steps of the segment. What they give is kept
    inline up to `room_bytes` in all. With an `ending` it is the last of its run.
    """

    execution_id: str
    steps: list[SegmentStep]
    bindings: list[Binding]
    room_bytes: int
    owner_id: int | None = None
    ending: Ending | None = None


@dataclass(frozen=True)
class SegmentResult:
    """How one step of a segment went; the times are seconds since the segment's start.

    Without an input the arguments' templates failed, and nothing was called.
    """

    started: float
    ended: float
    input: Value | None = None
    output: Value = Value()
    error: ErrorInfo | None = None


@dataclass(frozen=True)
class Segment:
    """The results of the steps that ran, in order, at least one; `size_bytes` is about what they weigh.

    `is_recorded`: the run's end is written down.
    """

    results: list[SegmentResult]
    size_bytes: int = 0
    is_recorded: bool = False
