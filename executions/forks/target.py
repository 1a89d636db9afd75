"""What people mean by a step of a run: a path, a step id, or a step id with an iteration."""

from collections.abc import Iterable

from common.errors import Invalid
from executions.forks.planning import Recorded
from workflows.definition.steps import Definition, LoopStep, walk

NAMED = 5


def fork_target(
    definition: Definition, rows: Iterable[Recorded], step: str, iteration: int | None
) -> str:
    """The path from which a fork runs; raises `Invalid` where it can't be told.

    A loop with an iteration means the first step of that iteration. A step that has not run yet can be named where it
    stands in the outermost list: the steps before it may have been given an output.
    """
    known = list(rows)
    loops = {one.id: one for _, one in walk(definition.steps) if isinstance(one, LoopStep)}
    if iteration is not None and (loop := loops.get(_id_of(known, step))) is not None:
        around = the_path(known, step, pointer="/from_step")
        return f"{around}/{iteration}/{loop.entry_step}"
    ran = any(step in (row.path, row.step_id) for row in known)
    if not ran and any(one.id == step for one in definition.steps):
        return step
    return the_path(known, step, iteration=iteration, pointer="/from_step")


def the_path(
    rows: Iterable[Recorded], step: str, *, iteration: int | None = None, pointer: str
) -> str:
    """The path of the one step run that is meant; raises `Invalid` for none or several."""
    known = list(rows)
    if iteration is None and any(row.path == step for row in known):
        return step
    found = [
        row.path
        for row in known
        if row.step_id == step and (iteration is None or row.iteration == iteration)
    ]
    if len(found) == 1:
        return found[0]
    raise _unclear(found, step, iteration, pointer)


def _id_of(rows: list[Recorded], step: str) -> str:
    return next((row.step_id for row in rows if step in (row.path, row.step_id)), step)


def _unclear(found: list[str], step: str, iteration: int | None, pointer: str) -> Invalid:
    where = f" in iteration {iteration}" if iteration is not None else ""
    if not found:
        return Invalid(
            f"No step {step[:100]!r} ran{where} in this run.", code="unknown_step", pointer=pointer
        )
    more = ", …" if len(found) > NAMED else ""
    return Invalid(
        f"{step!r} ran {len(found)} times{where}. Give its path: {', '.join(found[:NAMED])}{more}.",
        code="ambiguous_step",
        pointer=pointer,
    )
