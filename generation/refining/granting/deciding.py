"""Steps that run only where something holds, or only where something failed."""

import re
from dataclasses import replace

from generation.expanding.naming import shown
from generation.planning.reading.holding import hold
from generation.refining.finding import StepNotFound
from generation.refining.granting.adding import ANOTHER, require_new
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.granting.judging import Judgement, judge_among
from generation.refining.inserting import insert, upstream
from generation.refining.instructions.wishes import Decide, Failing
from generation.refining.operations import (
    AddStep,
    Connect,
    Operation,
    Place,
    SuggestAgent,
    UpdateStep,
)
from generation.refining.selecting import steps_ahead
from workflows.definition.graph import step_lists
from workflows.definition.steps import END, ConditionalStep, EndStep, Step

_GO_ON = re.compile(
    r"^(?:just |simply )?(?:go on|continue|carry on|proceed|ignore (?:it|that|this|the error)|skip (?:it|that|this step|the step)|move on)(?: anyway)?$",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"^(?P<what>.+?) before (?P<anchor>.+)$", re.IGNORECASE)
_PLACED = re.compile(
    r"\b(?:before|after|at the (?:end|start|beginning)|in parallel|at the same time)\b",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"^(?:stop|end|abort|cancel|finish|quit)(?: (?:it|there|here|everything|(?:the |this )?(?:whole )?workflow|the run))?$",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"^(?:(?:just |simply )?(?:do nothing|skip it|leave it))$",
    re.IGNORECASE,
)


def decided(wish: Decide, ground: Ground) -> Granted:
    """A conditional before the step that hangs on it, or, for new steps, behind the one that tells."""
    then, otherwise = (_act(text) for text in (wish.then, wish.otherwise))
    if not then and not otherwise:
        return _stopped(wish, ground)
    if not otherwise and (placed := _BEFORE.match(then)) is not None:
        return _before(wish.condition, placed["what"], placed["anchor"], ground)
    yes, no = _existing(then, ground), _existing(otherwise, ground)
    if yes is not None and no is not None:
        return _between(wish.condition, yes, no, ground)
    guarded = yes or no
    if guarded is None and wish.is_limit:
        raise StepNotFound(f"No step is meant by {then or otherwise!r}.")
    if guarded is None:
        granted, judgement, decision = _new(wish.condition, ground)
    else:
        granted, judgement, decision = _guard(
            wish.condition, guarded, ground, holds=yes is not None
        )
    if then and yes is None:
        _fill_way(granted, then, decision, judgement.branch, ground)
    if otherwise and no is None:
        _fill_way(granted, otherwise, decision, "default", ground)
    return granted


def _before(condition: str, act: str, anchor: str, ground: Ground) -> Granted:
    """'if it is over 1000, ask me before paying': new steps right before a step, but only where it holds."""
    step = ground.steps.find(anchor)
    if not hold(act) and _existing(act, ground) is not None:
        raise NotUnderstood(f"{act[:100]!r} is a step already: say where it belongs first.")
    place = Place("before", step.id)
    judgement = judge_among(condition, upstream(ground.definition, place), ground)
    decision = ground.free("decide")
    ways = (step.id, step.id)
    operations = [
        *judgement.operations,
        _conditional(decision, condition, judgement, ways, place),
    ]
    granted = Granted(operations, list(judgement.warnings))
    _fill_way(granted, act, decision, judgement.branch, ground)
    return granted


def failing(wish: Failing, ground: Ground) -> Granted:
    """The way after an error: to a step that comes later, or to new ones, after which the list ends."""
    step = ground.steps.find(wish.what)
    if _GO_ON.match(wish.act.strip()):
        return Granted([UpdateStep(step.id, {"on_error": "skip"})])
    existing = ground.steps.found(wish.act)
    if existing is not None:
        if existing not in steps_ahead(ground.definition, step):
            raise NotUnderstood(f"{existing.id!r} does not come after {step.id!r}.")
        return Granted([Connect(step.id, "error", existing.id)])
    made = insert(wish.act, Place("before", step.id), ground.definition, ground.catalogue)
    require_new(wish.act, made, ground)
    place, operations = Place("after", step.id, "error"), list[Operation]()
    for one in made.operations:
        if isinstance(one, AddStep):
            operations.append(replace(one, place=place))
            place = Place("after", one.step)
        elif isinstance(one, SuggestAgent):
            operations.append(one)
    warning = (
        f"After {made.last!r} nothing else runs there: what followed {step.id!r} is left out then."
    )
    return Granted(
        operations, [*(w for w in made.warnings if "reads the output" not in w), warning]
    )


def _stopped(wish: Decide, ground: Ground) -> Granted:
    """'if it is bad, stop': nothing runs after the step that tells."""
    if not _STOP.match(wish.then) or wish.otherwise:
        raise NotUnderstood("nothing is left to do there.")
    judgement = judge_among(wish.condition, ground.definition.steps, ground)
    step, decision = judgement.step, ground.free("decide")
    following = getattr(step, "next", END)
    if following == END:
        raise NotUnderstood(f"nothing comes after {step.id!r}, which tells it.")
    place = Place("after", step.id)
    conditional = _conditional(decision, wish.condition, judgement, (END, following), place)
    warning = f"It is decided behind {step.id!r}; nothing of what follows runs then."
    return Granted([*judgement.operations, conditional], [*judgement.warnings, warning])


def _act(text: str) -> str:
    text = text.strip()
    return "" if _NOTHING.match(text) or _STOP.match(text) else text


def _existing(act: str, ground: Ground) -> Step | None:
    step = ground.steps.found(act) if act and not ANOTHER.search(act) else None
    if isinstance(step, ConditionalStep | EndStep):
        raise NotUnderstood(f"{step.id!r} directs the flow: say which step on its ways is meant.")
    return step


def _guard(
    condition: str, step: Step, ground: Ground, *, holds: bool
) -> tuple[Granted, Judgement, str]:
    """The step runs only where `condition` holds (or not); else what follows it."""
    ran = upstream(ground.definition, Place("before", step.id))
    judgement = judge_among(condition, ran, ground)
    following = getattr(step, "next", END)
    ways = (step.id, following) if holds else (following, step.id)
    decision = ground.free("decide")
    operations = [
        *judgement.operations,
        _conditional(decision, condition, judgement, ways, Place("before", step.id)),
    ]
    return Granted(operations, list(judgement.warnings)), judgement, decision


def _new(condition: str, ground: Ground) -> tuple[Granted, Judgement, str]:
    """A decision behind the step that tells; so far both its ways lead to what followed that."""
    judgement = judge_among(condition, [s for s in ground.steps.all if not _is_flow(s)], ground)
    step = judgement.step
    following, decision = getattr(step, "next", END), ground.free("decide")
    ways, place = (following, following), Place("after", step.id)
    operations = [
        *judgement.operations,
        _conditional(decision, condition, judgement, ways, place),
    ]
    warning = f"It is decided behind {step.id!r}; say 'move' for another place."
    return Granted(operations, [*judgement.warnings, warning]), judgement, decision


def _is_flow(step: Step) -> bool:
    return isinstance(step, ConditionalStep | EndStep)


def _conditional(
    name: str, condition: str, judgement: Judgement, ways: tuple[str, str], place: Place
) -> AddStep:
    fields = judgement.way.fields([ways[0]]) | {"name": shown(condition, 200), "default": ways[1]}
    return AddStep(name, "conditional", fields, place)


def _fill_way(granted: Granted, act: str, decision: str, branch: str, ground: Ground) -> None:
    """New steps on one way out of the decision, which then go on where that way led."""
    if _PLACED.search(act):
        raise NotUnderstood(
            f"where {act[:100]!r} belongs and what it hangs on are two wishes: say one after the other."
        )
    now = ground.after(granted.operations)
    place = Place("after", decision, branch)
    made = insert(act, place, now.definition, now.catalogue)
    require_new(act, made, ground)
    granted.operations += [one for one in made.operations if not isinstance(one, UpdateStep)]
    granted.warnings += [w for w in made.warnings if "now reads" not in w]


def _between(condition: str, yes: Step, no: Step, ground: Ground) -> Granted:
    """Two steps, one right behind the other, of which only one is to run."""
    here = next(one for one in step_lists(ground.definition) if yes.id in one.index)
    if no.id not in here.index or yes.id == no.id:
        raise StepNotFound(f"{yes.id!r} and {no.id!r} are not two steps of one list.")
    first, second = (yes, no) if getattr(yes, "next", END) == no.id else (no, yes)
    if getattr(first, "next", END) != second.id:
        raise NotUnderstood(f"{first.id!r} and {second.id!r} do not follow each other.")
    ran = upstream(ground.definition, Place("before", first.id))
    judgement = judge_among(condition, ran, ground)
    decision = _conditional(
        ground.free("decide"), condition, judgement, (yes.id, no.id), Place("before", first.id)
    )
    skip = Connect(first.id, "", getattr(second, "next", END))
    return Granted([*judgement.operations, decision, skip], list(judgement.warnings))
