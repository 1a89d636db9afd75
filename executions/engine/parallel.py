"""The parallel: branches at the same time, how many must succeed, and how their outputs become one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from executions.engine.errors import RunEnded, StepFailed, failed
from executions.engine.joining import MergeConflict, join_writes, merge
from executions.engine.judging import judge
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.values import JoinValues, Value
from executions.engine.run import Run
from executions.engine.scopes import RunList, Scope
from executions.engine.tasks import are_done, supervise
from executions.engine.values import is_small
from workflows.definition.steps import Branch, ParallelStep


@dataclass
class Fan:
    """The branches of one parallel while they run; `ended` holds their ids in the order of their end."""

    step: ParallelStep
    path: str
    ended: list[str] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    fatal: StepFailed | RunEnded | None = None

    @property
    def needed(self) -> int:
        """How many branches must succeed."""
        usual = 1 if self.step.aggregation == "first" else len(self.step.branches)
        return min(self.step.min_success or usual, len(self.step.branches))

    @property
    def winners(self) -> list[str]:
        """The branches that succeeded, in the order in which they did."""
        return [name for name in self.ended if self.outcomes[name].status == "COMPLETED"]

    @property
    def losers(self) -> list[Branch]:
        """The branches that failed, in their own order."""
        return [
            branch
            for branch in self.step.branches
            if branch.id in self.outcomes and self.outcomes[branch.id].status == "FAILED"
        ]

    def is_decided(self) -> bool:
        """Whether the branches that still run can no longer matter."""
        if self.fatal is not None or not self.is_achievable():
            return True
        return self.step.aggregation == "first" and len(self.winners) >= self.needed

    def is_achievable(self) -> bool:
        """Whether enough branches can still succeed."""
        return len(self.step.branches) - len(self.losers) >= self.needed

    def note(self, branch_id: str, outcome: Outcome) -> None:
        """A branch ended."""
        self.ended.append(branch_id)
        self.outcomes[branch_id] = outcome


async def run_parallel(
    run: Run, scope: Scope, step: ParallelStep, path: str, run_list: RunList
) -> Outcome:
    """Run the branches and join what they gave. Raises `StepFailed` when too few succeed, and `RunEnded`."""
    fan = Fan(step, path)
    _remember(run, fan)
    slots = asyncio.Semaphore(step.max_concurrency or max(len(step.branches), 1))
    try:
        tasks = [
            asyncio.create_task(_run_branch(run, scope, fan, branch, slots, run_list))
            for branch in step.branches
            if branch.id not in fan.outcomes
        ]
        await supervise(tasks, lambda: fan.is_decided() or are_done(tasks))
        return await _joined(run, fan)
    finally:
        run.forget([f"{path}/{branch.id}" for branch in step.branches])


async def known_branches(
    run: Run,
    scope: Scope,
    step: ParallelStep,
    path: str,
    known: dict[str, Outcome],
    run_list: RunList,
) -> dict[str, Outcome]:
    """All branches of a parallel that has ended: those not in `known` succeeded, and their steps' outcomes are known."""
    found: dict[str, Outcome] = {}
    for branch in step.branches:
        if branch.id not in known:
            output = await run_list(run, _inner(scope, path, branch))
            found[branch.id] = Outcome("COMPLETED", output)
    return {branch.id: known.get(branch.id) or found[branch.id] for branch in step.branches}


def _inner(scope: Scope, path: str, branch: Branch) -> Scope:
    return Scope(
        path=f"{path}/{branch.id}",
        steps=branch.steps,
        entry_step=branch.entry_step,
        output=branch.output,
        parent=scope,
        loop=scope.loop,
        iteration=scope.iteration,
    )


def _remember(run: Run, fan: Fan) -> None:
    """Take over the branches that ended before the run continued as new, in the order in which they did."""
    names = {f"{fan.path}/{branch.id}": branch.id for branch in fan.step.branches}
    for path, outcome in run.state.outcomes.items():
        if path in names:
            fan.note(names[path], outcome)


async def _run_branch(
    run: Run, scope: Scope, fan: Fan, branch: Branch, slots: asyncio.Semaphore, run_list: RunList
) -> None:
    inner = _inner(scope, fan.path, branch)
    async with slots:
        try:
            output = await run_list(run, inner)
            outcome = Outcome("COMPLETED", output, writes=inner.writes or None)
        except RunEnded as end:
            fan.fatal = fan.fatal or end
            return
        except StepFailed as failure:
            if not failure.is_catchable:
                fan.fatal = fan.fatal or failure
                return
            outcome = Outcome("FAILED", error=failure.error)
    run.state.outcomes[inner.path] = outcome
    fan.note(branch.id, outcome)


async def _joined(run: Run, fan: Fan) -> Outcome:
    if fan.fatal is not None:
        raise fan.fatal
    if len(fan.winners) < fan.needed:
        raise _too_few(fan)
    for branch in fan.step.branches:
        fan.outcomes.setdefault(branch.id, Outcome("CANCELLED"))
    writes = _joined_writes(fan)
    output = await _aggregated(run, fan)
    in_order = {branch.id: fan.outcomes[branch.id] for branch in fan.step.branches}
    return Outcome("COMPLETED", output, next=fan.step.next, branches=in_order, writes=writes)


def _joined_writes(fan: Fan) -> dict[str, Value] | None:
    """What the branches wrote whose outputs count, in the order of the branches."""
    winners = fan.winners[: fan.needed] if fan.step.aggregation == "first" else fan.winners
    names = [branch.id for branch in fan.step.branches if branch.id in winners]
    return written_at_once([fan.outcomes[name] for name in names])


def written_at_once(outcomes: Sequence[Outcome]) -> dict[str, Value] | None:
    """What lists that ran at the same time wrote. Raises `StepFailed` of kind `merge_conflict`."""
    try:
        return join_writes(outcome.writes for outcome in outcomes) or None
    except MergeConflict as error:
        raise failed("merge_conflict", str(error)) from None


def _too_few(fan: Fan) -> StepFailed:
    """The first failure in the order of the branches decides what kind of error it is."""
    losers = fan.losers
    error = fan.outcomes[losers[0].id].error
    assert error is not None, "a branch that failed has an error"
    return StepFailed(error)


async def _aggregated(run: Run, fan: Fan) -> Value:
    match fan.step.aggregation:
        case "first":
            winners = fan.winners[: fan.needed]
            if fan.step.min_success is None or fan.step.min_success == 1:
                return fan.outcomes[winners[0]].output
            return await join_list(run, [fan.outcomes[name].output for name in winners])
        case "all":
            return await join_list(
                run, [fan.outcomes[branch.id].output for branch in fan.step.branches]
            )
        case "merge":
            won = set(fan.winners)
            return await _merged(
                run, [fan.outcomes[b.id].output for b in fan.step.branches if b.id in won]
            )
        case "best":
            candidates = {b.id: fan.outcomes[b.id].output for b in fan.step.branches}
            won = set(fan.winners)
            candidates = {name: output for name, output in candidates.items() if name in won}
            best = await judge(run, fan.step, fan.path, candidates)
            return candidates[best]


async def join_list(run: Run, values: list[Value]) -> Value:
    """The values as one list."""
    if not is_small(values):
        return await run.calls.join_values(JoinValues(run.input.execution_id, "list", values))
    return Value([value.json for value in values])


async def _merged(run: Run, values: list[Value]) -> Value:
    if not is_small(values):
        return await run.calls.join_values(JoinValues(run.input.execution_id, "merge", values))
    try:
        return Value(merge([value.json for value in values]))
    except MergeConflict as error:
        raise failed("merge_conflict", str(error)) from None
