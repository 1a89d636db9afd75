"""New steps from words, put into a workflow: found with the planner's parts, fed with what ran before them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from generation.expanding.expansion import Expansion
from generation.expanding.naming import shown
from generation.expanding.scope import Scope
from generation.plan import (
    AgentUse,
    Approval,
    Choice,
    NewAgent,
    NewTool,
    Node,
    ToolUse,
    Wait,
    leaves,
)
from generation.planning.data import Source
from generation.planning.language.verbs import actions
from generation.planning.language.words import STOP, plain_verbs, stem, tokens
from generation.planning.matching.entries import tool_kinds
from generation.planning.matching.index import build_index
from generation.planning.matching.resolving import Resolver
from generation.planning.reading.holding import hold
from generation.planning.reading.tree import Act
from generation.refining.operations import (
    AddStep,
    Operation,
    Place,
    SuggestAgent,
    UpdateStep,
)
from workflows.definition.catalogue import Catalogue
from workflows.definition.graph import StepList, edges, step_lists
from workflows.definition.steps import (
    AgentStep,
    Definition,
    LoopStep,
    ParallelStep,
    Step,
    ToolStep,
    WorkflowStep,
    to_json,
)

_NOUN = re.compile(
    r"^(?:an?|the|one|another|new|(?:step|task|stage)\s+(?:that|which|to))\s+|\s+(?:step|task|stage)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w")
# Whom nothing here can ask.
_ASKS = re.compile(r"ask (?!for )[\w.@+-]+", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:it|them|that|this)\b", re.IGNORECASE)
# What tools of these kinds do is seen by others; they give a receipt, nothing to read on.
CHANGES = frozenset({"send", "create", "update", "delete"})
# What such an agent makes takes the place of what it was made from.
_TRANSFORMS = frozenset({"compose", "make"})
WORKS = _TRANSFORMS | {"analyse"}


class NotInsertable(Exception):
    """Words that give no step here; the message says why."""


@dataclass(frozen=True)
class Inserted:
    """The operations that put new steps in, the id of the last of them, and what a person should look at."""

    operations: tuple[Operation, ...]
    last: str
    warnings: tuple[str, ...]


def insert(what: str, place: Place, definition: Definition, catalogue: Catalogue) -> Inserted:
    """Steps for the words `what` at `place`; raises `NotInsertable`."""
    nodes = nodes_for(what, place, definition, catalogue)
    expansion = Expansion(catalogue, taken=set(_ids(definition)))
    steps = expansion.steps(nodes, Scope(_readable(what, place, definition, catalogue)))
    operations: list[Operation] = [
        SuggestAgent(leaf.id, leaf.name, leaf.description, leaf.instructions)
        for leaf in leaves(tuple(nodes))
        if isinstance(leaf, NewAgent)
    ]
    where = place
    for step in steps:
        fields = {key: step[key] for key in step if key not in ("id", "type", "next")}
        operations.append(AddStep(step["id"], step["type"], fields, where))
        where = Place("after", step["id"])
    fed, notes = _fed(what, steps, place, definition)
    return Inserted((*operations, *fed), steps[-1]["id"], (*expansion.warnings, *notes))


def _readable(
    what: str, place: Place, definition: Definition, catalogue: Catalogue
) -> list[Source]:
    """What ran before, the newest last; but last what `what` names, or what the following step reads if it is made into
    something else or looked at ('translate it before it is sent')."""
    sources = sources_at(place, definition, catalogue)
    following = _following(definition, place)
    is_about_it = hold(what) is not None or actions(what) & _TRANSFORMS
    if following is not None and place.kind == "before" and is_about_it:
        text = str(_texts(following))
        read = [source for source in sources if source.template in text]
        return read or _read_inside(following, upstream(definition, place)) or sources
    before = upstream(definition, place)[-1:]
    if (
        _PRONOUN.search(what)
        and before
        and _key(before[0])
        and _source(before[0], catalogue) is None
    ):
        # 'send it to Slack too': what was sent before.
        text = str(_texts(before[0]))
        read = [source for source in sources[1:] if source.template in text]
        return [sources[0], *read] if read else sources
    return _with_named_last(what, sources)


def _read_inside(following: Step, ran: Sequence[Step]) -> list[Source]:
    """Outputs of branches, or parts of outputs, that the following step reads."""
    names = {step.id: step for step in ran}
    found = re.findall(r"\$\{steps\.([\w-]+)\.[\w.-]+\}", str(_texts(following)))
    templates = re.findall(r"\$\{steps\.[\w-]+\.[\w.-]+\}", str(_texts(following)))
    return [
        Source(template, shown(names[name].name or name, 60))
        for name, template in dict(zip(found, templates, strict=True)).items()
        if name in names
    ]


def _with_named_last(what: str, sources: list[Source]) -> list[Source]:
    """'post the reply': what shares a word with the label of one source reads that, and not what came later."""
    said = {stem(word) for word in tokens(what) if word not in STOP and word not in plain_verbs()}
    named = [s for s in sources[1:] if said & {stem(word) for word in tokens(s.label)}]
    if len(named) != 1:
        return sources
    return [*(source for source in sources if source is not named[0]), named[0]]


def nodes_for(
    what: str, place: Place, definition: Definition, catalogue: Catalogue
) -> Sequence[Node]:
    """What the words `what` use at `place`; raises `NotInsertable` where that is nothing, or not certain."""
    text = _bare(what)
    held = hold(text) or hold(what)
    if isinstance(held, Approval):
        return [_asked(held, place, definition)]
    if isinstance(held, Wait):
        return [held]
    named = _named(text, catalogue)
    if named is not None:
        return [named]
    resolver = Resolver(catalogue=catalogue, index=build_index(catalogue))
    resolver.memory.used += [
        key for step in upstream(definition, place) if (key := _key(step)) is not None
    ]
    nodes = resolver.resolve(Act(f"{text} by e-mail" if _ADDRESS.search(text) else text))
    missing = [leaf for leaf in leaves(tuple(nodes)) if isinstance(leaf, NewTool)]
    if missing:
        raise NotInsertable(
            f"Nothing that is configured can do this: {what!r} needs {missing[0].server_name}. Register it first."
        )
    is_odd = "send" in actions(text) and any(isinstance(node, AgentUse) for node in nodes[-1:])
    is_odd = is_odd or _ASKS.match(text) is not None
    if not nodes or is_odd or any(isinstance(node, Choice) for node in nodes):
        raise NotInsertable(
            f"No agent or tool of yours is meant by {what[:120]!r}. Name one, or say what it is to do."
        )
    return nodes


def _bare(what: str) -> str:
    text = what.strip().strip("'\"`")
    while (shorter := _NOUN.sub("", text).strip()) not in (text, ""):
        text = shorter
    return text


def _named(text: str, catalogue: Catalogue) -> Node | None:
    found = exactly_named(text, catalogue)
    if found is None:
        return None
    agent = catalogue.agents.get(found)
    if agent is not None:
        return AgentUse(found, agent.description)
    return ToolUse(found, catalogue.tools[found].description)


def exactly_named(text: str, catalogue: Catalogue) -> str | None:
    """The id of the one agent or tool that is called so (with or without its server); null for none or several."""
    plain = re.sub(r"\b(?:the|agent|tool)\b", " ", text, flags=re.IGNORECASE)
    wanted = {_flat(text), _flat(plain)}
    found = [a.id for a in catalogue.agents.values() if wanted & {_flat(a.id), _flat(a.name)}]
    found += [
        tool.id
        for tool in catalogue.tools.values()
        if wanted & {_flat(tool.id), _flat(tool.id.partition(":")[2])}
    ]
    return found[0] if len(found) == 1 else None


def _flat(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().lower()


def _asked(held: Approval, place: Place, definition: Definition) -> Approval:
    """The message says what is decided on."""
    steps = {step.id: step for one in step_lists(definition) for step in one.steps}
    step = steps.get(place.of)
    if place.kind != "before" or step is None:
        return held
    return replace(held, message=f"May the step {step.name or step.id} run?", task="Approval")


def _ids(definition: Definition) -> list[str]:
    return [step.id for one in step_lists(definition) for step in one.steps]


def upstream(definition: Definition, place: Place) -> list[Step]:
    """The steps that surely ran before `place`, in order: back along ways that are the only one, then outwards."""
    lists = step_lists(definition)
    here, step_id = _spot(lists, place)
    found: list[Step] = []
    while here is not None:
        found = [*_chain(here, step_id), *found]
        step_id = here.container.id if here.container else ""
        parent = here.parent
        if isinstance(here.owner, LoopStep) and here.owner.loop_mode == "foreach":
            return [here.owner, *found]
        here = lists[parent] if parent is not None else None
        if here is not None:
            found = [*_chain(here, _before(here, step_id)), *found]
            break
    return found


def _spot(lists: Sequence[StepList], place: Place) -> tuple[StepList | None, str]:
    """The list of the place, and the step that runs just before it ('' for none)."""
    for one in lists:
        name = one.container.id if one.container else ""
        if (
            hasattr(one.owner, "output")
            and one.container is not None
            and one.owner is not one.container
        ):
            name = f"{name}/{one.owner.id}"
        if place.kind == "end" and name == place.of:
            return one, one.steps[-1].id if one.steps else ""
        if place.kind != "end" and place.of in one.index:
            return one, place.of if place.kind == "after" else _before(one, place.of)
    return None, ""


def _before(steps: StepList, step_id: str) -> str:
    sources = {s.id for s in steps.steps for edge in edges(s) if edge.target == step_id}
    return sources.pop() if len(sources) == 1 and steps.owner.entry_step != step_id else ""


def _chain(steps: StepList, last: str) -> list[Step]:
    found: list[Step] = []
    while last and last not in {step.id for step in found}:
        found.insert(0, steps.steps[steps.index[last]])
        last = _before(steps, last)
    return found


def sources_at(place: Place, definition: Definition, catalogue: Catalogue) -> list[Source]:
    """What the new step may read, the newest last."""
    sources = [Source("${user_input}", "Request")]
    for step in upstream(definition, place):
        if isinstance(step, LoopStep) and _holds(step, place):
            sources = [Source("${loop.item}", "Item")]
        elif (source := _source(step, catalogue)) is not None:
            sources.append(source)
    return sources


def _holds(loop: LoopStep, place: Place) -> bool:
    return (place.of == loop.id and place.kind == "end") or any(
        s.id == place.of for s in loop.steps
    )


def _source(step: Step, catalogue: Catalogue) -> Source | None:
    template, label = f"${{steps.{step.id}.output}}", shown(step.name or step.id, 60)
    match step:
        case AgentStep():
            return Source(template, label, dict(step.output_schema) if step.output_schema else None)
        case ToolStep():
            entry = catalogue.tools.get(step.tool or "")
            if entry is not None and not entry.read_only and tool_kinds(entry) & CHANGES:
                return None
            schema = dict(entry.output_schema) if entry and entry.output_schema else None
            return Source(template, label, schema)
        case ParallelStep() | LoopStep():
            return Source(template, "Results", {"type": "array"}, is_list=True)
        case WorkflowStep():
            return Source(template, label)
    return None


def _key(step: Step) -> str | None:
    if isinstance(step, AgentStep) and step.agent_id:
        return f"agent:{step.agent_id}"
    return f"tool:{step.tool}" if isinstance(step, ToolStep) and step.tool else None


def _fed(
    what: str, steps: Sequence[dict[str, Any]], place: Place, definition: Definition
) -> tuple[list[Operation], list[str]]:
    """The step that follows reads what a new agent made of it ('translate it before it is sent')."""
    new = steps[-1]
    following = _following(definition, place)
    if new["type"] != "agent" or following is None:
        return [], []
    read = re.findall(r"\$\{(steps\.[\w.-]+)\}", str(new.get("input", "")))
    fields = _texts(following)
    old, right = f"${{{read[-1]}}}" if read else "${user_input}", f"${{steps.{new['id']}.output}}"
    if not actions(what) & _TRANSFORMS or old not in str(fields):
        return [], [f"No other step reads the output of {new['id']!r} yet."]
    changed = {name: _with(value, old, right) for name, value in fields.items()}
    changed = {name: value for name, value in changed.items() if value != fields[name]}
    note = f"The step {following.id!r} now reads the output of {new['id']!r}."
    return [UpdateStep(following.id, changed)], [note]


def _texts(step: Step) -> dict[str, Any]:
    """What the step works on."""
    raw = to_json(step)
    return {name: raw[name] for name in ("input", "arguments", "content") if name in raw}


def _following(definition: Definition, place: Place) -> Step | None:
    for one in step_lists(definition):
        if place.kind == "before" and place.of in one.index:
            return one.steps[one.index[place.of]]
        if place.kind == "after" and place.of in one.index:
            target = getattr(one.steps[one.index[place.of]], "next", "")
            return one.steps[one.index[target]] if target in one.index else None
    return None


def _with(value: Any, old: str, new: str) -> Any:
    match value:
        case str():
            return value.replace(old, new)
        case list():
            return [_with(item, old, new) for item in value]
        case dict():
            return {key: _with(item, old, new) for key, item in value.items()}
    return value
