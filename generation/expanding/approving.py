"""Puts a person before what can't be undone: an approval before each tool that is marked destructive."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from generation.plan import Approval, Case, Choice, Loop, Node, Parallel, Plan, ToolUse
from generation.planning.language.languages import language_of
from workflows.definition.catalogue import Catalogue
from workflows.definition.edge_slots import slots
from workflows.definition.problems import Problem
from workflows.definition.steps import (
    AgentStep,
    ApprovalStep,
    Branch,
    Definition,
    LoopStep,
    ParallelStep,
    Step,
    ToolStep,
    to_json,
    walk,
)

MESSAGES = {
    "": "May the tool {tool} do this? {task}",
    "de": "Darf das Werkzeug {tool} das tun? {task}",
    "es": "¿Puede la herramienta {tool} hacer esto? {task}",
    "fr": "L'outil {tool} peut-il faire ceci ? {task}",
}
# Words by which somebody takes the responsibility. Being negated ('not without asking') they say the opposite.
UNASKED = re.compile(
    r"(?<!not )(?<!never )(?<!nicht )(?<!nie )(?<!no )(?<!pas )\b(?:without (?:asking|confirm\w+|(?:an? |any |my |further )?"
    r"(?:approval|confirmation|review|question\w*))|automatically|unattended|no (?:approval|confirmation) (?:is )?needed|"
    r"don'?t ask|do not ask|ohne (?:\w+ )?(?:rückfrage\w*|nachfrage\w*|freigabe|bestätigung|zu fragen|nachzufragen)|"
    r"automatisch|sin (?:preguntar|confirmaci[oó]n|aprobaci[oó]n)|autom[aá]ticamente|"
    r"sans (?:demander|confirmation|approbation|poser de questions?)|automatiquement)\b",
    re.IGNORECASE,
)


def with_approvals(plan: Plan, catalogue: Catalogue, prompt: str) -> Plan:
    """`plan` with an approval before each destructive tool, or a warning where the request asks for none."""
    guard = _Guard(catalogue, language_of(prompt), is_asked=not UNASKED.search(prompt))
    nodes, on_failure = guard.sequence(plan.nodes), guard.sequence(plan.on_failure)
    warnings = (*plan.warnings, *dict.fromkeys(guard.warnings))
    return replace(plan, nodes=nodes, on_failure=on_failure, warnings=warnings)


class _Guard:
    """Walks a plan; `warnings` names what runs unasked."""

    def __init__(self, catalogue: Catalogue, language: str, *, is_asked: bool) -> None:
        self.catalogue = catalogue
        self.language = language
        self.is_asked = is_asked
        self.warnings: list[str] = []

    def sequence(self, nodes: Sequence[Node]) -> tuple[Node, ...]:
        """The nodes of one list, each destructive one behind its approval."""
        found: list[Node] = []
        for node in nodes:
            is_approved = bool(found) and isinstance(found[-1], Approval)
            if isinstance(node, ToolUse) and self._is_destructive(node) and not is_approved:
                found += self._approval(node)
            found.append(self._inside(node))
        return tuple(found)

    def _inside(self, node: Node) -> Node:
        match node:
            case Parallel():
                return Parallel(tuple(self.sequence(branch) for branch in node.branches))
            case Choice():
                cases = tuple(Case(case.condition, self.sequence(case.body)) for case in node.cases)
                return Choice(cases, self.sequence(node.otherwise))
            case Loop():
                return replace(node, body=self.sequence(node.body))
        return node

    def _is_destructive(self, node: ToolUse) -> bool:
        entry = self.catalogue.tools.get(node.tool_id)
        return entry is not None and entry.destructive

    def _approval(self, node: ToolUse) -> list[Node]:
        if self.is_asked:
            message = MESSAGES.get(self.language, MESSAGES[""])
            return [Approval(message.format(tool=node.tool_id, task=node.task).strip(), node.task)]
        self.warnings.append(
            f"The tool {node.tool_id!r} can't be undone and runs without an approval, as the request asks."
        )
        return []


def unguarded(definition: Definition, catalogue: Catalogue, prompt: str) -> Iterator[Problem]:
    """An error for each step that could do, without an approval just before it, what can't be undone.

    None where the request takes the responsibility. An agent that is handed a destructive tool is such a step too.
    """
    if UNASKED.search(prompt):
        return
    dangerous = {tool.id for tool in catalogue.tools.values() if tool.destructive}
    asked = {id(step) for owner in lists_of(definition) for step in _asked_for(owner)}
    for pointer, step in walk(definition.steps):
        handed = _handed(step) & dangerous
        is_asked = isinstance(step, ToolStep) and id(step) in asked
        if handed and not is_asked:
            message = f"The tool {min(handed)!r} can't be undone: a step of type approval must lead to it."
            yield Problem("unapproved", "error", pointer, message)


def lists_of(definition: Definition) -> Iterator[Definition | LoopStep | Branch]:
    """Everything that holds a list of steps."""
    yield definition
    for _, step in walk(definition.steps):
        if isinstance(step, LoopStep):
            yield step
        elif isinstance(step, ParallelStep):
            yield from step.branches


def _asked_for(owner: Definition | LoopStep | Branch) -> Iterator[Step]:
    """The steps of a list to which nothing leads but the consent of an approval."""
    ways = {(owner.entry_step, False)}
    for step in owner.steps:
        is_approval = isinstance(step, ApprovalStep)
        ways |= {(way.target, is_approval and way.key == "next") for way in slots(to_json(step))}
    for step in owner.steps:
        if (step.id, False) not in ways:
            yield step


def _handed(step: Step) -> set[str]:
    if isinstance(step, ToolStep):
        return {step.tool or ""}
    if isinstance(step, AgentStep):
        return {*(step.tools or ()), *(step.agent.tools if step.agent else ())}
    return set()
