"""Which agents, tools and workflows a definition names, and a definition with those names replaced."""

from collections.abc import Mapping
from typing import Any

from workflows.definition.steps import (
    AgentStep,
    Definition,
    ParallelStep,
    ToolStep,
    WorkflowStep,
    walk,
)


def used_agents(definition: Definition) -> set[str]:
    """Ids of the agents that steps or judges name."""
    found: set[str | None] = set()
    for _, step in walk(definition.steps):
        if isinstance(step, AgentStep):
            found.add(step.agent_id)
        elif isinstance(step, ParallelStep):
            found.add(step.judge_agent_id)
    return {agent for agent in found if agent}


def used_tools(definition: Definition) -> set[str]:
    """Ids of the tools that tool steps call or agent steps allow."""
    found: set[str] = set()
    for _, step in walk(definition.steps):
        if isinstance(step, ToolStep) and step.tool:
            found.add(step.tool)
        elif isinstance(step, AgentStep):
            found.update(step.tools or ())
            found.update(step.agent.tools if step.agent else ())
    return found


def used_workflows(definition: Definition) -> set[str]:
    """Ids of the workflows that steps run."""
    return {
        step.workflow_id
        for _, step in walk(definition.steps)
        if isinstance(step, WorkflowStep) and step.workflow_id
    }


def used_servers(definition: Definition) -> set[str]:
    """Ids of the MCP servers whose tools are used."""
    return {tool.partition(":")[0] for tool in used_tools(definition)} - {"native"}


def with_replaced(
    definition: Definition, *, agents: Mapping[str, str], servers: Mapping[str, str]
) -> dict[str, Any]:
    """The definition's canonical JSON with agent ids and the servers of tool ids exchanged by the two mappings."""
    replaced = definition.to_json()
    _replace(replaced["steps"], agents, servers)
    return replaced


def _replace(steps: list[Any], agents: Mapping[str, str], servers: Mapping[str, str]) -> None:
    for step in steps:
        for key in ("agent_id", "judge_agent_id"):
            if key in step:
                step[key] = agents.get(step[key], step[key])
        if "tool" in step:
            step["tool"] = _moved(step["tool"], servers)
        for holder in (step, step.get("agent") or {}):
            if "tools" in holder:
                holder["tools"] = [_moved(tool, servers) for tool in holder["tools"]]
        for container in (step, *step.get("branches", ())):
            _replace(container.get("steps", []), agents, servers)


def _moved(tool: str, servers: Mapping[str, str]) -> str:
    server, colon, name = tool.partition(":")
    return f"{servers.get(server, server)}{colon}{name}"
