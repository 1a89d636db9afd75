"""Which tool calls a fork would make a second time although once may be all that is wanted."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from common.errors import Conflict
from executions.engine.children import child_id
from executions.models import StepRun, ToolCall, WorkflowExecution
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition, ToolStep, walk

# After these nobody knows what the call did.
UNCLEAR = ("timeout", "worker_lost")
NAMED = 5


@dataclass(frozen=True)
class Repeat:
    """A call that was made, or may have been, and would be made again."""

    step: str
    path: str
    tool: str


def require_confirmed(repeats: Iterable[Repeat], *, is_confirmed: bool) -> None:
    """Raise `Conflict` (confirmation_required, with `repeats`) unless there are none or the caller means it."""
    found = list(dict.fromkeys(repeats))
    if is_confirmed or not found:
        return
    named = ", ".join(f"{one.tool} at {one.path}" for one in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    raise Conflict(
        f"This would repeat calls that were made already: {named}{more}. "
        "Send confirm: true if they may be made once more.",
        code="confirmation_required",
        extra={"repeats": [asdict(one) for one in found]},
    )


def repeats_of(
    source: WorkflowExecution,
    definition: Definition,
    catalogue: Catalogue,
    kept: Iterable[str],
) -> Iterator[Repeat]:
    """The calls of `source`, whose steps at `kept` are not run again, by tools that are neither read-only nor idempotent.

    A simulation has called nothing. `definition` is the one that ran.
    """
    if source.simulated:
        return
    safe = {tool.id for tool in catalogue.tools.values() if is_repeatable(catalogue, tool.id)}
    lost = _lost_steps(source, set(kept))
    yield from _known_calls(source, lost, safe)
    yield from _calls_of_children(source, lost, safe)
    yield from _unclear_calls(lost, definition, safe)


def is_repeatable(catalogue: Catalogue, tool_id: str) -> bool:
    """Whether calling the tool twice is as good as once; of a tool that is gone nobody can tell."""
    tool = catalogue.tools.get(tool_id)
    return tool is not None and not tool.destructive and bool(tool.read_only or tool.idempotent)


def _lost_steps(source: WorkflowExecution, kept: set[str]) -> dict[str, StepRun]:
    rows = StepRun.objects.filter(execution=source).exclude(step_type="conditional")
    rows = rows.only("path", "step_id", "step_type", "status", "reused_from_id", "execution_id")
    return {row.path: row for row in rows if row.path not in kept}


def _known_calls(
    source: WorkflowExecution, lost: dict[str, StepRun], safe: set[str]
) -> Iterator[Repeat]:
    where = {row.reused_from_id or row.execution_id for row in lost.values()}
    calls = ToolCall.objects.filter(execution__in=where, path__in=lost).exclude(tool__in=safe)
    columns = calls.order_by("id").values_list("execution_id", "path", "tool", "error_json__kind")
    for execution_id, path, tool, error_kind in columns:
        row = lost[path]
        was_made = error_kind is None or error_kind in UNCLEAR
        if was_made and execution_id == (row.reused_from_id or source.pk):
            yield Repeat(row.step_id, path, tool)


def _calls_of_children(
    source: WorkflowExecution, lost: dict[str, StepRun], safe: set[str]
) -> Iterator[Repeat]:
    """What the runs made that the lost steps had started, and the runs of those; they all would run anew."""
    wanted = {
        child_id(row.reused_from_id or source.pk, row.path): row
        for row in lost.values()
        if row.step_type == "workflow"
    }
    while wanted:
        calls = ToolCall.objects.filter(execution__in=wanted).exclude(tool__in=safe).order_by("id")
        for execution_id, tool, error_kind in calls.values_list(
            "execution_id", "tool", "error_json__kind"
        ):
            if error_kind is None or error_kind in UNCLEAR:
                yield Repeat(wanted[execution_id].step_id, wanted[execution_id].path, tool)
        below = WorkflowExecution.objects.filter(parent__in=wanted).values_list("pk", "parent_id")
        wanted = {key: wanted[str(parent)] for key, parent in below}


def _unclear_calls(
    lost: dict[str, StepRun], definition: Definition, safe: set[str]
) -> Iterator[Repeat]:
    """Tool steps that were cut off in the middle of a call, of which nothing is written down."""
    tools = {step.id: step.tool for _, step in walk(definition.steps) if isinstance(step, ToolStep)}
    for row in lost.values():
        tool = tools.get(row.step_id)
        if tool is None or tool in safe or not _was_cut_off(row):
            continue
        yield Repeat(row.step_id, row.path, tool)


def _was_cut_off(row: StepRun) -> bool:
    if row.status == StepRun.Status.FAILED:
        return (row.error_json or {}).get("kind") in UNCLEAR
    return row.status in (StepRun.Status.CANCELLED, StepRun.Status.RUNNING)
