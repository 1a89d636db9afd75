"""What was measured of requests, as plain numbers."""

from dataclasses import asdict, dataclass
from typing import Any

Cpu = dict[str, float]


@dataclass(frozen=True)
class RequestRow:
    """One kind of request beside the bare view: CPU milliseconds by process, and the median until the answer.

    Null limit: there is no aim. `with_token` is empty for what is no request of the product.
    """

    name: str
    limit_ms: float | None
    ours: Cpu
    bare: Cpu
    ours_ms: float
    bare_ms: float
    with_token: Cpu

    @property
    def cpu_ms(self) -> float:
        """Of web and PostgreSQL together, nobody logging in."""
        return sum(self.ours.values())

    @property
    def ratio(self) -> float:
        """How many times as much CPU as the bare view."""
        return self.cpu_ms / sum(self.bare.values())

    def to_json(self) -> dict[str, Any]:
        """All of it, with the ratio."""
        return asdict(self) | {"cpu_ms": self.cpu_ms, "ratio": self.ratio}


@dataclass(frozen=True)
class ListRow:
    """One way to ask for a list: median milliseconds over few rows and over many. `is_constant`: it must not grow."""

    name: str
    few_ms: float
    many_ms: float
    is_constant: bool

    @property
    def ratio(self) -> float:
        """How many times as long."""
        return self.many_ms / self.few_ms

    def to_json(self) -> dict[str, Any]:
        """All of it, with the ratio."""
        return asdict(self) | {"ratio": self.ratio}


@dataclass(frozen=True)
class StatsRow:
    """One period: best and median milliseconds until the answer."""

    name: str
    best_ms: float
    median_ms: float

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass(frozen=True)
class WebFigures:
    """All rows; empty lists for what was not asked for."""

    requests: list[RequestRow]
    lists: list[ListRow]
    stats: list[StatsRow]

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        parts = {"requests": self.requests, "lists": self.lists, "stats": self.stats}
        return {name: [row.to_json() for row in rows] for name, rows in parts.items()}  # type: ignore[attr-defined]
