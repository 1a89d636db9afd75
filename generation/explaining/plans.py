"""What a plan does, in sentences that name what it uses."""

from typing import Any

from generation.expanding.naming import shown
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
)
from workflows.definition.catalogue import Catalogue


def explanation(plan: Plan, catalogue: Catalogue) -> str:
    """What the workflow does, in sentences that name what it uses."""
    if not plan.nodes:
        return (
            "No part of the request could be matched to an agent or a tool; the workflow is empty."
        )
    steps = [
        f"{number}. {_sentence(node, catalogue)}" for number, node in enumerate(plan.nodes, start=1)
    ]
    rescue = [_sentence(node, catalogue) for node in plan.on_failure]
    return " ".join([*steps, *(["If one of these fails:"] if rescue else []), *rescue])


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
