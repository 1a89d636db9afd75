"""What starts runs by itself while everything is killed: a schedule, and a sender that delivers each order three times."""

import logging
import time
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import UTC, datetime

from executions.triggers.firing import execution_id_of
from tests.executions.recovery.caller import Caller
from tests.executions.recovery.seed import FIRED_EVERY_SECONDS

logger = logging.getLogger(__name__)

FIRING_SECONDS = 120.0


@dataclass
class Sender:
    """Delivers each order three times at once, as a sender does that got no answer in time."""

    caller: Caller
    hook: Mapping[str, str]

    def deliver(self, pool: Executor, orders: int) -> list[Future[str]]:
        """The ids of the runs to come, three for each order."""
        names = [f"order-{number}" for number in range(orders) for _ in range(3)]
        return [pool.submit(self.caller.deliver, self.hook, name) for name in names]


@dataclass
class Firings:
    """The runs of a schedule by the times that they are meant for, in seconds since 1970."""

    schedule: str
    since: float

    def times(self, run_ids: set[str]) -> list[int]:
        """Sorted; raises `AssertionError` for a run that is meant for none of the schedule's times."""
        by_id = {
            execution_id_of(self.schedule, datetime.fromtimestamp(at, UTC)): at
            for at in self._due_until(time.time() + FIRED_EVERY_SECONDS)
        }
        assert run_ids <= by_id.keys()
        return sorted(by_id[run_id] for run_id in run_ids)

    def require_all(self, run_ids: set[str], until: float) -> None:
        """Each time between the first run and `until` has its run, also those at which everything was dead."""
        times = self.times(run_ids)
        logger.info("%s times fired", len(times))
        assert {at for at in self._due_until(until) if at >= times[0]} <= set(times)

    def _due_until(self, until: float) -> range:
        first = int(self.since) // FIRED_EVERY_SECONDS * FIRED_EVERY_SECONDS
        return range(first, int(until) + 1, FIRED_EVERY_SECONDS)
