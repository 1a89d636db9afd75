"""Which tool calls a retry or fork would make a second time although once may be all that is wanted."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from common.errors import Conflict
from executions.forks.planning import step_id_of
from executions.forks.reruns import Rerun, with_all_below
from executions.forks.tool_calls import calls_made
from workflows.definition.catalogue import Catalogue

NAMED = 5


@dataclass(frozen=True)
class Repeat:
    """A call that was made, or may have been, and would be made again; a child's is told of its parent's step."""

    step: str
    path: str
    tool: str


def require_confirmed(repeats: Iterable[Repeat], *, is_confirmed: bool) -> None:
    """Raise `Conflict` (confirmation_required, with `repeats`) unless there are none or the caller means it."""
    if is_confirmed:
        return
    found = list(dict.fromkeys(repeats))
    if not found:
        return
    named = ", ".join(f"{one.tool} at {one.path}" for one in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    raise Conflict(
        f"This would repeat calls that were made already: {named}{more}. "
        "Send confirm: true if they may be made once more.",
        code="confirmation_required",
        extra={"repeats": [asdict(one) for one in found]},
    )


def repeats_of(reruns: Iterable[Rerun], catalogue: Catalogue) -> Iterator[Repeat]:
    """The calls that would be made again, of tools that are neither read-only nor idempotent."""
    found = with_all_below(reruns)
    safe = {tool.id for tool in catalogue.tools.values() if is_repeatable(catalogue, tool.id)}
    for call in calls_made(found.executions, but=safe):
        path = found.path_of(call)
        if path is not None:
            yield Repeat(step_id_of(path), path, call.tool)


def is_repeatable(catalogue: Catalogue, tool_id: str) -> bool:
    """Whether calling the tool twice is as good as once; of a tool that is gone nobody can tell."""
    tool = catalogue.tools.get(tool_id)
    return tool is not None and not tool.destructive and bool(tool.read_only or tool.idempotent)
