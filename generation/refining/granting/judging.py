"""Who tells whether a condition holds: a field that a step gives already, else one that an agent before is asked for."""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.expanding.deciding import Way, choose_by
from generation.expanding.naming import shown
from generation.planning.data import Source
from generation.planning.reading.tree import is_about_it, is_trigger
from generation.refining.granting.ground import Ground, NotUnderstood
from generation.refining.granting.rereading import reread
from generation.refining.operations import Operation, UpdateStep
from workflows.definition.steps import AgentStep, Step, ToolStep, to_json

# Whose decision no step takes.
OF_PEOPLE = re.compile(
    r"^(?:i|we|you|he|she|they|somebody|someone|a human|(?:the|my|our) (?:boss|manager|user))\b",
    re.IGNORECASE,
)
# What no step's result tells: how long something takes, and when it is.
_OF_TIME = re.compile(
    r"\b(?:takes?|lasts?|runs?)\b.*\b(?:seconds?|minutes?|hours?|days?|long|longer)\b|"
    r"\b(?:within|after|for) \w+ (?:seconds?|minutes?|hours?|days?|weeks?)\b|"
    r"\b(?:weekend|weekdays?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tomorrow|o'clock|midnight)\b|\bit is (?:morning|evening|night|late)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Judgement:
    """The step that tells, how a conditional reads it, and what has to change so that it does."""

    step: Step
    way: Way
    operations: list[Operation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def branch(self) -> str:
        """The way out of the conditional for which the condition holds."""
        return self.way.conditions[0] if self.way.conditions else self.way.labels[0]


def judge_among(condition: str, ran: Sequence[Step], ground: Ground) -> Judgement:
    """Who of `ran`, the steps that surely ran before, tells whether `condition` holds; raises `NotUnderstood`."""
    if OF_PEOPLE.search(condition):
        raise NotUnderstood("a person decides that: say 'ask me before …'.")
    if _OF_TIME.search(condition) or is_trigger(condition):
        raise NotUnderstood(
            f"no step can tell whether {condition[:100]!r}: a time limit is set with 'give … 5 minutes', and what "
            "starts the workflow is none of its steps."
        )
    ran = [step for step in ran if isinstance(step, AgentStep | ToolStep)]
    step = ground.steps.likeliest(condition, ran)
    if step is None and is_about_it(condition):
        step = next((one for one in reversed(ran) if isinstance(one, AgentStep)), None)
    if step is None:
        raise NotUnderstood(
            f"no step before it tells whether {condition[:100]!r}: add one that finds it out first."
        )
    known = choose_by(None, [condition], _source(step, ground))
    if known.conditions:
        return Judgement(step, known)
    if not isinstance(step, AgentStep):
        # What a tool brings has no field for it: an agent that worked with it may tell.
        later = [s for s in ran[list(ran).index(step) :] if isinstance(s, AgentStep)]
        if not later:
            raise NotUnderstood(
                f"{step.id!r} gives nothing that tells whether {condition[:100]!r}: "
                "add an agent behind it that finds it out."
            )
        step = later[0]
    return _asked(condition, step, ground)


def _asked(condition: str, step: AgentStep, ground: Ground) -> Judgement:
    """The agent answers with one field more; who read its answer still reads that."""
    raw: dict[str, Any] = copy.deepcopy(to_json(step))
    way = choose_by(raw, [condition], _source(step, ground))
    return Judgement(step, way, with_field(step, raw, ground), [_told(step, condition)])


def with_field(step: AgentStep, raw: dict[str, Any], ground: Ground) -> list[Operation]:
    """The operations that give `step` the output schema in `raw`, and let others read its answer as before."""
    operations: list[Operation] = [UpdateStep(step.id, {"output_schema": raw["output_schema"]})]
    if step.output_schema is None:
        output = f"steps.{step.id}.output"
        operations += reread(ground.definition, {output: f"{output}.answer"}, but=[step.id])
    return operations


def _told(step: Step, condition: str) -> str:
    return f"The step {step.id!r} is asked whether {condition[:120]!r}; check that it can tell."


def _source(step: Step, ground: Ground) -> Source:
    schema = None
    if isinstance(step, AgentStep) and step.output_schema:
        schema = dict(step.output_schema)
    elif isinstance(step, ToolStep) and (entry := ground.catalogue.tools.get(step.tool or "")):
        schema = dict(entry.output_schema) if entry.output_schema else None
    return Source(f"${{steps.{step.id}.output}}", shown(step.name or step.id, 60), schema)
