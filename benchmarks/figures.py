"""What was measured, as plain numbers."""

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass
class History:
    """Events and bytes of a run; `longest`: events of the longest of the Temporal runs that it continued as."""

    events: int = 0
    bytes: int = 0
    longest: int = 0


@dataclass
class Side:
    """One side of a row; lists hold a number per round. Milliseconds, and of CPU per execution by process."""

    alone_ms: list[float] = field(default_factory=list)
    crowd_p50_ms: list[float] = field(default_factory=list)
    crowd_p95_ms: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    cpu_ms: list[dict[str, float]] = field(default_factory=list)
    history: History = field(default_factory=History)
    worker_mib: float = 0.0

    def cpu(self) -> dict[str, float]:
        """The median of each process."""
        names = self.cpu_ms[0] if self.cpu_ms else {}
        return {name: median(one[name] for one in self.cpu_ms) for name in names}

    def total_cpu(self) -> float:
        """Of all processes together."""
        return sum(self.cpu().values())


@dataclass
class Row:
    """A case with both sides, and a third one.

    `bare`: steps that do nothing, where the raw ones call something. `recorded`: what ours records, written by hand,
    where the raw steps are code in the workflow.
    """

    name: str
    kind: str
    count: int
    raw: Side = field(default_factory=Side)
    ours: Side = field(default_factory=Side)
    bare: Side | None = None
    recorded: Side | None = None

    @property
    def alone_ratio(self) -> float:
        """How many times as long one run of ours takes when nothing else runs."""
        return median(self.ours.alone_ms) / median(self.raw.alone_ms)

    @property
    def cpu_ratio(self) -> float | None:
        """How many times as much CPU; null where it was not measured."""
        return self._cpu_over(self.raw)

    @property
    def bare_cpu_ratio(self) -> float | None:
        """As `cpu_ratio`, over steps that do nothing."""
        return self._cpu_over(self.bare) if self.bare is not None else None

    @property
    def recorded_cpu_ratio(self) -> float | None:
        """As `cpu_ratio`, over a raw workflow that writes down by hand what ours records."""
        return self._cpu_over(self.recorded) if self.recorded is not None else None

    def _cpu_over(self, side: Side) -> float | None:
        total = side.total_cpu()
        return self.ours.total_cpu() / total if total else None

    def to_json(self) -> dict[str, Any]:
        """All of it, with the ratios."""
        ratios = {"alone_ratio": self.alone_ratio, "cpu_ratio": self.cpu_ratio}
        ratios |= {
            "bare_cpu_ratio": self.bare_cpu_ratio,
            "recorded_cpu_ratio": self.recorded_cpu_ratio,
        }
        return asdict(self) | ratios
