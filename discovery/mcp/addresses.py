"""Where an MCP server is: a command of the operator's file, or a URL that a person registered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StdioAddress:
    """A command with its argv, folder and extra environment; the environment holds secrets and is never shown."""

    command: str
    args: tuple[str, ...]
    cwd: str
    env: Pairs = field(default=(), repr=False)


@dataclass(frozen=True)
class HttpAddress:
    """A streamable-HTTP endpoint with the headers to send; the headers hold secrets and are never shown."""

    url: str
    headers: Pairs = field(default=(), repr=False)


Address = StdioAddress | HttpAddress


def pairs(values: Mapping[str, str] | None) -> Pairs:
    """The mapping as something that can be compared and hashed."""
    return tuple(sorted((values or {}).items()))
