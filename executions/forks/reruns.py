"""What would run again of a run, of the runs below it and of those whose steps they took over."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from executions.engine.children import child_id
from executions.forks.tool_calls import Made
from executions.models import StepRun, WorkflowExecution


@dataclass(frozen=True)
class Rerun:
    """A run whose steps run again, but for those at `kept`; those at `continued` go on with the calls that have a row.

    A child's steps run within one of the outermost run, at the path `within`.
    """

    execution_id: str
    kept: frozenset[str] = frozenset()
    continued: frozenset[str] = frozenset()
    within: str = ""

    def repeats(self, call: Made) -> bool:
        """Whether it would make the call, which is one of its own, again."""
        if call.path in self.continued:
            return not call.has_row
        return call.path not in self.kept


@dataclass
class Reruns:
    """Runs that run again, by id; `taken_over` are steps of other runs, by run and path, which do so with them.

    Those have the path of the outermost run's step that they belong to.
    """

    by_id: dict[str, Rerun] = field(default_factory=dict)
    taken_over: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def executions(self) -> set[str]:
        """Where the calls are that they might repeat."""
        return {*self.by_id, *(execution_id for execution_id, _ in self.taken_over)}

    def path_of(self, call: Made) -> str | None:
        """The outermost run's step that would make the call again; none if it is not made again."""
        own = self.by_id.get(call.execution_id)
        if own is not None and own.repeats(call):
            return own.within or call.path
        return self.taken_over.get((call.execution_id, call.path))


def with_all_below(reruns: Iterable[Rerun]) -> Reruns:
    """The runs, and all that the steps which run again had started, and what was started there, level by level.

    They come to an end: runs of runs are at most `child_runs.MAX_DEPTH` deep.
    """
    found = Reruns()
    level = {one.execution_id: one for one in reruns}
    while level:
        found.by_id |= level
        below = _started_by(level, found.taken_over) | _handed_to(level)
        level = {
            key: Rerun(key, within=path) for key, path in below.items() if key not in found.by_id
        }
    return found


def _started_by(level: dict[str, Rerun], taken_over: dict[tuple[str, str], str]) -> dict[str, str]:
    """The children of the steps that run again, with the outermost path; adds the steps that ran elsewhere."""
    children: dict[str, str] = {}
    rows = StepRun.objects.filter(execution__in=level).order_by("execution_id", "position")
    special = rows.filter(Q(step_type="workflow") | Q(reused_from__isnull=False))
    for key, path, step_type, reused_from in special.values_list(
        "execution_id", "path", "step_type", "reused_from_id"
    ):
        if path in level[key].kept:
            continue
        outermost = level[key].within or path
        if reused_from is not None:
            taken_over[reused_from, path] = outermost
        if step_type == "workflow":
            children[child_id(reused_from or key, path)] = outermost
    return children


def _handed_to(level: dict[str, Rerun]) -> dict[str, str]:
    """The runs with whose work the children of retries began, or were to begin, with the outermost path."""
    retries = WorkflowExecution.objects.filter(pk__in=level).exclude(retried_children={})
    return {
        child: level[key].within or path
        for key, children in retries.values_list("pk", "retried_children")
        for path, child in children.items()
        if path not in level[key].kept
    }
