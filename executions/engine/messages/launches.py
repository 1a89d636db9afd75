"""What travels when a run is launched from inside Temporal: by a schedule."""

from dataclasses import dataclass, field
from datetime import datetime

from executions.engine.messages.run_input import RunInput

SCHEDULED_START = "ScheduledStart"
LAUNCH_SCHEDULED = "launch_scheduled"
AWAIT_RUN = "await_run"


@dataclass(frozen=True)
class LaunchScheduled:
    """A schedule that fires, and the time for which it does: the two name one run."""

    schedule_id: str
    at: datetime


@dataclass(frozen=True)
class Launched:
    """What came of a launch: a run to start, or a reason why there is none; `refusal` is an error that was recorded.

    `attributes` are keyword search attributes of the run that its namespace takes, by name.
    """

    execution_id: str = ""
    run_input: RunInput | None = None
    refusal: str = ""
    reason: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
