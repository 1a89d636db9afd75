"""New steps: where they go, and what they read there."""

import re
from dataclasses import replace

from generation.planning.language.verbs import actions
from generation.planning.language.words import STOP, stem, tokens
from generation.planning.reading.holding import hold
from generation.refining.finding import StepAmbiguous, StepNotFound
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.inserting import WORKS, Inserted, insert, upstream
from generation.refining.instructions.wishes import Add, Approve, Duplicate, Order
from generation.refining.operations import (
    AddStep,
    Connect,
    MoveStep,
    Operation,
    Place,
    Together,
    UpdateStep,
)
from generation.refining.selecting import steps_ahead
from generation.refining.step_index import used_by
from workflows.definition.graph import step_lists
from workflows.definition.steps import (
    END,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    Step,
    ToolStep,
    to_json,
)

# They hold or direct other steps, which have to be named.
_CONTROL = re.compile(
    r"\b(?:loop|parallel|branch|branches|condition|conditional|decision|around)\b", re.IGNORECASE
)
# It is said that one more is meant.
ANOTHER = re.compile(
    r"\b(?:another|a second|one more|an additional|again|too|also)\b", re.IGNORECASE
)


def added(wish: Add, ground: Ground) -> Granted:
    """The steps for `wish.what`; 'at the end' is the end of every way."""
    if _CONTROL.search(wish.what):
        raise NotUnderstood("say which steps are to repeat, run at the same time or hang on what.")
    existing = ground.steps.found(wish.what) if wish.is_told else None
    if existing is not None and not ANOTHER.search(wish.what):
        return _moved(existing, wish, ground)
    if wish.is_guess and hold(wish.what):
        raise NotUnderstood("say before which step.")
    if wish.side == "with":
        return _beside(wish.what, ground.steps.find(wish.anchor), ground)
    place = place_for(wish.side, wish.anchor, ground)
    _require_there(wish.what, place, ground)
    made = insert(wish.what, place, ground.definition, ground.catalogue)
    if wish.is_told:
        require_new(wish.what, made, ground)
    operations, warnings = list(made.operations), list(made.warnings)
    if wish.side == "end":
        operations += _all_ends(ground.definition, made.operations)
    if wish.is_guess:
        warnings.append(
            f"Nobody said where {made.last!r} belongs, so it is the last step: say 'move {made.last} before …'."
        )
    return Granted(operations, warnings)


def require_new(act: str, made: Inserted, ground: Ground) -> None:
    """What a step does already is hardly meant to be done by one more."""
    used = {used_by(step): step.id for step in ground.steps.all}
    for one in made.operations:
        name = (
            one.fields.get("agent_id") or one.fields.get("tool") if isinstance(one, AddStep) else ""
        )
        if name and name in used and not ANOTHER.search(act):
            raise StepAmbiguous(
                f"{act!r} could mean the step {used[name]!r} or one more: use its id, or say 'another'."
            )


def _moved(step: Step, wish: Add, ground: Ground) -> Granted:
    """'score the tone after sending': the step that does it goes there, within its own list."""
    place = place_for(wish.side, wish.anchor, ground)
    here = next(one for one in step_lists(ground.definition) if step.id in one.index)
    if place.of == step.id or place.of not in here.index:
        raise StepAmbiguous(
            f"{step.id!r} does that already, elsewhere: say 'move {step.id} …' or 'add another …'."
        )
    return Granted([MoveStep(step.id, place)])


def _require_there(what: str, place: Place, ground: Ground) -> None:
    """'first summarize the ticket' can't mean before the ticket is read."""
    if not actions(what) & WORKS or ANOTHER.search(what):
        return
    said = {stem(word) for word in tokens(what) if word not in STOP} - {stem(tokens(what)[0])}
    named = [s for s in ground.steps.all if said & {stem(w) for w in tokens(f"{s.name} {s.id}")}]
    ran = {step.id for step in upstream(ground.definition, place)}
    if named and not any(step.id in ran for step in named):
        source = named[0].id
        raise NotUnderstood(f"what it works on comes from {source!r}, which does not run before.")


def ordered(wish: Order, ground: Ground) -> Granted:
    """'translate it, then send it': what is no step yet comes in beside the other one."""
    first, then = ground.steps.found(wish.first), ground.steps.found(wish.then)
    if first is None and then is None:
        raise StepNotFound(f"Neither {wish.first!r} nor {wish.then!r} is a step of the workflow.")
    if first is None:
        return added(Add(wish.first, "before", wish.then), ground)
    if then is None:
        return added(Add(wish.then, "after", wish.first), ground)
    if first.id == then.id or then in steps_ahead(ground.definition, first):
        raise NotUnderstood(f"{first.id!r} comes before {then.id!r} already.")
    return Granted([MoveStep(first.id, Place("before", then.id))])


def approved(wish: Approve, ground: Ground) -> Granted:
    """A person's look: before the step that is named, else at what a step has made, or before what it does to others."""
    if wish.before:
        place = place_for("before", wish.before, ground)
    else:
        step = ground.steps.find(wish.what)
        acts = isinstance(step, ToolStep) and not _only_reads(step, ground)
        place = Place("before" if acts else "after", step.id)
        if place.kind == "after" and isinstance(step, ConditionalStep):
            raise NotUnderstood(f"{step.id!r} decides between several ways: say before which step.")
    made = insert("ask me", place, ground.definition, ground.catalogue)
    operations = list(made.operations)
    if place.kind == "after":
        told = ground.steps.find(place.of)
        message = f"Is the result of {told.name or told.id} all right?"
        operations = [
            replace(one, fields=one.fields | {"approval_message": message, "name": "Approval"})
            if isinstance(one, AddStep)
            else one
            for one in operations
        ]
    return Granted(operations, list(made.warnings))


def duplicated(wish: Duplicate, ground: Ground) -> Granted:
    """A copy behind the step; what holds others, or directs the flow, has no copy."""
    step = ground.steps.find(wish.what)
    if isinstance(step, LoopStep | ParallelStep | ConditionalStep | EndStep):
        raise NotUnderstood(f"{step.id!r} is a {step.type}: only single steps are duplicated.")
    left_out = ("id", "type", "next", "on_error", "on_reject")
    fields = {name: value for name, value in to_json(step).items() if name not in left_out}
    new = ground.free(f"{step.id[:90]}-copy")
    fields["name"] = f"{step.name or step.id} (copy)"[:200]
    warning = f"{new!r} does the same as {step.id!r}, and nothing reads its output yet."
    return Granted([AddStep(new, step.type, fields, Place("after", step.id))], [warning])


def place_for(side: str, anchor: str, ground: Ground) -> Place:
    """Where 'before X', 'after X', the 'start' and the 'end' are."""
    entry = ground.definition.entry_step
    if side == "end" or (side == "start" and not entry):
        return Place("end")
    if side == "start":
        return Place("before", entry or "")
    step = ground.steps.find(anchor)
    if side == "after" and isinstance(step, ConditionalStep):
        raise NotUnderstood(
            f"{step.id!r} decides between several ways: say before which step of them."
        )
    return Place("before" if side == "before" else "after", step.id)


def _only_reads(step: ToolStep, ground: Ground) -> bool:
    entry = ground.catalogue.tools.get(step.tool or "")
    lists = step_lists(ground.definition)
    here = next(one for one in lists if step.id in one.index)
    return (entry is not None and entry.read_only) or here.owner.entry_step == step.id


def _all_ends(definition: Definition, added: tuple[Operation, ...]) -> list[Operation]:
    """The ways that end before the last step, which lead to the new step too."""
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


def _beside(what: str, anchor: Step, ground: Ground) -> Granted:
    """A new step at the same time as `anchor`: one more branch, or a parallel of both."""
    place = Place("before", anchor.id)
    _require_there(what, place, ground)
    made = insert(what, place, ground.definition, ground.catalogue)
    warnings = [warning for warning in made.warnings if "now reads" not in warning]
    added = [one for one in made.operations if not isinstance(one, UpdateStep)]
    if not isinstance(anchor, ParallelStep):
        both = Together(ground.free("at-the-same-time"), (anchor.id, made.last))
        return Granted([*added, both], warnings)
    branch = Place("end", f"{anchor.id}/{ground.free(made.last)}")
    operations = [replace(one, place=branch) if isinstance(one, AddStep) else one for one in added]
    return Granted(list(operations), warnings)
