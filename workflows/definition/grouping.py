"""Putting steps that exist into a container, and branches into a parallel; the steps stay as they are, but for their ways.

As in `edit.py`: a refusal raises `EditRefused` or `DefinitionError` and changes nothing.
"""

from collections.abc import Sequence

from workflows.definition.edge_slots import Json, slots
from workflows.definition.normalise import normalise
from workflows.definition.problems import EditRefused
from workflows.definition.raw_lists import (
    all_steps,
    index_of,
    list_named,
    opened,
    owner_of,
    retarget,
    step_in,
)
from workflows.definition.steps import END, Definition


def put_in_parallel(definition: Definition, step_ids: Sequence[str], new_id: str) -> Definition:
    """Let steps of one list run at the same time: each becomes a branch, with its own id, of a new parallel where the
    first of them stood."""
    raw = opened(definition)
    owner, members = _members(raw, step_ids, new_id)
    if len(members) < 2:
        raise EditRefused("too_few_steps", "At the same time can only run two steps or more.")
    for step in members:
        _require_movable(step)
    first = min(index_of(owner, step["id"]) for step in members)
    entry = owner["steps"][first]["id"]
    retarget(owner, entry, new_id)
    for step in members:
        if step["id"] != entry:
            retarget(owner, step["id"], END if step["next"] == step["id"] else step["next"])
    following = owner["steps"][first]["next"]
    rest = [step for step in owner["steps"] if step not in members]
    branches = [_branch(step) for step in members]
    rest.insert(first, {"id": new_id, "type": "parallel", "branches": branches, "next": following})
    owner["steps"] = rest
    return normalise(raw)


def put_in_loop(definition: Definition, step_ids: Sequence[str], loop: Json) -> Definition:
    """Let steps of one list repeat: `loop` (lenient JSON without `steps`) takes their place and holds them.

    They must have one way in and one way out.
    """
    raw = opened(definition)
    owner, members = _members(raw, step_ids, str(loop.get("id")))
    first = min(index_of(owner, step["id"]) for step in members)
    entry = owner["steps"][first]["id"]
    inside = {step["id"] for step in members}
    _require_one_way_in(owner, inside, entry)
    following = _one_way_out(members, inside)
    retarget(owner, entry, loop["id"])
    for step in members:
        for way in slots(step):
            if way.target == loop["id"]:
                way.lead_to(entry)
            elif way.target == following:
                way.lead_to(END)
    members.sort(key=lambda step: index_of(owner, step["id"]))
    new = {**loop, "type": "loop", "steps": members, "entry_step": entry, "next": following}
    rest = [step for step in owner["steps"] if step["id"] not in inside]
    owner["steps"] = [*rest[:first], new, *rest[first:]]
    return normalise(raw)


def add_branch(definition: Definition, parallel_id: str, branch_id: str, step: Json) -> Definition:
    """Give a parallel one more branch, which begins with `step` (lenient JSON)."""
    raw = opened(definition)
    parallel = _parallel(raw, parallel_id)
    if any(branch["id"] == branch_id for branch in parallel["branches"]):
        raise EditRefused("duplicate_branch", f"{parallel_id!r} has a branch {branch_id!r}.")
    if any(step.get("id") == known["id"] for known in all_steps(raw)):
        raise EditRefused("duplicate_step", f"There is already a step {step.get('id')!r}.")
    parallel["branches"].append({"id": branch_id, "steps": [step]})
    return normalise(raw)


def remove_branch(definition: Definition, parallel_id: str, branch_id: str) -> Definition:
    """Take a branch with all its steps out of a parallel."""
    raw = opened(definition)
    parallel = _parallel(raw, parallel_id)
    kept = [branch for branch in parallel["branches"] if branch["id"] != branch_id]
    if len(kept) == len(parallel["branches"]):
        list_named(raw, f"{parallel_id}/{branch_id}")
    if not kept:
        raise EditRefused(
            "last_branch",
            f"{branch_id!r} is the last branch of {parallel_id!r}.",
            f"Remove the step {parallel_id!r} instead.",
        )
    parallel["branches"] = kept
    return normalise(raw)


def _members(raw: Json, step_ids: Sequence[str], new_id: str) -> tuple[Json, list[Json]]:
    """The list and the steps, in the given order."""
    if any(new_id == step["id"] for step in all_steps(raw)):
        raise EditRefused("duplicate_step", f"There is already a step {new_id!r}.")
    if not step_ids:
        raise EditRefused("too_few_steps", "Name the steps.")
    owner = owner_of(raw, step_ids[0])
    for step_id in step_ids:
        if owner_of(raw, step_id) is not owner:
            raise EditRefused(
                "other_list", f"{step_id!r} and {step_ids[0]!r} stand in different lists of steps."
            )
    return owner, [step_in(owner, step_id) for step_id in dict.fromkeys(step_ids)]


def _require_movable(step: Json) -> None:
    if step["type"] in ("conditional", "end"):
        raise EditRefused(
            "impossible_move",
            f"{step['id']!r} directs the flow, so it can't be a branch of its own.",
        )
    aside = [way.target for way in slots(step) if way.key != "next" and way.target]
    if any(target != END for target in aside):
        raise EditRefused(
            "leaves_container",
            f"{step['id']!r} leads to {aside[0]!r} in other cases, and no way leads out of a branch.",
            "Disconnect that way first.",
        )


def _branch(step: Json) -> Json:
    return {"id": step["id"], "steps": [step | {"next": END}], "entry_step": step["id"]}


def _require_one_way_in(owner: Json, inside: set[str], entry: str) -> None:
    for step in owner["steps"]:
        for way in slots(step):
            if step["id"] not in inside and way.target in inside and way.target != entry:
                raise EditRefused(
                    "enters_container",
                    f"{step['id']!r} leads to {way.target!r} in the middle of the steps to repeat.",
                    f"Repeat from {entry!r} on, or connect {step['id']!r} elsewhere first.",
                )


def _one_way_out(members: Sequence[Json], inside: set[str]) -> str:
    targets = {
        way.target or END
        for step in members
        for way in slots(step)
        if way.target not in inside and not (way.target is None and way.key != "next")
    }
    if len(targets) > 1:
        raise EditRefused(
            "leaves_container",
            f"The steps to repeat lead on to several others: {', '.join(sorted(targets))}.",
            "Repeat steps that go on to one step only.",
        )
    return targets.pop() if targets else END


def _parallel(raw: Json, step_id: str) -> Json:
    parallel = step_in(owner_of(raw, step_id), step_id)
    if parallel["type"] != "parallel":
        raise EditRefused("wrong_type", f"The step {step_id!r} is no parallel.")
    return parallel
