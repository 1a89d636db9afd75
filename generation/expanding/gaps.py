"""What neither the words nor the data settle in an expanded plan: a model may be asked, else it stays as it is."""

from dataclasses import dataclass
from typing import Any

from generation.planning.data import Source


@dataclass(frozen=True)
class OpenArguments:
    """Arguments of a tool step that were guessed; `warnings` holds what a person is told of each of them.

    `step` is the raw step itself: filling the gap changes it. `given` are the arguments that are certain.
    """

    step: dict[str, Any]
    task: str
    given: frozenset[str]
    warnings: dict[str, str]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class OpenCondition:
    """Cases of a conditional, or the end of a loop, that only words tell; `step` as in `OpenArguments`."""

    step: dict[str, Any]
    words: tuple[str, ...]
    warning: str
    sources: tuple[Source, ...]


Gap = OpenArguments | OpenCondition
