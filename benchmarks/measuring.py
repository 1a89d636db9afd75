"""The measurements: both sides by turns, so that whatever else the machine does hits both alike."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import connections

from benchmarks import usage
from benchmarks.cases import Case
from benchmarks.figures import Row, Side, percentile
from benchmarks.installation import Installation
from benchmarks.raw_workflows import Shape
from benchmarks.rows import make_owner, make_runs, make_workflow, require_recorded
from benchmarks.sides import Clients, RunOne
from executions.engine.messages.run_input import RunInput

T = TypeVar("T")
OURS = ("worker", "temporal", "postgresql", "redis")
RAW = ("raw worker", "temporal")
RECORDED = (*RAW, "postgresql")
GRID_STEPS = 10

# Each side: its figures, what makes so many runs of it, and the processes that work for it.
OneSide = tuple[Side, Callable[[int], list[RunOne]], tuple[str, ...]]
Sides = Sequence[OneSide]


@dataclass(frozen=True)
class Effort:
    """How much is measured: runs one by one and by a crowd of clients, in each round."""

    rounds: int
    alone: int
    clients: int
    crowd_steps: int

    def crowd(self, case: Case) -> int:
        """How many runs the crowd makes: about as many steps for each case, but a run for each client."""
        return max(self.clients, min(self.crowd_steps // (case.count + 5), 8 * self.clients))


class Bench:
    """Measures cases on one installation."""

    def __init__(self, installation: Installation, effort: Effort) -> None:
        self._installation = installation
        self._effort = effort
        self._loop = asyncio.new_event_loop()
        self._clients = self._wait(Clients.connect(installation.temporal_address))
        self._owner: User
        self._owner, self.token = make_owner()

    def close(self) -> None:
        """Let go of connections and loop."""
        connections.close_all()
        self._loop.close()

    def idle_activity_ms(self) -> float:
        """What one no-op activity of a lone raw workflow costs; the least of several tries."""
        tries = []
        for _ in range(5):
            bare = self._alone(lambda: self._clients.run_raw(Shape("inline", 0)))
            with_steps = self._alone(lambda: self._clients.run_raw(Shape("activity", GRID_STEPS)))
            tries.append((with_steps - bare) / GRID_STEPS)
        return min(tries)

    def measure(self, case: Case) -> Row:
        """The whole row; raises `RuntimeError` if a run of ours failed or is not recorded."""
        workflow = make_workflow(case, self._owner)
        row, started = Row(case.name, case.kind, case.count), list[RunInput]()

        def ours(count: int) -> list[RunOne]:
            runs = make_runs(workflow, count)
            started.extend(runs)
            return [partial(self._clients.run_ours, run) for run in runs]

        def recorded(count: int) -> list[RunOne]:
            runs = make_runs(workflow, count)
            started.extend(runs)
            return [partial(self._clients.run_recorded, case.shape, run) for run in runs]

        sides: list[OneSide] = [
            (row.raw, partial(self._raw, case.shape), RAW),
            (row.ours, ours, OURS),
        ]
        if case.bare_shape is not None:
            row.bare = Side()
            sides.append((row.bare, partial(self._raw, case.bare_shape), RAW))
        if case.is_code_alone:
            row.recorded = Side()
            sides.append((row.recorded, recorded, RECORDED))
        for side, make, _ in sides:
            self._look(side, make(1)[0])
        for number in range(self._effort.rounds):
            self._round(case, sides if number % 2 == 0 else sides[::-1])
        row.raw.worker_mib = usage.memory_mib(self._installation.pids["raw worker"])
        row.ours.worker_mib = usage.memory_mib(self._installation.pids["worker"])
        require_recorded(started, case.count)
        return row

    def _raw(self, shape: Shape, count: int) -> list[RunOne]:
        return [lambda: self._clients.run_raw(shape)] * count

    def memory_over(self, case: Case, runs: int, every: int) -> Iterator[tuple[int, float]]:
        """How many runs of ours a crowd of clients has made, and the worker's MiB, after each `every` of them."""
        workflow = make_workflow(case, self._owner)
        for done in range(every, runs + 1, every):
            started = make_runs(workflow, every)
            work: list[RunOne] = [partial(self._clients.run_ours, run) for run in started]
            self._wait(_by_clients(work, self._effort.clients))
            yield done, usage.memory_mib(self._installation.pids["worker"])

    def _round(self, case: Case, sides: Sides) -> None:
        count = 1 if case.is_long else max(2, self._effort.alone // (1 + case.count // 25))
        self._alone_by_turns(sides, count)
        for side, make, processes in sides:
            if case.is_long:
                self._one_with_cpu(side, make(1)[0], processes)
            else:
                self._crowd(side, make(self._effort.crowd(case)), processes)

    def _look(self, side: Side, run: RunOne) -> None:
        """The first run warms everything up, and its history is looked at."""
        workflow_id = self._wait(_run(run))
        side.history = self._wait(self._clients.history(workflow_id))

    def _alone_by_turns(self, sides: Sides, count: int) -> None:
        times: list[list[float]] = [[] for _ in sides]
        for _ in range(count):
            for index, (_, make, _) in enumerate(sides):
                # The row is written before the clock starts, but not long before: the installation itself would start it.
                times[index].append(self._alone(make(1)[0]))
        for (side, _, _), found in zip(sides, times, strict=True):
            side.alone_ms.append(median(found))

    def _alone(self, run: RunOne) -> float:
        started = time.perf_counter()
        self._wait(_run(run))
        return (time.perf_counter() - started) * 1000

    def _one_with_cpu(self, side: Side, run: RunOne, processes: tuple[str, ...]) -> None:
        before = self._cpu(processes)
        self._wait(_run(run))
        side.cpu_ms.append(self._spent(before, processes, 1))

    def _crowd(self, side: Side, runs: list[RunOne], processes: tuple[str, ...]) -> None:
        before, started = self._cpu(processes), time.perf_counter()
        times = self._wait(_by_clients(runs, self._effort.clients))
        seconds = time.perf_counter() - started
        side.cpu_ms.append(self._spent(before, processes, len(runs)))
        side.per_second.append(len(runs) / seconds)
        side.crowd_p50_ms.append(percentile(times, 0.5))
        side.crowd_p95_ms.append(percentile(times, 0.95))

    def _cpu(self, processes: tuple[str, ...]) -> dict[str, float]:
        return usage.cpu_ms({name: self._installation.pids[name] for name in processes})

    def _spent(
        self, before: dict[str, float], processes: tuple[str, ...], count: int
    ) -> dict[str, float]:
        after = self._cpu(processes)
        return {name: (after[name] - before[name]) / count for name in processes}

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


async def _run(run: RunOne) -> str:
    return await run()


async def _by_clients(runs: list[RunOne], clients: int) -> list[float]:
    """Each client takes the next run as soon as it has its result; gives every run's milliseconds."""
    waiting, times = iter(runs), []

    async def client() -> None:
        for run in waiting:
            started = time.perf_counter()
            await run()
            times.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(client() for _ in range(clients)))
    return times
