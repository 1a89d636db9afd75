"""Changing a definition step by step: each edit is a function from one canonical definition to the next.

A refused edit raises `EditRefused` (the edit makes no sense here) or `DefinitionError` (its result could not be stored)
and changes nothing. What an edit does not speak of stays as it is, to the byte.
"""

import copy
from collections.abc import Iterator

from workflows.definition import flow
from workflows.definition.edge_slots import Json, slot, slots
from workflows.definition.normalise import normalise
from workflows.definition.problems import EditRefused
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
    raw, new = _open(definition), dict(step)
    if not isinstance(new.get("id"), str):
        raise EditRefused("missing_field", "A step needs an `id`.")
    if any(new["id"] == known["id"] for known in _all_steps(raw)):
        raise EditRefused("duplicate_step", f"There is already a step {new['id']!r}.")
    if after is not None and before is not None:
        raise EditRefused("conflicting_fields", "Give `after` or `before`, not both.")
    neighbour = after if after is not None else before
    owner = _list_of(raw, container) if neighbour is None else _owner(raw, neighbour)
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
    raw, new = _open(definition), dict(step)
    owner = _owner(raw, step_id)
    place = _index(owner, step_id)
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
    raw = _open(definition)
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
    raw = _open(definition)
    step = _take_out(raw, step_id)
    for name in ("next", "default"):
        step.pop(name, None)
    rest = normalise(raw)
    return add_step(rest, step, container=container, after=after, branch=branch, before=before)


def reorder_steps(definition: Definition, order: list[str], *, container: str = "") -> Definition:
    """Put the list's steps into this order. A `next` that the language would have inferred is inferred anew, one that
    was chosen otherwise stays; a list that began with its first step begins with its new first step."""
    raw = _open(definition)
    owner = _list_of(raw, container)
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
    raw = _open(definition)
    owner = _owner(raw, step_id)
    if to != END and all(step["id"] != to for step in owner["steps"]):
        raise EditRefused("unknown_target", f"The list of {step_id!r} has no step {to!r}.")
    slot(_step(owner, step_id), branch, may_add=True).lead_to(to)
    return normalise(raw)


def disconnect_steps(
    definition: Definition, step_id: str, *, branch: str | None = None
) -> Definition:
    """Take the way out `branch` away: `next` then ends the list, an arm goes, errors and rejections fail again."""
    raw = _open(definition)
    slot(_step(_owner(raw, step_id), step_id), branch).clear()
    return normalise(raw)


def _open(definition: Definition) -> Json:
    """Its JSON, to be changed: a canonical definition shares its values, so they are copied."""
    return copy.deepcopy(definition.to_json())


def _insert_after(owner: Json, new: Json, after: str, branch: str | None) -> None:
    way = slot(_step(owner, after), branch, may_add=True)
    _continue_to(new, way.target or END)
    way.lead_to(new["id"])
    owner["steps"].insert(_index(owner, after) + 1, new)


def _insert_before(owner: Json, new: Json, before: str) -> None:
    _retarget(owner, before, new["id"])
    _continue_to(new, before)
    owner["steps"].insert(_index(owner, before), new)


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
    owner = _owner(raw, step_id)
    step: Json = owner["steps"].pop(_index(owner, step_id))
    target = step.get("default" if step["type"] == "conditional" else "next", END)
    _retarget(owner, step_id, END if target == step_id else target)
    if owner.get("entry_step") == END:
        del owner["entry_step"]
    return step


def _retarget(owner: Json, old: str, new: str) -> None:
    for step in owner["steps"]:
        for way in slots(step):
            if way.target == old:
                way.lead_to(new)
    if owner.get("entry_step") == old:
        owner["entry_step"] = new


def _forget_inferred(steps: list[Json]) -> None:
    bare = [{key: value for key, value in step.items() if key != "next"} for step in steps]
    for number, target in flow.infer(bare).nexts.items():
        if steps[number].get("next") == target:
            del steps[number]["next"]


def _lists(owner: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """Every list of steps by its container's name; a list is the JSON object that has `steps`."""
    yield name, owner
    for step in owner["steps"]:
        if step["type"] == "loop":
            yield from _lists(step, step["id"])
        for branch in step.get("branches", ()):
            yield from _lists(branch, f"{step['id']}/{branch['id']}")


def _all_steps(raw: Json) -> list[Json]:
    return [step for _, owner in _lists(raw) for step in owner["steps"]]


def _list_of(raw: Json, container: str) -> Json:
    for name, owner in _lists(raw):
        if name == container:
            return owner
    names = ", ".join(repr(name) for name, _ in _lists(raw) if name)
    raise EditRefused(
        "unknown_container",
        f"There is no list of steps {container!r}.",
        f"There are: '' (the outermost){', ' if names else ''}{names}.",
    )


def _owner(raw: Json, step_id: str) -> Json:
    for _, owner in _lists(raw):
        if any(step["id"] == step_id for step in owner["steps"]):
            return owner
    raise EditRefused("unknown_step", f"There is no step {step_id!r}.")


def _index(owner: Json, step_id: str) -> int:
    return next(number for number, step in enumerate(owner["steps"]) if step["id"] == step_id)


def _step(owner: Json, step_id: str) -> Json:
    step: Json = owner["steps"][_index(owner, step_id)]
    return step
