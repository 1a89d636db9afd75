"""Changing a definition step by step: each edit is a function from one canonical definition to the next.

A refused edit raises `EditRefused` (the edit makes no sense here) or `DefinitionError` (its result could not be stored)
and changes nothing. What an edit does not speak of stays as it is, to the byte.
"""

from workflows.definition import flow
from workflows.definition.edge_slots import Json, slot
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

_INNER = ("steps", "branches", "entry_step")


def add_step(
    definition: Definition,
    step: Json,
    *,
    container: str = "",
    after: str | None = None,
    branch: str | None = None,
    before: str | None = None,
) -> Definition:
    """Put `step` (lenient JSON) on the way out `branch` of the step `after`, or on every way to the step `before`.

    Without either it goes to the end of the list `container`: '' (the outermost), a loop's id, or 'parallel/branch'.
    Its own `next`, where it has none, is where that way led.
    """
    raw, new = opened(definition), dict(step)
    if not isinstance(new.get("id"), str):
        raise EditRefused("missing_field", "A step needs an `id`.")
    if any(new["id"] == known["id"] for known in all_steps(raw)):
        raise EditRefused("duplicate_step", f"There is already a step {new['id']!r}.")
    if after is not None and before is not None:
        raise EditRefused("conflicting_fields", "Give `after` or `before`, not both.")
    neighbour = after if after is not None else before
    owner = list_named(raw, container) if neighbour is None else owner_of(raw, neighbour)
    if after is not None:
        _insert_after(owner, new, after, branch)
    elif before is not None:
        _insert_before(owner, new, before)
    else:
        _append(owner, new)
    return normalise(raw)


def update_step(definition: Definition, step_id: str, step: Json) -> Definition:
    """Replace the step's fields by those of `step` (lenient JSON); its place, and what it leaves out of `next` and of
    the steps inside, stay."""
    raw, new = opened(definition), dict(step)
    owner = owner_of(raw, step_id)
    place = index_of(owner, step_id)
    old = owner["steps"][place]
    if new.setdefault("id", step_id) != step_id:
        raise EditRefused("read_only", f"The id of the step {step_id!r} does not change.")
    new.setdefault("type", old["type"])
    kept = ("next", *_INNER) if new["type"] == old["type"] else ("next",)
    for name in kept:
        if name in old and name not in new:
            new[name] = old[name]
    if new["type"] == "end":
        new.pop("next", None)
    owner["steps"][place] = new
    return normalise(raw)


def delete_step(definition: Definition, step_id: str) -> Definition:
    """Take the step out, with all inside it; what led to it leads to where it went on (`default` of a conditional)."""
    raw = opened(definition)
    _take_out(raw, step_id)
    return normalise(raw)


def move_step(
    definition: Definition,
    step_id: str,
    *,
    container: str = "",
    after: str | None = None,
    branch: str | None = None,
    before: str | None = None,
) -> Definition:
    """Take the step out and put it elsewhere, as `delete_step` and `add_step` do."""
    if step_id in (after, before):
        raise EditRefused("impossible_move", "A step can't be moved beside itself.")
    raw = opened(definition)
    step = _take_out(raw, step_id)
    for name in ("next", "default"):
        step.pop(name, None)
    rest = normalise(raw)
    return add_step(rest, step, container=container, after=after, branch=branch, before=before)


def reorder_steps(definition: Definition, order: list[str], *, container: str = "") -> Definition:
    """Put the list's steps into this order. A `next` that the language would have inferred is inferred anew, one that
    was chosen otherwise stays; a list that began with its first step begins with its new first step."""
    raw = opened(definition)
    owner = list_named(raw, container)
    by_id = {step["id"]: step for step in owner["steps"]}
    if len(by_id) != len(owner["steps"]) or sorted(order) != sorted(by_id):
        raise EditRefused(
            "wrong_order", "The order must name each step of the list once.", ", ".join(by_id)
        )
    begins_first = bool(order) and owner.get("entry_step") == owner["steps"][0]["id"]
    _forget_inferred(owner["steps"])
    owner["steps"] = [by_id[step_id] for step_id in order]
    if begins_first:
        owner["entry_step"] = order[0]
    return normalise(raw)


def connect_steps(
    definition: Definition, step_id: str, to: str, *, branch: str | None = None
) -> Definition:
    """Let the way out `branch` of the step lead to the step `to` of its list, or to 'end'; a conditional gets a missing arm."""
    raw = opened(definition)
    owner = owner_of(raw, step_id)
    if to != END and all(step["id"] != to for step in owner["steps"]):
        raise EditRefused("unknown_target", f"The list of {step_id!r} has no step {to!r}.")
    slot(step_in(owner, step_id), branch, may_add=True).lead_to(to)
    return normalise(raw)


def disconnect_steps(
    definition: Definition, step_id: str, *, branch: str | None = None
) -> Definition:
    """Take the way out `branch` away: `next` then ends the list, an arm goes, errors and rejections fail again."""
    raw = opened(definition)
    slot(step_in(owner_of(raw, step_id), step_id), branch).clear()
    return normalise(raw)


def _insert_after(owner: Json, new: Json, after: str, branch: str | None) -> None:
    way = slot(step_in(owner, after), branch, may_add=True)
    _continue_to(new, way.target or END)
    way.lead_to(new["id"])
    owner["steps"].insert(index_of(owner, after) + 1, new)


def _insert_before(owner: Json, new: Json, before: str) -> None:
    retarget(owner, before, new["id"])
    _continue_to(new, before)
    owner["steps"].insert(index_of(owner, before), new)


def _append(owner: Json, new: Json) -> None:
    """What ended the list by falling out of its last step goes on to the new one."""
    last = owner["steps"][-1] if owner["steps"] else None
    if last is None:
        owner["entry_step"] = new["id"]
    elif last["type"] == "conditional":
        last.setdefault("default", new["id"])
    elif last.get("next") == END:
        last["next"] = new["id"]
    _continue_to(new, END)
    owner["steps"].append(new)


def _continue_to(new: Json, target: str) -> None:
    """Where the new step goes on, unless it says so itself; a conditional's `next` is where its arms meet."""
    if new.get("type") == "end":
        return
    key = "default" if new.get("type") == "conditional" and "next" not in new else "next"
    if new.get(key) is None:
        new[key] = target


def _take_out(raw: Json, step_id: str) -> Json:
    owner = owner_of(raw, step_id)
    step: Json = owner["steps"].pop(index_of(owner, step_id))
    target = step.get("default" if step["type"] == "conditional" else "next", END)
    retarget(owner, step_id, END if target == step_id else target)
    if owner.get("entry_step") == END:
        del owner["entry_step"]
    return step


def _forget_inferred(steps: list[Json]) -> None:
    bare = [{key: value for key, value in step.items() if key != "next"} for step in steps]
    for number, target in flow.infer(bare).nexts.items():
        if steps[number].get("next") == target:
            del steps[number]["next"]
