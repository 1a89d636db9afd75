"""Keeps the state small that travels when a run continues as new: its largest values move to PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace

from executions.engine.messages import Outcome, Value
from executions.engine.run import Run
from executions.engine.sizes import size_of

# Temporal refuses payloads over 2 MB; the definition, at most 1 MiB, travels beside the state.
MAX_STATE_BYTES = 128 * 1024
# A key costs about this much itself.
MIN_SPILLED_BYTES = 256

# A step's output, or that of one of its branches.
Place = tuple[str, str | None]


async def spill(run: Run) -> None:
    """Store values of the state, the largest first, until the others fit."""
    chosen = _largest(run)
    if not chosen:
        return
    values = [_output(run, place).json for place in chosen]
    for place, key in zip(chosen, await run.calls.store_values(values), strict=True):
        _replace_output(run, place, key)


def _largest(run: Run) -> list[Place]:
    places = [(size_of(_output(run, place).json), place) for place in _inline_places(run)]
    total = sum(size for size, _ in places)
    chosen: list[Place] = []
    for size, place in sorted(places, key=lambda entry: -entry[0]):
        if total <= MAX_STATE_BYTES or size < MIN_SPILLED_BYTES:
            break
        total -= size
        chosen.append(place)
    return chosen


def _inline_places(run: Run) -> Iterator[Place]:
    for path, outcome in run.state.outcomes.items():
        if not outcome.output.is_stored:
            yield path, None
        for name, branch in (outcome.branches or {}).items():
            if not branch.output.is_stored:
                yield path, name


def _output(run: Run, place: Place) -> Value:
    path, branch = place
    outcome = run.state.outcomes[path]
    return (outcome.branches or {})[branch].output if branch is not None else outcome.output


def _replace_output(run: Run, place: Place, key: Value) -> None:
    path, branch = place
    outcome: Outcome = run.state.outcomes[path]
    if branch is None:
        run.state.outcomes[path] = replace(outcome, output=key)
        return
    branches = dict(outcome.branches or {})
    branches[branch] = replace(branches[branch], output=key)
    run.state.outcomes[path] = replace(outcome, branches=branches)
