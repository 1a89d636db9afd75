"""Carrying operations out on a definition: all of them, or none; only what the requester may use may come in."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from generation.refining.operations import (
    MAX_OPERATIONS,
    AddStep,
    Connect,
    Disconnect,
    MoveStep,
    Operation,
    Place,
    RemoveStep,
    Repeat,
    SetSetting,
    SuggestAgent,
    Together,
    UpdateStep,
)
from workflows.definition.catalogue import AgentEntry, Catalogue
from workflows.definition.edit import (
    add_step,
    connect_steps,
    delete_step,
    disconnect_steps,
    move_step,
    update_step,
)
from workflows.definition.fields import STEP_FIELDS, nearest
from workflows.definition.grouping import (
    add_branch,
    put_in_loop,
    put_in_parallel,
    remove_branch,
)
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError, EditRefused
from workflows.definition.steps import Definition, ParallelStep, Step, to_json, walk
from workflows.uses import used_agents, used_tools, used_workflows

# Told by other operations: where a step stands, and what it holds.
_NO_FIELDS = {
    "id": "An id does not change.",
    "next": "Use connect.",
    "steps": "Add, move or remove the steps inside.",
    "branches": "Add, move or remove the steps inside.",
    "entry_step": "Move the steps inside.",
}


class OperationsRefused(ValueError):
    """Operations that can't be carried out; `problems` are sentences that say which, why and what would do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems[:3]))
        self.problems = list(problems)


def apply_operations(
    definition: Definition, operations: Sequence[Operation], catalogue: Catalogue
) -> Definition:
    """`definition` after all `operations`, one after the other; raises `OperationsRefused`, and nothing else.

    `catalogue` is what the requester may use; agents that the operations suggest count as there. What is named already
    stays allowed. The result can be stored, but may have problems: validating it is the caller's next step.
    """
    if len(operations) > MAX_OPERATIONS:
        raise OperationsRefused(
            [f"There are {len(operations)} operations; at most {MAX_OPERATIONS} are allowed."]
        )
    changed, problems = definition, list[str]()
    for number, operation in enumerate(operations, start=1):
        try:
            changed = _applied(changed, operation)
        except EditRefused as error:
            problems.append(f"Operation {number}: {error} {error.hint}".strip())
        except DefinitionError as error:
            told = "; ".join(f"{p.message} {p.hint}".strip() for p in error.problems[:3])
            problems.append(f"Operation {number}: {told}")
    problems += _duplicates(definition, changed)
    problems += _foreign(definition, changed, with_suggested(catalogue, operations))
    if problems:
        raise OperationsRefused(problems[:20])
    return changed


def with_suggested(catalogue: Catalogue, operations: Sequence[Operation]) -> Catalogue:
    """`catalogue` as it will be when the suggested agents have been created; existing ones are not replaced."""
    new = {
        operation.id: AgentEntry(operation.id, operation.name, operation.description)
        for operation in operations
        if isinstance(operation, SuggestAgent)
    }
    return replace(catalogue, agents=new | dict(catalogue.agents)) if new else catalogue


def _applied(definition: Definition, operation: Operation) -> Definition:  # noqa: C901 - a case per operation
    match operation:
        case AddStep():
            return _added(definition, operation)
        case UpdateStep():
            return _updated(definition, operation)
        case RemoveStep():
            return _removed(definition, operation.step)
        case MoveStep():
            return move_step(definition, operation.step, **_where(operation.place))
        case Connect():
            return connect_steps(
                definition, operation.step, operation.to, branch=operation.branch or None
            )
        case Disconnect():
            return disconnect_steps(definition, operation.step, branch=operation.branch or None)
        case Together():
            return put_in_parallel(definition, operation.steps, operation.step)
        case Repeat():
            loop = {"id": operation.step, "type": "loop"} | _filled(operation.fields)
            return put_in_loop(definition, operation.steps, loop)
        case SetSetting():
            return normalise(_filled(definition.to_json() | {operation.setting: operation.value}))
        case SuggestAgent():
            return definition


def _added(definition: Definition, operation: AddStep) -> Definition:
    step = {"id": operation.step, "type": operation.type} | _filled(operation.fields)
    if step["id"] != operation.step or step["type"] != operation.type:
        raise EditRefused("conflicting_fields", "Leave `id` and `type` out of `fields`.")
    place = operation.place
    parallel, slash, branch = place.of.partition("/")
    if place.kind == "end" and slash and branch not in _branches(definition, parallel):
        return add_branch(definition, parallel, branch, step)
    return add_step(definition, step, **_where(place))


def _removed(definition: Definition, name: str) -> Definition:
    parallel, slash, branch = name.partition("/")
    if slash:
        return remove_branch(definition, parallel, branch)
    return delete_step(definition, name)


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _where(place: Place) -> dict[str, Any]:
    if place.kind == "end":
        return {"container": place.of}
    return {place.kind: place.of} | ({"branch": place.branch} if place.branch else {})


def _branches(definition: Definition, parallel: str) -> set[str]:
    step = _step(definition, parallel)
    if not isinstance(step, ParallelStep):
        raise EditRefused("wrong_type", f"The step {parallel!r} is no parallel.")
    return {branch.id for branch in step.branches}


def _updated(definition: Definition, operation: UpdateStep) -> Definition:
    old = to_json(_step(definition, operation.step))
    kind = operation.fields.get("type", old["type"])
    for name in operation.fields:
        if name in _NO_FIELDS:
            raise EditRefused("read_only", f"`{name}` is not updated.", _NO_FIELDS[name])
        known = STEP_FIELDS.get(kind, ())
        if name not in known:
            near = nearest(name, known)
            hint = f"Did you mean {near!r}?" if near else f"It has: {', '.join(known)}."
            raise EditRefused("unknown_field", f"{kind} steps have no field {name[:60]!r}.", hint)
    if kind != old["type"]:
        old = {name: old[name] for name in ("name", "description") if name in old}
    new = _filled(old | operation.fields)
    if "retries" in operation.fields:
        new.pop("retry", None)
    for name in ("next", "steps", "branches", "entry_step"):
        new.pop(name, None)
    return update_step(definition, operation.step, new)


def _step(definition: Definition, step_id: str) -> Step:
    for _, step in walk(definition.steps):
        if step.id == step_id:
            return step
    raise EditRefused("unknown_step", f"There is no step {step_id[:100]!r}.", _steps(definition))


def _steps(definition: Definition) -> str:
    names = [step.id for _, step in walk(definition.steps)]
    more = ", …" if len(names) > 50 else ""
    return f"There are: {', '.join(names[:50])}{more}."


def _duplicates(before: Definition, after: Definition) -> Iterator[str]:
    for step_id in sorted(_twice(after) - _twice(before)):
        yield f"The id {step_id!r} would be used by two steps. Choose another one."


def _twice(definition: Definition) -> set[str]:
    seen, twice = set[str](), set[str]()
    for _, step in walk(definition.steps):
        (twice if step.id in seen else seen).add(step.id)
    return twice


def _foreign(before: Definition, after: Definition, catalogue: Catalogue) -> Iterator[str]:
    """Names that come in and that the requester can't use."""
    for agent in sorted(used_agents(after) - used_agents(before) - set(catalogue.agents)):
        yield f"There is no agent {agent[:100]!r}. Use an id of `resources`, or a new_agent."
    for tool in sorted(used_tools(after) - used_tools(before) - set(catalogue.tools)):
        yield f"There is no tool {tool[:100]!r}. Use an id of `resources`."
    workflows = used_workflows(after) - used_workflows(before)
    known = catalogue.find_workflows(workflows, asked_by=after.id) if workflows else {}
    for workflow in sorted(workflows - set(known)):
        yield f"There is no workflow {workflow[:100]!r}."
