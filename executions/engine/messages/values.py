"""Values that travel, inline or as the key of one that is kept, and what activities do with them."""

from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from executions.engine.messages.limits import MAX_TASK_BYTES


@dataclass(frozen=True)
class Value:
    """A JSON value, or the key of one kept as a `StoredValue`; `length` tells a stored list's items."""

    json: JsonValue = None
    key: str = ""
    size: int = 0
    length: int | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the value lies in PostgreSQL and only its key is here."""
        return bool(self.key)


@dataclass(frozen=True)
class Binding:
    """What a reference (its text) leads to: the rest of the path is followed inside the value."""

    reference: str
    value: Value
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class ResolveValue:
    """Fill `template` in where some bound value is stored; a result over `max_inline_bytes` is stored again."""

    execution_id: str
    template: JsonValue
    bindings: list[Binding]
    max_inline_bytes: int = MAX_TASK_BYTES


@dataclass(frozen=True)
class LoadValues:
    """Read values for a condition."""

    execution_id: str
    bindings: list[Binding]


@dataclass(frozen=True)
class Loaded:
    """A value for a condition, unless nothing stands there or it is larger than a condition may look at."""

    json: JsonValue = None
    is_missing: bool = False
    is_too_large: bool = False


@dataclass(frozen=True)
class JoinValues:
    """Join values of which some are stored."""

    execution_id: str
    how: Literal["list", "merge"]
    values: list[Value]


@dataclass(frozen=True)
class StoreValues:
    """Keep values in PostgreSQL and give their keys, in order."""

    execution_id: str
    values: list[JsonValue]


@dataclass(frozen=True)
class LoadPart:
    """Read one part of a state that was too large to travel."""

    execution_id: str
    part: Value
