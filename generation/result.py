"""The answer of a generation: the definition with its lists, all computed from the steps and never taken on trust."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from generation.expanding.approving import with_approvals
from generation.expanding.expansion import definition_of
from generation.expanding.naming import shown
from generation.known_servers import setup_of
from generation.plan import (
    AgentUse,
    Approval,
    Choice,
    Loop,
    NewAgent,
    NewTool,
    Parallel,
    Plan,
    ToolUse,
    Wait,
    leaves,
)
from generation.planning.arguments import escaped
from generation.planning.matching.suggesting import identifier
from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.steps import AgentStep, Definition, ToolStep, walk
from workflows.definition.validate import report

# Routes of the API that no workflow may be called like.
RESERVED_IDS = frozenset(
    {"new", "templates", "executions", "resources", "generate", "validate", "import", "end"}
)


@dataclass(frozen=True)
class Drafted:
    """A checked draft: the contract's `result`, and the problems that remain (none of severity error)."""

    result: dict[str, Any]
    problems: tuple[Problem, ...]


class NotExpandable(ValueError):
    """A plan that gives no valid definition; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems[:5]))
        self.problems = problems


def drafted(
    plan: Plan, catalogue: Catalogue, *, prompt: str, context: Mapping[str, Any] | None = None
) -> Drafted:
    """The result for `plan`, with `context` as the workflow's; raises `NotExpandable` for an invalid definition."""
    plan = with_approvals(_named(plan, prompt), catalogue, prompt)
    raw, warnings = definition_of(plan, catalogue, workflow_id=workflow_id(plan.name))
    if context:
        raw["context"] = escaped(dict(context))
    try:
        definition = normalise(raw)
    except DefinitionError as error:
        raise NotExpandable(error.problems) from error
    found = report(definition.to_json(), with_suggestions(catalogue, plan))
    errors = [problem for problem in found.problems if problem.severity == "error"]
    if errors:
        raise NotExpandable(errors)
    result = _contract(plan, definition, catalogue)
    result["warnings"] = list(dict.fromkeys([*plan.warnings, *warnings]))
    return Drafted(result, tuple(found.problems))


def workflow_id(name: str) -> str:
    """An id for a workflow of this name; unique ids are the service's business."""
    base = identifier(name, fallback="workflow")
    return f"{base}-workflow" if base in RESERVED_IDS else base


def with_suggestions(catalogue: Catalogue, plan: Plan) -> Catalogue:
    """`catalogue` as it will be when every suggestion of `plan` has been followed."""
    agents, tools, servers = dict(catalogue.agents), dict(catalogue.tools), dict(catalogue.servers)
    for leaf in leaves(plan.nodes):
        match leaf:
            case NewAgent():
                agents[leaf.id] = AgentEntry(leaf.id, leaf.name, leaf.description)
            case NewTool():
                tool_id = f"{leaf.server_id}:{leaf.tool}"
                tools[tool_id] = ToolEntry(tool_id, leaf.tool, server_id=leaf.server_id)
                servers[leaf.server_id] = ServerEntry(leaf.server_id, leaf.server_name)
    return replace(catalogue, agents=agents, tools=tools, servers=servers)


def _named(plan: Plan, prompt: str) -> Plan:
    return replace(
        plan,
        name=shown(plan.name or prompt_title(prompt), 200) or "Workflow",
        description=shown(plan.description or prompt, 1_000),
    )


def prompt_title(prompt: str) -> str:
    """The first words of the request, up to about 60 characters."""
    words, title = prompt.split(), ""
    for word in words:
        if len(title) + len(word) > 58:
            break
        title = f"{title} {word}".strip()
    return (title or prompt[:58]).rstrip(",;:.")


def _contract(plan: Plan, definition: Definition, catalogue: Catalogue) -> dict[str, Any]:
    steps = [step for _, step in walk(definition.steps)]
    agents = {s.agent_id for s in steps if isinstance(s, AgentStep) and s.agent_id}
    tools = {s.tool for s in steps if isinstance(s, ToolStep) and s.tool}
    new_agents = {leaf.id: leaf for leaf in leaves(plan.nodes) if isinstance(leaf, NewAgent)}
    servers = {tool.partition(":")[0] for tool in tools}
    blocked = [
        s.id for s in steps if isinstance(s, ToolStep) and s.tool and s.tool not in catalogue.tools
    ]
    suggested = _suggested_servers(plan)
    return {
        "workflow": definition.to_json(),
        "agents_to_create": [_agent_to_create(a) for a in new_agents.values() if a.id in agents],
        "existing_agents_used": sorted(agents & set(catalogue.agents)),
        "mcps_suggested": suggested,
        "existing_mcps_used": sorted(servers & set(catalogue.servers)),
        "explanation": explanation(plan, catalogue),
        "warnings": [],
        "estimated_complexity": _complexity(plan, len(steps)),
        "ready_steps": [step.id for step in steps if step.id not in blocked],
        "blocked_steps": blocked,
        "can_execute": bool(steps) and not blocked,
    }


def _agent_to_create(agent: NewAgent) -> dict[str, Any]:
    return {
        "id": agent.id, "name": agent.name, "description": agent.description, "agent_type": "chat",
        "role": agent.name, "goal": agent.description, "instructions": agent.instructions, "tools": [],
    }  # fmt: skip


def _suggested_servers(plan: Plan) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for leaf in leaves(plan.nodes):
        if isinstance(leaf, NewTool):
            entry = found.setdefault(
                leaf.server_id,
                {
                    "id": leaf.server_id, "name": leaf.server_name, "description": leaf.description,
                    "reason": f"Nothing that is configured can do this: {leaf.task[:200]}", "tools": [],
                    **setup_of(leaf.server_id, leaf.server_name, leaf.description),
                },
            )  # fmt: skip
            if leaf.tool not in entry["tools"]:
                entry["tools"].append(leaf.tool)
    return list(found.values())


def explanation(plan: Plan, catalogue: Catalogue) -> str:
    """What the workflow does, in sentences that name what it uses."""
    if not plan.nodes:
        return (
            "No part of the request could be matched to an agent or a tool; the workflow is empty."
        )
    return " ".join(
        f"{number}. {_sentence(node, catalogue)}" for number, node in enumerate(plan.nodes, start=1)
    )


def _sentence(node: Any, catalogue: Catalogue) -> str:
    match node:
        case AgentUse():
            entry = catalogue.agents.get(node.agent_id)
            return f"The agent {entry.name if entry and entry.name else node.agent_id}: {_short(node.task)}."
        case ToolUse():
            return f"The tool {node.tool_id}: {_short(node.task)}."
        case NewAgent():
            return f"A new agent, {node.name}: {_short(node.task)}."
        case NewTool():
            return f"{node.server_name}, which has to be configured first: {_short(node.task)}."
        case Approval():
            return f"A person approves: {_short(node.message)}."
        case Wait():
            return f"Wait: {_short(node.task)}."
        case Parallel():
            inner = " | ".join(" ".join(_sentence(n, catalogue) for n in b) for b in node.branches)
            return f"At the same time: {inner}"
        case Choice():
            cases = " ".join(
                f"If {_short(c.condition)}: {' '.join(_sentence(n, catalogue) for n in c.body) or 'go on.'}"
                for c in node.cases
            )
            rest = " ".join(_sentence(n, catalogue) for n in node.otherwise)
            return f"{cases} Otherwise: {rest or 'go on.'}"
        case Loop():
            inner = " ".join(_sentence(n, catalogue) for n in node.body)
            head = {"foreach": "For each", "until": "Until", "count": "Repeatedly,"}[node.mode]
            return f"{head} {_short(node.phrase)}: {inner}"
    return ""


def _short(text: str) -> str:
    return shown(text, 120).rstrip(".") or "as the request says"


def _complexity(plan: Plan, steps: int) -> str:
    has_control = any(isinstance(node, Parallel | Choice | Loop) for node in plan.nodes)
    if steps <= 3 and not has_control:
        return "simple"
    return "moderate" if steps <= 8 else "complex"
