"""The data that a step may read, and how it is put into the step's input."""

from dataclasses import dataclass, field

from generation.planning.arguments import escape
from generation.planning.data import Source

USER_INPUT = Source("${user_input}", "Request")


@dataclass
class Scope:
    """The data that a step may read, oldest first; the first is the run's or the iteration's input."""

    sources: list[Source] = field(default_factory=lambda: [USER_INPUT])

    def inner(self, *more: Source) -> "Scope":
        """A copy for a branch or a loop body."""
        return Scope([*self.sources, *more])


def input_of(task: str, scope: Scope) -> str:
    """An agent's input: its task, and the newest data under their names."""
    sources = scope.sources[-3:] if len(scope.sources) > 1 else scope.sources
    data = "\n\n".join(
        f"{escape(s.label)}:\n{s.template}" if s.label else s.template for s in sources
    )
    return f"{escape(task.strip())}\n\n{data}" if task.strip() else data


def list_field(source: Source) -> str:
    """The template of the one list in the data of `source`, else ''."""
    schema = source.schema or {}
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ""
    lists = [n for n, d in properties.items() if isinstance(d, dict) and d.get("type") == "array"]
    if len(lists) != 1 or not lists[0].replace("_", "").isalnum():
        return ""
    return f"{source.template[:-1]}.{lists[0]}}}"
