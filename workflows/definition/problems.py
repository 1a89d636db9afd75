"""What validation finds, and the errors this package raises."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """A finding: `code` is stable, `path` a JSON Pointer into what the caller sent, `fix` a JSON Patch (RFC 6902)."""

    code: str
    severity: Severity
    path: str
    message: str
    hint: str = ""
    fix: tuple[dict[str, Any], ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return asdict(self) | {"fix": list(self.fix) if self.fix else None}


class DefinitionError(ValueError):
    """Something that can't be represented as a definition; `problems` says where and why.

    `pointer` (RFC 6901) is the first one's place in what was sent, where that is no definition itself.
    """

    def __init__(self, problems: Sequence[Problem], *, pointer: str = "") -> None:
        super().__init__("; ".join(f"{p.path or '/'}: {p.message}" for p in problems[:5]))
        self.problems = list(problems)
        self.pointer = pointer


class EditRefused(ValueError):
    """An edit that makes no sense for this definition; `code` is stable, `hint` says what would.

    `pointer` (RFC 6901) is the place in what was sent, where there is one.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, pointer: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.pointer = pointer
