"""The compact plan between a request and a definition: what the planner and the model both answer with."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal


@dataclass(frozen=True)
class AgentUse:
    """Give `task` to an agent of the catalogue."""

    agent_id: str
    task: str = ""


@dataclass(frozen=True)
class ToolUse:
    """Call a tool of the catalogue; `arguments` holds those that are certain."""

    tool_id: str
    task: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewAgent:
    """Give `task` to an agent that is to be created; without a role and a goal its name and description serve."""

    id: str
    name: str
    description: str
    instructions: str
    task: str = ""
    role: str = ""
    goal: str = ""


@dataclass(frozen=True)
class NewTool:
    """Call a tool of an MCP server that is not configured yet; `tool` is its presumable name."""

    server_id: str
    server_name: str
    description: str
    tool: str
    task: str = ""


@dataclass(frozen=True)
class Approval:
    """Wait until a person has agreed; `message` is what they read, `task` the words of the request."""

    message: str
    task: str = ""


@dataclass(frozen=True)
class Wait:
    """Wait for so many seconds."""

    seconds: int
    task: str = ""


@dataclass(frozen=True)
class Parallel:
    """Lists of nodes that run at the same time."""

    branches: tuple[tuple["Node", ...], ...]


@dataclass(frozen=True)
class Case:
    """One way out of a choice: when `condition` (in words) holds, do `body`."""

    condition: str
    body: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """Cases in order, and what happens otherwise (nothing: go on)."""

    cases: tuple[Case, ...]
    otherwise: tuple["Node", ...] = ()


@dataclass(frozen=True)
class Loop:
    """Repeats `body`: over what `phrase` names, until what it says holds, or `times` times (0: not said)."""

    mode: Literal["foreach", "until", "count"]
    phrase: str
    body: tuple["Node", ...]
    times: int = 0


Node = AgentUse | ToolUse | NewAgent | NewTool | Approval | Wait | Parallel | Choice | Loop
Leaf = AgentUse | ToolUse | NewAgent | NewTool


@dataclass(frozen=True)
class Plan:
    """A whole answer: the nodes in order, what it is called, and what could not be placed.

    `on_failure` is what is done when one of the nodes fails; the run has failed all the same.
    """

    nodes: tuple[Node, ...]
    name: str = ""
    description: str = ""
    warnings: tuple[str, ...] = ()
    on_failure: tuple[Node, ...] = ()

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """Those for a failure too."""
        return (*self.nodes, *self.on_failure)


def leaves(nodes: tuple[Node, ...]) -> Iterator[Leaf]:
    """Every use in reading order."""
    for node in nodes:
        match node:
            case Parallel():
                for branch in node.branches:
                    yield from leaves(branch)
            case Choice():
                for case in node.cases:
                    yield from leaves(case.body)
                yield from leaves(node.otherwise)
            case Loop():
                yield from leaves(node.body)
            case Approval() | Wait():
                pass
            case _:
                yield node


def key(leaf: Leaf) -> str:
    """What a use refers to, the same for every use of the same thing."""
    match leaf:
        case AgentUse():
            return f"agent:{leaf.agent_id}"
        case ToolUse():
            return f"tool:{leaf.tool_id}"
        case NewAgent():
            return f"agent:{leaf.id}"
        case NewTool():
            return f"tool:{leaf.server_id}:{leaf.tool}"


def without(plan: Plan, kind: type[NewAgent] | type[NewTool], reason: str) -> Plan:
    """`plan` without suggestions of `kind`, each told in a warning that starts with `reason`."""
    dropped = [leaf for leaf in leaves(plan.all_nodes) if isinstance(leaf, kind)]
    told = tuple(f"{reason}: {leaf.task[:120]!r}." for leaf in dropped)
    return replace(
        plan,
        nodes=_without(plan.nodes, kind),
        on_failure=_without(plan.on_failure, kind),
        warnings=plan.warnings + told,
    )


def _without(nodes: tuple[Node, ...], kind: type[NewAgent] | type[NewTool]) -> tuple[Node, ...]:
    kept: list[Node] = []
    for node in nodes:
        match node:
            case Parallel():
                kept.append(Parallel(tuple(_without(branch, kind) for branch in node.branches)))
            case Choice():
                cases = tuple(Case(c.condition, _without(c.body, kind)) for c in node.cases)
                kept.append(Choice(cases, _without(node.otherwise, kind)))
            case Loop():
                kept.append(replace(node, body=_without(node.body, kind)))
            case _ if not isinstance(node, kind):
                kept.append(node)
    return tuple(kept)
