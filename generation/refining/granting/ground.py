"""What a wish is granted on, and what granting it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from generation.refining.application import apply_operations
from generation.refining.finding import Steps
from generation.refining.operations import Operation
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition, walk


class NotUnderstood(Exception):
    """A part of an instruction that can't be followed; the message says why."""


class Ground:
    """The workflow as it is, what may be used in it, and its steps, to be found by words."""

    def __init__(self, definition: Definition, catalogue: Catalogue) -> None:
        self.definition = definition
        self.catalogue = catalogue
        self.steps = Steps(definition, catalogue)

    def after(self, operations: Sequence[Operation]) -> "Ground":
        """As it will be; raises `OperationsRefused`."""
        return Ground(apply_operations(self.definition, operations, self.catalogue), self.catalogue)

    def free(self, base: str) -> str:
        """An id like `base` that no step has."""
        taken = {step.id for _, step in walk(self.definition.steps)}
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        return name


@dataclass
class Granted:
    """The operations that a wish comes to, and what was decided in granting it that a person should know."""

    operations: list[Operation]
    warnings: list[str] = field(default_factory=list)
