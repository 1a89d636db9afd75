"""A definition's canonical JSON, opened to be changed: its lists of steps, and where each step stands.

A list of steps is the JSON object that has `steps`: the definition, a branch or a loop.
"""

import copy
from collections.abc import Iterator

from workflows.definition.edge_slots import Json, slots
from workflows.definition.problems import EditRefused
from workflows.definition.steps import Definition


def opened(definition: Definition) -> Json:
    """Its JSON, to be changed: a canonical definition shares its values, so they are copied."""
    return copy.deepcopy(definition.to_json())


def lists_of(owner: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """Every list of steps by its container's name; a list is the JSON object that has `steps`."""
    yield name, owner
    for step in owner["steps"]:
        if step["type"] == "loop":
            yield from lists_of(step, step["id"])
        for branch in step.get("branches", ()):
            yield from lists_of(branch, f"{step['id']}/{branch['id']}")


def all_steps(raw: Json) -> list[Json]:
    """Every step of every list."""
    return [step for _, owner in lists_of(raw) for step in owner["steps"]]


def list_named(raw: Json, container: str) -> Json:
    """The list `container`: '' (the outermost), a loop's id, or 'parallel/branch'; raises `EditRefused`."""
    for name, owner in lists_of(raw):
        if name == container:
            return owner
    names = ", ".join(repr(name) for name, _ in lists_of(raw) if name)
    raise EditRefused(
        "unknown_container",
        f"There is no list of steps {container!r}.",
        f"There are: '' (the outermost){', ' if names else ''}{names}.",
    )


def owner_of(raw: Json, step_id: str) -> Json:
    """The list in which the step stands; raises `EditRefused`."""
    for _, owner in lists_of(raw):
        if any(step["id"] == step_id for step in owner["steps"]):
            return owner
    raise EditRefused("unknown_step", f"There is no step {step_id!r}.")


def index_of(owner: Json, step_id: str) -> int:
    """Where in its list the step stands."""
    return next(number for number, step in enumerate(owner["steps"]) if step["id"] == step_id)


def step_in(owner: Json, step_id: str) -> Json:
    """The step of this list."""
    step: Json = owner["steps"][index_of(owner, step_id)]
    return step


def retarget(owner: Json, old: str, new: str) -> None:
    """Let every way of the list that led to `old` lead to `new`."""
    for step in owner["steps"]:
        for way in slots(step):
            if way.target == old:
                way.lead_to(new)
    if owner.get("entry_step") == old:
        owner["entry_step"] = new
