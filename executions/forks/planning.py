"""Which finished steps of a run a fork takes over: its recorded rows, followed along the definition. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from executions.engine.error_paths import error_target
from executions.engine.scopes import Scope
from workflows.definition.steps import (
    END,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    Step,
    to_json,
    walk,
)

ENDED_WELL = frozenset({"COMPLETED", "SKIPPED"})
# Where a step leads and how it is called changes nothing about what it gave.
ABOUT_THE_FLOW = frozenset(
    {"name", "description", "next", "on_error", "retry", "timeout", "limits"}
)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A step run as far as the flow is concerned; `chosen` is where a conditional led."""

    path: str
    step_id: str
    step_type: str
    position: int
    status: str
    iteration: int | None = None
    next_step: str = ""
    chosen: str = ""
    error_kind: str = ""


@dataclass
class ForkPlan:
    """`reused`: where the flow went on after each step that is taken over, by its path, in order.

    `stopped_at` are the steps that run first, one for each list that has not finished: what led there is taken over.
    `differing` are the steps that another version of the workflow has changed, where one was asked for.
    """

    reused: dict[str, str] = field(default_factory=dict)
    stopped_at: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    reaches_target: bool = False

    def is_inside_reused(self, path: str) -> bool:
        """Whether the step run lies within a container that is taken over as a whole."""
        return any(outer in self.reused for outer in outer_paths(path))


def plan_fork(
    definition: Definition,
    rows: Iterable[Recorded],
    *,
    target: str = "",
    old: Definition | None = None,
    edited: Collection[str] = (),
) -> ForkPlan:
    """What can be taken over when `definition` runs again from the step at `target`, or from wherever steps are missing.

    Without `target` that is where the run failed or was cut off. `old` is the definition that ran, where it is another
    one; `edited` are paths whose outputs are given, which makes them completed.
    """
    before = _steps_by_id(old) if old is not None else None
    following = _Walk({row.path: row for row in rows}, target, before, frozenset(edited))
    following.follow("", definition.steps, definition.entry_step)
    return following.plan


def outer_paths(path: str) -> list[str]:
    """The paths around it: 'fan' and 'fan/news' for 'fan/news/search'."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def step_id_of(path: str) -> str:
    """The id of the step that ran there, whatever its visit: 'draft' for 'refine/2/draft@2'."""
    return path.rpartition("/")[2].partition("@")[0]


def is_same_step(one: Step, other: Step) -> bool:
    """Whether both would give the same, wherever they lead."""
    return type(one) is type(other) and _content(one) == _content(other)


class _Walk:
    """One walk over a definition with what is recorded of its steps."""

    def __init__(
        self,
        rows: Mapping[str, Recorded],
        target: str,
        before: Mapping[str, Step] | None,
        edited: frozenset[str],
    ) -> None:
        self.rows = rows
        self.target = target
        self.before = before
        self.edited = edited
        self.plan = ForkPlan()
        self.iterations = _iterations(rows)

    def follow(self, path: str, steps: list[Step], entry: str | None) -> bool:
        """Take over the list's finished steps from its first on; whether that leads to its end."""
        scope = Scope(path, steps, entry, None)
        at, visits = entry or (steps[0].id if steps else END), dict[str, int]()
        while at != END:
            step = scope.by_id[at]
            visits[at] = visits.get(at, 0) + 1
            here = scope.step_path(at, visits[at])
            following = self._visit(step, here, scope.by_id)
            if following is None:
                self.plan.stopped_at.append(here)
                return False
            at = following
        return True

    def _visit(self, step: Step, path: str, known: Mapping[str, Step]) -> str | None:
        """Where the flow goes on after a step that is taken over; nothing if it has to run."""
        if path == self.target:
            self.plan.reaches_target = True
            return None
        row = self.rows.get(path)
        if row is None:
            return None
        following = self._following(step, row, known)
        is_around_target = bool(self.target) and self.target.startswith(f"{path}/")
        if is_around_target or following is None:
            self._open(step, path)
            return None
        self.plan.reused[path] = following
        return following

    def _following(self, step: Step, row: Recorded, known: Mapping[str, Step]) -> str | None:
        if row.path in self.edited:
            return getattr(step, "next", END)
        if self.before is not None:
            old = self.before.get(step.id)
            if old is None or not is_same_step(old, step):
                self.plan.differing.append(row.path)
                return None
        following = next_of(step, row, is_same_version=self.before is None)
        return following if following is not None and (following in known or following == END) else None  # fmt: skip

    def _open(self, step: Step, path: str) -> None:
        """The container runs again; what has finished inside it is taken over."""
        if isinstance(step, ParallelStep):
            for branch in step.branches:
                self.follow(f"{path}/{branch.id}", branch.steps, branch.entry_step)
        if isinstance(step, LoopStep):
            for number in sorted(self.iterations[path]):
                inner = f"{path}/{number}"
                is_whole = self.follow(inner, step.steps, step.entry_step)
                # One after the other: what came after an iteration that runs again saw what it gave.
                if step.max_concurrency == 1 and not is_whole:
                    return


def next_of(step: Step, row: Recorded, *, is_same_version: bool) -> str | None:
    """Where the flow went on after the step; nothing where it ended the run or a container, or has not ended.

    Runs from before it was recorded tell it by the definition.
    """
    if isinstance(step, EndStep):
        # An end of the whole run from within a container has to be reached again.
        is_plain = row.status == "COMPLETED" and (step.scope == "container" or "/" not in row.path)
        return END if is_plain else None
    if row.status == "FAILED":
        target = error_target(step, row.error_kind or "internal")  # type: ignore[arg-type]
        return None if target in ("fail", "skip") else target
    if row.status not in ENDED_WELL:
        return None
    if isinstance(step, ConditionalStep):
        return row.chosen or row.next_step or None
    if row.status == "COMPLETED" and is_same_version and row.next_step:
        return row.next_step
    if row.step_type == "approval" and row.next_step == getattr(step, "on_reject", None):
        return row.next_step
    return step.next


def _iterations(rows: Iterable[str]) -> defaultdict[str, set[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for path in rows:
        for outer in outer_paths(path):
            around, _, last = outer.rpartition("/")
            if around and last.isdigit():
                found[around].add(int(last))
    return found


def _steps_by_id(definition: Definition) -> dict[str, Step]:
    return {step.id: step for _, step in walk(definition.steps)}


def _content(step: Step) -> dict[str, Any]:
    return {name: value for name, value in to_json(step).items() if name not in ABOUT_THE_FLOW}
