"""Puts a person before what can't be undone: an approval before each tool that is marked destructive."""

import re
from collections.abc import Sequence
from dataclasses import replace

from generation.plan import Approval, Case, Choice, Loop, Node, Parallel, Plan, ToolUse
from generation.planning.language.languages import language_of
from workflows.definition.catalogue import Catalogue

MESSAGES = {
    "": "May the tool {tool} do this? {task}",
    "de": "Darf das Werkzeug {tool} das tun? {task}",
    "es": "¿Puede la herramienta {tool} hacer esto? {task}",
    "fr": "L'outil {tool} peut-il faire ceci ? {task}",
}
# Words by which somebody takes the responsibility. Being negated ('not without asking') they say the opposite.
_UNASKED = re.compile(
    r"(?<!not )(?<!never )(?<!nicht )(?<!nie )(?<!no )(?<!pas )\b(?:without (?:asking|confirm\w+|(?:an? |any |my |further )?"
    r"(?:approval|confirmation|review|question\w*))|automatically|unattended|no (?:approval|confirmation) (?:is )?needed|"
    r"don'?t ask|do not ask|ohne (?:\w+ )?(?:rückfrage\w*|nachfrage\w*|freigabe|bestätigung|zu fragen|nachzufragen)|"
    r"automatisch|sin (?:preguntar|confirmaci[oó]n|aprobaci[oó]n)|autom[aá]ticamente|"
    r"sans (?:demander|confirmation|approbation|poser de questions?)|automatiquement)\b",
    re.IGNORECASE,
)


def with_approvals(plan: Plan, catalogue: Catalogue, prompt: str) -> Plan:
    """`plan` with an approval before each destructive tool, or a warning where the request asks for none."""
    guard = _Guard(catalogue, language_of(prompt), is_asked=not _UNASKED.search(prompt))
    nodes = guard.sequence(plan.nodes)
    return replace(plan, nodes=nodes, warnings=(*plan.warnings, *dict.fromkeys(guard.warnings)))


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
