"""The templates nearest to a request, in the compact form of a plan: examples of how work is put together."""

from collections.abc import Mapping, Sequence
from typing import Any

from generation.planning.language.languages import to_english
from generation.planning.matching.index import build_index
from workflows.definition.catalogue import AgentEntry, Catalogue
from workflows.definition.edge_slots import slots
from workflows.definition.plain_json import compact as as_json
from workflows.definition.steps import (
    END,
    AgentStep,
    ApprovalStep,
    ConditionalStep,
    Definition,
    LoopStep,
    ParallelStep,
    Step,
    ToolStep,
    WaitStep,
    to_json,
)

EXAMPLES = 2
MAX_CHARACTERS = 4_000
# Stands for an agent or tool that the requester is not offered.
NOT_OFFERED = "…"


class _Tangled(ValueError):
    """Ways that a plan can't say: they go back, or meet in the middle of an arm."""


def nearest(
    request: str, templates: Sequence[Definition], aliases: Mapping[str, str]
) -> list[dict[str, Any]]:
    """At most two examples, the nearest first; the same request and templates give the same ones.

    `aliases` are the short ids under which agents and tools are offered.
    """
    by_id = {template.id: template for template in sorted(templates, key=lambda one: one.id)}
    entries = {i: AgentEntry(i, one.name, one.description) for i, one in by_id.items()}
    text = f"{request} {to_english(request)}"
    ranked = build_index(Catalogue(agents=entries)).rank(text, kinds=frozenset())
    short = {real: alias for alias, real in aliases.items()}
    found = (compact(by_id[match.entry.id], short) for match in ranked[: 4 * EXAMPLES])
    return [example for example in found if example is not None][:EXAMPLES]


def compact(definition: Definition, short: Mapping[str, str]) -> dict[str, Any] | None:
    """`definition` as a plan; null for one that a plan can't say, or that is long. `short` turns ids into aliases."""
    try:
        steps = _Compaction(short).nodes(definition.steps, definition.entry_step, None)
    except _Tangled:
        return None
    plan: dict[str, Any] = {
        "name": definition.name,
        "description": definition.description,
        "steps": steps,
    }
    return plan if len(as_json(plan)) <= MAX_CHARACTERS else None


class _Compaction:
    """Follows the ways of a definition and writes down nodes."""

    def __init__(self, short: Mapping[str, str]) -> None:
        self.short = short
        self.seen: set[str] = set()

    def nodes(self, steps: Sequence[Step], start: str | None, stop: str | None) -> list[Any]:
        """The nodes from the step `start` up to `stop` or the list's end."""
        by_id = {step.id: step for step in steps}
        found: list[Any] = []
        at = start
        while at in by_id and at != stop:
            if at in self.seen:
                raise _Tangled
            self.seen.add(at)
            step = by_id[at]
            if isinstance(step, ConditionalStep):
                meeting = _meeting(step, by_id)
                found.append(self._choice(step, steps, meeting))
                at = meeting
            else:
                found += self._node(step)
                at = getattr(step, "next", END)
        return found

    def _node(self, step: Step) -> list[Any]:
        task = step.name or step.id
        match step:
            case AgentStep():
                return [{"agent": self._offered(step.agent_id), "task": task}]
            case ToolStep():
                return [{"tool": self._offered(step.tool), "task": task, "arguments": []}]
            case ApprovalStep():
                return [{"approval": step.approval_message, "task": task}]
            case WaitStep():
                return [{"wait": task, "seconds": step.duration_seconds or 0}]
            case ParallelStep():
                branches = [
                    {"branch": one.id, "steps": self.nodes(one.steps, one.entry_step, None)}
                    for one in step.branches
                ]
                return [{"parallel": branches}]
            case LoopStep():
                inside = self.nodes(step.steps, step.entry_step, None)
                return [
                    {
                        "repeat": step.loop_mode, "over_or_until": task,
                        "times": step.max_iterations or 0, "steps": inside,
                    }
                ]  # fmt: skip
        return []

    def _choice(self, step: ConditionalStep, steps: Sequence[Step], meeting: str) -> dict[str, Any]:
        cases = [
            {"when": when, "steps": self.nodes(steps, target, meeting)}
            for when, target in _arms(step)
        ]
        otherwise = self.nodes(steps, step.default, meeting)
        return {"choose": step.name or step.id, "cases": cases, "otherwise": otherwise}

    def _offered(self, resource: str | None) -> str:
        return self.short.get(resource or "", NOT_OFFERED)


def _arms(step: ConditionalStep) -> list[tuple[str, str]]:
    if step.conditions is not None:
        return [(arm.when, arm.next) for arm in step.conditions]
    return list((step.conditional_branches or {}).items())


def _meeting(step: ConditionalStep, by_id: Mapping[str, Step]) -> str:
    """Where all arms come together again: the first step that each of them leads to, or the end."""
    targets = [*(target for _, target in _arms(step)), step.default or END]
    reached = [_reached(target, by_id) for target in targets]
    common = (at for at in reached[0] if all(at in others for others in reached))
    return next(common, END)


def _reached(start: str, by_id: Mapping[str, Step]) -> list[str]:
    """Every step that can follow, the nearest first."""
    found, waiting = list[str](), [start]
    while waiting:
        at = waiting.pop(0)
        if at in by_id and at not in found:
            found.append(at)
            waiting += [way.target or END for way in slots(to_json(by_id[at]))]
    return found
