"""Another agent or tool for the work of a step."""

from typing import Any

from generation.expanding.naming import shown
from generation.plan import AgentUse, ToolUse
from generation.planning.arguments import fill
from generation.planning.data import Source
from generation.planning.language.verbs import starts_with_verb
from generation.planning.matching.entries import tool_kinds
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.inserting import (
    CHANGES,
    NotInsertable,
    exactly_named,
    nodes_for,
    sources_at,
)
from generation.refining.instructions.wishes import Replace
from generation.refining.operations import Operation, Place, UpdateStep
from generation.refining.step_index import used_by
from workflows.definition.steps import AgentStep, Step, ToolStep, to_json, walk


def replaced(wish: Replace, ground: Ground) -> Granted:
    """An agent or tool in every step that uses it; else the work of the one step that is meant."""
    old = exactly_named(wish.old, ground.catalogue)
    users = [s for _, s in walk(ground.definition.steps) if old is not None and used_by(s) == old]
    steps = users or [ground.steps.find(wish.old)]
    operations: list[Operation] = []
    warnings: list[str] = []
    for step in steps:
        new, words = _meant(wish.new, step, ground)
        if new == used_by(step):
            raise NotUnderstood(f"{step.id!r} uses {new!r} already.")
        if words and _changes(step, ground) != _is_changing(new, ground):
            raise NotUnderstood(f"{new!r} does not do the kind of work that {step.id!r} does.")
        operation, told = _with_other(step, new, words, ground)
        operations.append(operation)
        warnings += told
    return Granted(operations, warnings)


def _changes(step: Step, ground: Ground) -> bool:
    return _is_changing(used_by(step), ground)


def _is_changing(used: str, ground: Ground) -> bool:
    """Whether others see what it does."""
    entry = ground.catalogue.tools.get(used)
    return entry is not None and bool(tool_kinds(entry) & CHANGES)


def _meant(text: str, step: Step, ground: Ground) -> tuple[str, str]:
    """The agent or tool that `text` names or asks for, and the words of the new work ('' for a mere name)."""
    named = exactly_named(text, ground.catalogue)
    if named is not None:
        return named, ""
    is_act = starts_with_verb(text, is_first=True)
    act = text if is_act or not isinstance(step, ToolStep) else f"send it to {text}"
    try:
        nodes = nodes_for(act, Place("before", step.id), ground.definition, ground.catalogue)
    except NotInsertable as error:
        message = f"no agent or tool of yours is called {text[:100]!r} or does that."
        raise NotUnderstood(message) from error
    if len(nodes) == 1 and isinstance(nodes[0], AgentUse):
        return nodes[0].agent_id, act
    if len(nodes) == 1 and isinstance(nodes[0], ToolUse):
        return nodes[0].tool_id, act
    raise NotUnderstood(f"{text[:100]!r} is more than one step: add them, and remove {step.id!r}.")


def _with_other(step: Step, new: str, words: str, ground: Ground) -> tuple[Operation, list[str]]:
    is_agent = new in ground.catalogue.agents
    if isinstance(step, AgentStep) and is_agent:
        return UpdateStep(step.id, {"agent_id": new, "agent": None}), []
    if not isinstance(step, AgentStep | ToolStep):
        raise NotUnderstood(f"{step.id!r} uses no agent and no tool.")
    fields: dict[str, Any] = {"type": "agent" if is_agent else "tool"}
    fields |= {"name": shown(words[:1].upper() + words[1:], 200)} if words else {}
    sources = sources_at(Place("before", step.id), ground.definition, ground.catalogue)
    if is_agent:
        return UpdateStep(step.id, fields | {"agent_id": new, "input": sources[-1].template}), []
    entry = ground.catalogue.tools[new]
    old = to_json(step).get("arguments", {})
    filled = fill(
        entry.input_schema, words or step.name or entry.description, [*sources, *_handed_on(old)]
    )
    properties = entry.input_schema.get("properties")
    names = set(properties) if isinstance(properties, dict) else set()
    kept = {name: value for name, value in old.items() if name in names or not names}
    certain = {n: v for n, v in filled.arguments.items() if isinstance(v, str) and v in words}
    lost = sorted(set(old) - set(kept) - _content_of(old))
    warnings = [
        f"Check the argument {name!r} of {step.id!r}." for name in filled.unsure if name not in kept
    ]
    warnings += [f"{new!r} has no argument {name!r}: it is gone from {step.id!r}." for name in lost]
    fields |= {"tool": new, "arguments": filled.arguments | kept | certain}
    return UpdateStep(step.id, fields), warnings


def _content_of(arguments: dict[str, Any]) -> set[str]:
    """The names of arguments that are nothing but data of other steps."""
    return {
        n
        for n, v in arguments.items()
        if isinstance(v, str) and v.startswith("${") and v.endswith("}")
    }


def _handed_on(arguments: dict[str, Any]) -> list[Source]:
    """What the old tool got, which the new one gets too."""
    return [Source(arguments[name]) for name in sorted(_content_of(arguments))[:1]]
