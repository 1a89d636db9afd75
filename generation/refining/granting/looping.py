"""Loops around steps that exist: until something holds, and for each thing of a list."""

import copy
from collections.abc import Sequence
from typing import Any

from generation.expanding.deciding import answer_field, comparison
from generation.expanding.expansion import DEFAULT_ITERATIONS
from generation.expanding.naming import shown
from generation.expanding.scope import USER_INPUT, list_field
from generation.plan import ToolUse
from generation.planning.arguments import escape, fill
from generation.planning.data import Source
from generation.planning.matching.entries import tool_kinds
from generation.planning.matching.index import build_index
from generation.planning.matching.resolving import Resolver
from generation.planning.reading.tree import is_about_it
from generation.refining.granting.adding import added
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.granting.judging import OF_PEOPLE
from generation.refining.granting.rereading import reread, with_moved
from generation.refining.inserting import CHANGES
from generation.refining.instructions.wishes import Add, ForEach, Judged, Rounds, Until
from generation.refining.operations import AddStep, Operation, Place, Repeat, UpdateStep
from workflows.definition.graph import step_lists
from workflows.definition.steps import (
    END,
    AgentStep,
    LoopStep,
    Step,
    ToolStep,
    to_json,
    walk,
)

_INVERSE = {">=": "<", "<=": ">", ">": "<=", "<": ">="}


def repeated_until(wish: Until, ground: Ground) -> Granted:
    """A loop from the step that does the work to the one that tells whether it is good enough."""
    if OF_PEOPLE.search(wish.phrase):
        raise NotUnderstood("a person decides that: say 'ask me before …'.")
    writer = _agent(ground.steps.find(wish.what))
    ahead = _chain(writer, ground)
    judge = ground.steps.likeliest(wish.phrase, ground.steps.all)
    if judge == writer:
        # 'the draft fails the tone check': another that the words name too is the one that judges.
        judge = ground.steps.likeliest(
            wish.phrase, [s for s in ahead[1:] if isinstance(s, AgentStep)]
        )
        judge = judge or writer
    if judge is None and is_about_it(wish.phrase):
        judge = writer
    if judge not in ahead:
        told = f"{judge.id!r}, which tells it, does not come after {writer.id!r}" if judge else (
            f"no step after {writer.id!r} tells whether {wish.phrase[:100]!r}"
        )  # fmt: skip
        raise NotUnderstood(f"{told}: move it there, or add a step that judges.")
    members = ahead[: ahead.index(judge) + 1]
    return _loop(wish, members, ground)


def judged(wish: Judged, ground: Ground) -> Granted:
    """A new judge behind a step, and a loop around both."""
    writer = ground.steps.find(wish.after)
    new = added(Add(wish.what, "after", writer.id), ground)
    made = [one for one in new.operations if isinstance(one, AddStep)]
    if len(made) != 1 or made[0].type != "agent":
        raise NotUnderstood(f"{wish.what!r} is no agent that judges.")
    later = ground.after(new.operations)
    members = [later.steps.find(writer.id), later.steps.find(made[0].step)]
    looped = _loop(Until(writer.id, wish.phrase), members, later)
    warnings = [warning for warning in new.warnings if "reads the output" not in warning]
    return Granted([*new.operations, *looped.operations], [*warnings, *looped.warnings])


def for_each(wish: ForEach, ground: Ground) -> Granted:
    """All steps in a loop over what a listing tool brings, which runs first; they read the item where they read the input."""
    tool = _listing(wish.phrase, ground)
    entry = ground.catalogue.tools[tool]
    if not ground.definition.steps:
        raise NotUnderstood("there are no steps yet.")
    name = ground.free(tool.partition(":")[2].replace("_", "-")[:90] or "list")
    loop = ground.free("for-each")
    filled = fill(entry.input_schema, wish.phrase, [USER_INPUT])
    first = ground.definition.entry_step or ground.definition.steps[0].id
    fields = {
        "name": shown(f"List: {wish.phrase}", 200),
        "tool": tool,
        "arguments": filled.arguments,
    }
    schema = dict(entry.output_schema) if entry.output_schema else None
    brought = Source(f"${{steps.{name}.output}}", "List", schema)
    around = {
        "loop_mode": "foreach", "name": shown(f"For each {wish.phrase}", 200),
        "over": list_field(brought) or brought.template, "max_iterations": DEFAULT_ITERATIONS["foreach"],
    }  # fmt: skip
    inner = reread(ground.definition, {"user_input": "loop.item"})
    warnings = [
        f"The loop {loop!r} takes at most {around['max_iterations']} items; more are an error."
    ]
    warnings += [] if list_field(brought) else [f"Check that {brought.template} is a list."]
    warnings += [] if inner else ["No step reads the item of the loop yet."]
    _require_plain(ground)
    operations: list[Operation] = [
        AddStep(name, "tool", fields, Place("before", first)),
        Repeat(loop, tuple(step.id for step in ground.definition.steps), around),
    ]
    return Granted([*operations, *inner], warnings)


def rounds(wish: Rounds, ground: Ground) -> Granted:
    """How many rounds the one loop over a list makes, or makes at the same time."""
    loops = [s for s in ground.steps.all if isinstance(s, LoopStep) and s.loop_mode == "foreach"]
    if len(loops) != 1:
        raise NotUnderstood(f"there are {len(loops)} loops over a list, not one.")
    loop = loops[0]
    if wish.at_once:
        return Granted([UpdateStep(loop.id, {"max_concurrency": wish.number})])
    if loop.break_condition:
        raise NotUnderstood(f"{loop.id!r} ends early already: {loop.break_condition}")
    stop = f"${{loop.index}} >= {wish.number}"
    warning = f"The loop {loop.id!r} leaves out what comes after the first {wish.number}."
    return Granted([UpdateStep(loop.id, {"break_condition": stop})], [warning])


def _agent(step: Step) -> AgentStep:
    if not isinstance(step, AgentStep) or not isinstance(step.input, str):
        raise NotUnderstood(
            f"{step.id!r} is no agent with words as its input, so nothing changes by doing it again."
        )
    return step


def _chain(step: Step, ground: Ground) -> list[Step]:
    """The step and what follows it on the only way."""
    here = next(one for one in step_lists(ground.definition) if step.id in one.index)
    found = [step]
    while (following := getattr(found[-1], "next", END)) in here.index:
        new = here.steps[here.index[following]]
        if new in found:
            break
        found.append(new)
    return found


def _loop(wish: Until, members: Sequence[Step], ground: Ground) -> Granted:
    writer, judge = _agent(members[0]), _agent(members[-1])
    for step in members:
        entry = ground.catalogue.tools.get(step.tool or "") if isinstance(step, ToolStep) else None
        if entry is not None and tool_kinds(entry) & CHANGES:
            raise NotUnderstood(f"{step.id!r} would be done again each time.")
    loop = ground.free("repeat")
    raw = copy.deepcopy(to_json(judge))
    exit_condition = _exit(wish, raw)
    operations: list[Operation] = [UpdateStep(judge.id, {"output_schema": raw["output_schema"]})]
    warnings = [
        f"The step {judge.id!r} is asked whether {wish.phrase[:120]!r}; check that it can tell."
    ]
    inputs = {
        writer.id: f'{writer.input}\n\nOutcome of the round before:\n${{loop.last ?? "none yet"}}'
    }
    ids = {step.id for step in members}
    if judge.id != writer.id and not _reads(judge, ids - {judge.id}):
        label = escape(shown(writer.name or writer.id, 60))
        inputs[judge.id] = f"{judge.input}\n\n{label}:\n${{steps.{writer.id}.output}}"
        warnings.append(f"The step {judge.id!r} now reads the output of {writer.id!r} too.")
    operations += [UpdateStep(name, {"input": text}) for name, text in inputs.items()]
    answered = "answer" in raw["output_schema"]["properties"] and judge.output_schema is None
    outputs = {name: f"steps.{name}.output" for name in ids}
    outputs |= {judge.id: f"steps.{judge.id}.output.answer"} if answered else {}
    times = wish.times or DEFAULT_ITERATIONS["until"]
    fields = {
        "loop_mode": "until", "exit_condition": exit_condition, "max_iterations": times,
        "output": {step.id: f"${{{outputs[step.id]}}}" for step in members},
    }  # fmt: skip
    if not wish.times:
        warnings.append(f"The loop {loop!r} ends after {times} rounds in any case.")
    moved = {f"steps.{name}.output": f"steps.{loop}.output.{name}" for name in ids}
    outside = reread(ground.definition, moved, but=ids)
    return Granted(
        [*operations, Repeat(loop, tuple(s.id for s in members), fields), *outside], warnings
    )


def _exit(wish: Until, judge: dict[str, Any]) -> str:
    """The condition on a field that the judge is asked for, or has already."""
    asked = f"Decide: {wish.phrase}"[:300].replace("${", "$ {")
    compared = comparison(wish.phrase)
    if compared is None:
        field = answer_field(judge, "is_met", {"type": "boolean", "description": asked})
        return f"{field} == {'false' if wish.is_negated else 'true'}"
    operator, number = compared
    operator = _INVERSE[operator] if wish.is_negated else operator
    known = _numbers(judge)
    if len(known) == 1:
        return f"${{steps.{judge['id']}.output.{known[0]}}} {operator} {number}"
    field = answer_field(judge, "score", {"type": "number", "description": asked})
    return f"{field} {operator} {number}"


def _numbers(judge: dict[str, Any]) -> list[str]:
    properties = (judge.get("output_schema") or {}).get("properties") or {}
    return [
        name
        for name, described in properties.items()
        if isinstance(described, dict) and described.get("type") in ("number", "integer")
    ]


def _reads(step: Step, ids: set[str]) -> bool:
    text = to_json(step)
    moved = {f"steps.{name}.output": "" for name in ids}
    return bool(with_moved(text, moved) != text)


def _listing(phrase: str, ground: Ground) -> str:
    index = build_index(ground.catalogue)
    resolver = Resolver(catalogue=ground.catalogue, index=index)
    servers = index.servers_named(phrase)
    found = resolver.listed(phrase) or resolver.reading(phrase, servers=servers, many=True)
    if len(found) != 1 or not isinstance(found[0], ToolUse):
        raise NotUnderstood(f"no tool of yours lists {phrase[:100]!r}.")
    tool = found[0].tool_id
    if any(isinstance(step, ToolStep) and step.tool == tool for step in ground.steps.all):
        raise NotUnderstood(f"a step of the workflow lists that already, with {tool!r}.")
    return tool


def _require_plain(ground: Ground) -> None:
    """An input inside another loop, or a part of it, has no plain item in its place."""
    for _, step in walk(ground.definition.steps):
        if isinstance(step, LoopStep) and reread(
            ground.definition.model_copy(update={"steps": step.steps}), {"user_input": "loop.item"}
        ):
            raise NotUnderstood(f"{step.id!r} is a loop itself and reads the run's input.")
        if with_moved(to_json(step), {"input": ""}) != to_json(step):
            raise NotUnderstood(f"{step.id!r} reads single fields of the run's input.")
