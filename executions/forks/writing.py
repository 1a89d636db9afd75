"""The rows with which a retry or fork begins: its own, with its lineage, and those that it takes over."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic import JsonValue

from audit.recording import Action
from common.errors import Conflict
from executions.forks.planning import ForkPlan, Recorded
from executions.forks.reruns import Rerun
from executions.forks.reused_steps import copy_calls, copy_steps
from executions.models import WorkflowExecution
from executions.recording import note_event
from executions.starts.launching import Launch, write_execution
from executions.trail import record_run

logger = logging.getLogger(__name__)

TOLD = 50


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """All that is known before the row of a retry or fork is written.

    `edited` are outputs by path, `continued` paths of steps that go on in the middle of their calls, `children` the
    runs that workflow steps go on with, by path.
    """

    source: WorkflowExecution
    plan: ForkPlan
    at: str
    is_retry: bool = False
    edited: Mapping[str, JsonValue] = field(default_factory=dict)
    continued: tuple[str, ...] = ()
    children: Mapping[str, WorkflowExecution] = field(default_factory=dict)


def written(
    reuse: Reuse, launch: Launch, then: Callable[[WorkflowExecution], object]
) -> WorkflowExecution:
    """The PENDING row and those that come with it. Raises what `write_execution` raises."""
    with_lineage = replace(
        launch,
        forked_from=reuse.source,
        forked_at=reuse.at,
        is_retry=reuse.is_retry,
        retried_children={path: child.pk for path, child in reuse.children.items()},
    )
    execution = write_execution(with_lineage, then, along=partial(_take_over, reuse, launch))
    logger.info("execution %s: forked from %s at %s", execution.pk, reuse.source.pk, reuse.at)
    return execution


def require_no_test(source: WorkflowExecution) -> None:
    """Raise `Conflict` (is_test) for a run that tried one step alone."""
    if source.tested_step:
        raise Conflict("This run tried one step alone; try the step again instead.", code="is_test")


def rerun_of(reuse: Reuse, rows: Iterable[Recorded], *, within: str = "") -> Rerun:
    """What runs again of the source, which left `rows`; its children that go on are no part of it."""
    plan = reuse.plan
    kept = {row.path for row in rows if row.path in plan.reused or plan.is_inside_reused(row.path)}
    continued = frozenset(reuse.continued)
    return Rerun(reuse.source.pk, frozenset({*kept, *reuse.children}), continued, within)


def _take_over(reuse: Reuse, launch: Launch, execution: WorkflowExecution) -> None:
    """Write the rows that the fork starts with, and the event that tells of them."""
    if launch.parent is None:  # else it is part of a retry that somebody asked for
        action = Action.RETRIED if reuse.is_retry else Action.FORKED
        details = {"at": reuse.at, "new": execution.pk}
        record_run(action, reuse.source, by=launch.by, details=details)
    count = copy_steps(reuse.source, execution, reuse.plan, reuse.edited)
    copy_calls(reuse.source, execution, reuse.continued)
    note_event(
        execution.pk,
        "run",
        {
            "status": execution.status,
            "forked_from": reuse.source.pk,
            "forked_at": reuse.at,
            "reused_steps": count,
            "edited": list(reuse.edited)[:TOLD],
            "continued": [*reuse.continued, *reuse.children][:TOLD],
        },
    )
