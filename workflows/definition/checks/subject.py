"""What every check looks at."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from workflows.definition.catalogue import Catalogue
from workflows.definition.dataflow import Dataflow, analyse
from workflows.definition.fields import nearest
from workflows.definition.graph import StepList, step_lists
from workflows.definition.steps import Definition, Step

# Comparing names costs microseconds each; thousands of wrong names times thousands of right ones must not.
MAX_COMPARISONS = 10_000


@dataclass(frozen=True)
class Place:
    """A step where it stands: its list, its number there, and its pointer in the canonical form."""

    steps: StepList
    number: int
    step: Step
    pointer: str


@dataclass(frozen=True)
class Subject:
    """A canonical definition and what its author may use."""

    definition: Definition
    catalogue: Catalogue
    _comparisons: list[int] = field(default_factory=lambda: [MAX_COMPARISONS])

    def nearest(self, name: str, known: Collection[str]) -> str | None:
        """The one of `known` that `name` was probably meant to be; null too once many names were compared."""
        self._comparisons[0] -= len(known)
        return nearest(name, known) if self._comparisons[0] >= 0 else None

    @cached_property
    def canonical(self) -> dict[str, Any]:
        """The definition as canonical JSON."""
        return self.definition.to_json()

    @cached_property
    def lists(self) -> list[StepList]:
        """All lists of steps, containers before what they hold."""
        return step_lists(self.definition)

    @cached_property
    def flow(self) -> Dataflow:
        """The definite assignment analysis."""
        return analyse(self.definition)

    @cached_property
    def places(self) -> dict[str, Place]:
        """Each step by id; of several with one id, the first."""
        found: dict[str, Place] = {}
        for place in self.all_places:
            found.setdefault(place.step.id, place)
        return found

    @cached_property
    def all_places(self) -> list[Place]:
        """Every step of every list, in document order."""
        found = [
            Place(steps, number, step, steps.step_pointer(number))
            for steps in self.lists
            for number, step in enumerate(steps.steps)
        ]
        return sorted(found, key=lambda place: _position(place.pointer))


def _position(pointer: str) -> list[int]:
    return [int(key) for key in pointer.split("/") if key.isdecimal()]
