"""A workflow's steps for the planner's matcher, among everything else of the catalogue that words could mean."""

from collections.abc import Sequence
from dataclasses import replace

from generation.planning.matching.index import Index, build_index
from workflows.definition.catalogue import AgentEntry, Catalogue, ToolEntry
from workflows.definition.steps import AgentStep, Step, ToolStep

# What the entries of steps are called: this, and the step's id.
KEY = "step:"


def index_of_steps(steps: Sequence[Step], catalogue: Catalogue) -> Index:
    """An index of `steps`, and of those agents and tools that none of them uses."""
    agents: dict[str, AgentEntry] = {}
    tools: dict[str, ToolEntry] = {}
    for step in steps:
        entry = _entry(step, catalogue)
        if isinstance(entry, ToolEntry):
            tools[entry.id] = entry
        else:
            agents[entry.id] = entry
    used = {used_by(step) for step in steps}
    agents |= {name: agent for name, agent in catalogue.agents.items() if name not in used}
    tools |= {name: tool for name, tool in catalogue.tools.items() if name not in used}
    return build_index(Catalogue(agents=agents, tools=tools, servers=catalogue.servers))


def used_by(step: Step) -> str:
    """The id of the step's agent or tool, or its own agent's name; '' for other steps."""
    if isinstance(step, AgentStep):
        return step.agent_id or (step.agent.name if step.agent else "")
    return (step.tool or "") if isinstance(step, ToolStep) else ""


def _entry(step: Step, catalogue: Catalogue) -> AgentEntry | ToolEntry:
    """What the step uses, by the step's own name too; it counts as there even if it can't be used now."""
    key, used = f"{KEY}{step.id}", used_by(step)
    tool = catalogue.tools.get(used)
    if isinstance(step, ToolStep) and tool is not None:
        return replace(tool, id=key, name=f"{tool.name} {step.name} {step.id}", is_available=True)
    agent = catalogue.agents.get(used)
    if agent is not None:
        name = f"{step.name or step.id} {agent.name}"
        return AgentEntry(key, name, f"{agent.description}. {step.description}".strip(". "))
    return AgentEntry(key, f"{step.name or step.id} {used or step.type}", step.description)
