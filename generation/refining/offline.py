"""Refinement without a model: the wishes in an instruction to operations; what is not understood changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from generation.planning.arguments import escape, fill
from generation.planning.language.languages import to_english
from generation.refining.application import OperationsRefused, with_suggested
from generation.refining.commands import commanded
from generation.refining.finding import StepNotFound, find_step
from generation.refining.inserting import NotInsertable, exactly_named, insert, sources_at
from generation.refining.instructions import (
    Add,
    Again,
    AtOnce,
    Describe,
    Move,
    Remove,
    Rename,
    Replace,
    Setting,
    Swap,
    Wish,
    parts_of,
    read,
)
from generation.refining.mending import problems_of
from generation.refining.operations import (
    AddStep,
    Connect,
    MoveStep,
    Operation,
    Place,
    RemoveStep,
    Repeat,
    SetSetting,
    Together,
    UpdateStep,
)
from generation.refining.outcome import Refined, refined, unchanged
from workflows.definition.catalogue import Catalogue
from workflows.definition.graph import step_lists
from workflows.definition.plain_json import compact
from workflows.definition.steps import (
    END,
    AgentStep,
    ConditionalStep,
    Definition,
    EndStep,
    ParallelStep,
    Step,
    ToolStep,
    to_json,
    walk,
)
from workflows.definition.validate import report

EXAMPLES = (
    'Say it like: "add a translation before send", "remove review", "replace gmail:send_email with '
    'slack:post_message", "ask me before send", "wait 2 hours before send", "run a and b in parallel", '
    '"move a before b", "set the timeout of a to 30 seconds", "rename a to Triage".'
)
MAX_PARTS = 20


class NotUnderstood(Exception):
    """A part of an instruction that can't be followed; the message says why."""


@dataclass
class Followed:
    """What an instruction led to; `refusals` are the parts that changed nothing, each with its reason."""

    outcome: Refined
    warnings: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def follow(instruction: str, definition: Definition, catalogue: Catalogue) -> Followed:
    """Carry out what `instruction` says as far as it is understood; never raises."""
    now = unchanged(definition, report(definition.to_json(), catalogue))
    followed, known = Followed(now), problems_of(definition, catalogue)
    for part in parts_of(instruction)[:MAX_PARTS]:
        so_far = followed.outcome
        usable = with_suggested(catalogue, so_far.operations)
        try:
            more, warnings = _operations(part, so_far.definition, usable)
            outcome = refined(so_far.definition, more, usable, known=known)
            _require_sound(outcome)
        except (NotUnderstood, NotInsertable, StepNotFound) as error:
            followed.refusals.append(f"{part[:120]!r} changed nothing: {error}")
        except OperationsRefused as error:
            told = "; ".join(sentence.partition(": ")[2] or sentence for sentence in error.problems)
            followed.refusals.append(f"{part[:120]!r} changed nothing: {told}")
        else:
            followed.outcome = _after(so_far, outcome)
            followed.warnings += warnings
    return followed


def _after(first: Refined, second: Refined) -> Refined:
    """Both, one after the other, as one."""
    return replace(
        second,
        before=first.before,
        operations=(*first.operations, *second.operations),
        notes=(*first.notes, *second.notes),
    )


def _require_sound(outcome: Refined) -> None:
    if outcome.new_errors:
        told = " ".join(problem.message for problem in outcome.new_errors[:3])
        raise NotUnderstood(f"it would break the workflow. {told}")


def _operations(
    part: str, definition: Definition, catalogue: Catalogue
) -> tuple[list[Operation], list[str]]:
    """The operations for one part; its words as they are first, then in English."""
    for text in dict.fromkeys((part, commanded(part), commanded(to_english(part)))):
        wish = read(text)
        if wish is not None:
            return _granted(wish, definition, catalogue)
    raise NotUnderstood(f"it was not understood. {EXAMPLES}")


def _granted(  # noqa: C901 - a case per wish
    wish: Wish, definition: Definition, catalogue: Catalogue
) -> tuple[list[Operation], list[str]]:
    def find(phrase: str) -> Step:
        return find_step(phrase, definition, catalogue)

    match wish:
        case Add():
            return _added(wish, definition, catalogue, find)
        case Remove():
            return [RemoveStep(find(wish.what).id)], []
        case Replace():
            return _replaced(wish, definition, catalogue, find)
        case Rename():
            if not wish.what:
                return [SetSetting("name", wish.name)], []
            return [UpdateStep(find(wish.what).id, {"name": wish.name})], []
        case Describe():
            return [SetSetting("description", wish.text)], []
        case Move():
            return _moved(wish, definition, find), []
        case Swap():
            return _swapped(find(wish.first), find(wish.second), definition), []
        case AtOnce():
            steps = tuple(dict.fromkeys(find(one).id for one in wish.what))
            return [Together(_free("at-the-same-time", definition), steps)], []
        case Again():
            steps = tuple(dict.fromkeys(find(one).id for one in wish.what))
            fields = {"loop_mode": "count", "max_iterations": wish.times}
            return [Repeat(_free("repeat", definition), steps, fields)], []
        case Setting():
            return _set(wish, find(wish.what), catalogue), []
        case _ as unreachable:
            assert_never(unreachable)


def _added(
    wish: Add, definition: Definition, catalogue: Catalogue, find: Callable[[str], Step]
) -> tuple[list[Operation], list[str]]:
    if wish.side == "with":
        return _beside(wish.what, find(wish.anchor), definition, catalogue)
    place = _place(wish.side, wish.anchor, definition, find)
    made = insert(wish.what, place, definition, catalogue)
    operations = list(made.operations)
    if wish.side == "end":
        operations += _all_ends(definition, made.operations)
    return operations, list(made.warnings)


def _place(side: str, anchor: str, definition: Definition, find: Callable[[str], Step]) -> Place:
    if side == "end":
        return Place("end")
    if side == "start":
        return Place("before", definition.entry_step) if definition.entry_step else Place("end")
    step = find(anchor)
    if side == "after" and isinstance(step, ConditionalStep):
        raise NotUnderstood(
            f"{step.id!r} decides between several ways: say before which step of them."
        )
    return Place("before" if side == "before" else "after", step.id)


def _all_ends(definition: Definition, added: tuple[Operation, ...]) -> list[Operation]:
    """'At the end' is the end of every way, not only of the last step's."""
    first = next(operation.step for operation in added if isinstance(operation, AddStep))
    ends: list[Operation] = []
    for step in definition.steps[:-1]:
        if isinstance(step, ConditionalStep):
            ways = [text for text, to in (step.conditional_branches or {}).items() if to == END]
            ways += [arm.when for arm in step.conditions or [] if arm.next == END]
            ways += ["default"] if step.default == END else []
            ends += [Connect(step.id, way, first) for way in ways]
        elif not isinstance(step, EndStep) and step.next == END:
            ends.append(Connect(step.id, "", first))
    return ends


def _beside(
    what: str, anchor: Step, definition: Definition, catalogue: Catalogue
) -> tuple[list[Operation], list[str]]:
    """A new step at the same time as `anchor`: one more branch, or a parallel of both."""
    if isinstance(anchor, ParallelStep):
        made = insert(what, Place("before", anchor.id), definition, catalogue)
        branch = _free(made.last, definition)
        operations: list[Operation] = []
        for one in made.operations:
            if isinstance(one, AddStep):
                operations.append(
                    AddStep(one.step, one.type, one.fields, Place("end", f"{anchor.id}/{branch}"))
                )
            elif not isinstance(one, UpdateStep):
                operations.append(one)
        return operations, list(made.warnings)
    made = insert(what, Place("before", anchor.id), definition, catalogue)
    added = [one for one in made.operations if not isinstance(one, UpdateStep)]
    both = Together(_free("at-the-same-time", definition), (anchor.id, made.last))
    return [*added, both], list(made.warnings)


def _moved(wish: Move, definition: Definition, find: Callable[[str], Step]) -> list[Operation]:
    step = find(wish.what)
    place = _place(wish.side, wish.anchor, definition, find)
    if place.of == step.id:
        raise NotUnderstood(f"{step.id!r} is there already.")
    return [MoveStep(step.id, place)]


def _swapped(first: Step, second: Step, definition: Definition) -> list[Operation]:
    lists = [one for one in step_lists(definition) if first.id in one.index]
    if first.id == second.id or second.id not in lists[0].index:
        raise NotUnderstood("two different steps of one list change places.")
    following = getattr(first, "next", END)
    if following == second.id:
        return [MoveStep(second.id, Place("before", first.id))]
    if getattr(second, "next", END) == first.id:
        return [MoveStep(first.id, Place("before", second.id))]
    back = Place("before", following) if following != END else Place("end")
    if isinstance(first, ConditionalStep) or isinstance(second, ConditionalStep):
        raise NotUnderstood("a decision does not change places: move the steps on its ways.")
    return [MoveStep(first.id, Place("before", second.id)), MoveStep(second.id, back)]


def _replaced(
    wish: Replace, definition: Definition, catalogue: Catalogue, find: Callable[[str], Step]
) -> tuple[list[Operation], list[str]]:
    """An agent or tool in every step that uses it; else the work of the one step that is meant."""
    new = exactly_named(wish.new, catalogue)
    if new is None:
        raise NotUnderstood(f"no agent or tool of yours is called {wish.new[:100]!r}.")
    old = exactly_named(wish.old, catalogue)
    users = [s for _, s in walk(definition.steps) if old is not None and _used(s) == old]
    steps = users or [find(wish.old)]
    operations: list[Operation] = []
    warnings: list[str] = []
    for step in steps:
        operation, told = _with_other(step, new, definition, catalogue)
        operations.append(operation)
        warnings += told
    return operations, warnings


def _used(step: Step) -> str:
    if isinstance(step, AgentStep):
        return step.agent_id or ""
    return (step.tool or "") if isinstance(step, ToolStep) else ""


def _with_other(
    step: Step, new: str, definition: Definition, catalogue: Catalogue
) -> tuple[Operation, list[str]]:
    is_agent = new in catalogue.agents
    if isinstance(step, AgentStep) and is_agent:
        return UpdateStep(step.id, {"agent_id": new, "agent": None}), []
    if not isinstance(step, AgentStep | ToolStep):
        raise NotUnderstood(f"{step.id!r} uses no agent and no tool.")
    fields: dict[str, Any] = {"type": "agent" if is_agent else "tool"}
    if is_agent:
        sources = sources_at(Place("before", step.id), definition, catalogue)
        return UpdateStep(step.id, fields | {"agent_id": new, "input": sources[-1].template}), []
    entry = catalogue.tools[new]
    sources = sources_at(Place("before", step.id), definition, catalogue)
    filled = fill(entry.input_schema, step.name or entry.description, sources)
    properties = entry.input_schema.get("properties")
    names = set(properties) if isinstance(properties, dict) else set()
    old = to_json(step).get("arguments", {})
    kept = {name: value for name, value in old.items() if name in names or not names}
    lost = sorted(set(old) - set(kept))
    warnings = [
        f"Check the argument {name!r} of {step.id!r}." for name in filled.unsure if name not in kept
    ]
    warnings += [f"{new!r} has no argument {name!r}: it is gone from {step.id!r}." for name in lost]
    fields |= {"tool": new, "arguments": filled.arguments | kept}
    return UpdateStep(step.id, fields), warnings


def _set(wish: Setting, step: Step, catalogue: Catalogue) -> list[Operation]:
    """'timeout', 'retries' or another field; for tools also an argument, which is read as its schema wants it."""
    name = wish.name.lower().replace("-", "_").replace(" ", "_")
    numbers = {"timeout", "retries", "max_turns", "max_iterations", "duration_seconds"}
    if name in numbers and wish.value.isdecimal():
        return [UpdateStep(step.id, {name: int(wish.value)})]
    if name in ("name", "description", "approval_message"):
        return [
            UpdateStep(
                step.id, {name: escape(wish.value) if name == "approval_message" else wish.value}
            )
        ]
    if not isinstance(step, ToolStep):
        raise NotUnderstood(f"{wish.name!r} of {step.id!r} can't be set in words.")
    entry = catalogue.tools.get(step.tool or "")
    properties = entry.input_schema.get("properties") if entry else None
    if not isinstance(properties, dict) or wish.name not in properties:
        known = ", ".join(properties) if isinstance(properties, dict) else "none"
        raise NotUnderstood(
            f"the tool of {step.id!r} has no argument {wish.name!r}; it has: {known}."
        )
    value = _typed(wish.value, properties[wish.name])
    return [UpdateStep(step.id, {"arguments": to_json(step)["arguments"] | {wish.name: value}})]


def _typed(text: str, schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "integer" and text.lstrip("-").isdecimal():
        return int(text)
    if kind == "boolean" and text.lower() in ("true", "false", "yes", "no", "on", "off"):
        return text.lower() in ("true", "yes", "on")
    if kind in ("integer", "number", "boolean", "object", "array"):
        raise NotUnderstood(f"{text[:100]!r} is no {kind}: schema {compact(schema)[:200]}.")
    return escape(text)


def _free(base: str, definition: Definition) -> str:
    taken = {step.id for _, step in walk(definition.steps)}
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
