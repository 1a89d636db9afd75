"""What travels between the workflow and the activity that runs iterations of a loop ahead of the walker."""

from dataclasses import dataclass, field
from datetime import datetime

from executions.engine.messages.run_input import RunInput
from executions.engine.messages.segments import SegmentResult
from executions.engine.messages.values import Value

RUN_ITERATIONS = "run_iterations"


@dataclass(frozen=True)
class RunIterations:
    """Iterations of a loop of quick steps, from number `first` up to `last`, as far as the bounds of a segment allow.

    `run_input` is that of a run of nothing but the loop, tried alone among what its references lead to. `items` is the
    list that it walks, `before` the output of the iteration before the first, `writes` what the iterations before it
    wrote. What the steps give is kept inline up to `room_bytes` in all; `begins_at` is what their times count from.
    """

    execution_id: str
    path: str
    run_input: RunInput
    first: int
    last: int
    begins_at: datetime
    room_bytes: int
    items: Value | None = None
    before: Value = Value()
    writes: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class StepAhead:
    """A step that has run ahead; only that of a tool has an input, an output or an error. A loop may be open still."""

    path: str
    result: SegmentResult
    is_open: bool = False


@dataclass(frozen=True)
class IterationsAhead:
    """The steps that have run, `size_bytes` is about what they weigh.

    `is_stuck`: they came to something that can't be done ahead.
    """

    steps: list[StepAhead] = field(default_factory=list)
    size_bytes: int = 0
    is_stuck: bool = False
