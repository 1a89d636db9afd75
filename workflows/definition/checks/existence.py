"""Agents, tools and servers that do not exist for the author, or can't be used now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workflows.definition.checks.subject import Place, Subject
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import AgentStep, ParallelStep, ToolStep

NATIVE = "native"


@dataclass(frozen=True)
class Gap:
    """Something a step at `pointer` needs and its author can't use, with the problem that says so."""

    kind: Literal["agent", "tool", "mcp"]
    name: str
    problem: Problem


def check(subject: Subject) -> Iterator[Problem]:
    """Everything that is named must exist for the author."""
    for gap in gaps(subject):
        yield gap.problem
    yield from _narrowing(subject)
    yield from _unreachable_servers(subject)


def gaps(subject: Subject) -> Iterator[Gap]:
    """What is missing, in document order of the steps."""
    for place in subject.all_places:
        step, pointer = place.step, place.pointer
        if isinstance(step, AgentStep):
            if step.agent_id:
                yield from _agent(step.agent_id, join(pointer, "agent_id"), subject)
            for tool, where in _tools_of(step, pointer):
                yield from _tool(tool, where, subject)
        elif isinstance(step, ToolStep):
            if step.tool:
                yield from _tool(step.tool, join(pointer, "tool"), subject)
        elif isinstance(step, ParallelStep) and step.judge_agent_id:
            yield from _agent(step.judge_agent_id, join(pointer, "judge_agent_id"), subject)


def _tools_of(step: AgentStep, pointer: str) -> Iterator[tuple[str, str]]:
    for number, tool in enumerate(step.tools or []):
        yield tool, join(pointer, "tools", number)
    if step.agent:
        for number, tool in enumerate(step.agent.tools):
            yield tool, join(pointer, "agent", "tools", number)


def _agent(name: str, pointer: str, subject: Subject) -> Iterator[Gap]:
    entry = subject.catalogue.agents.get(name)
    if entry is None:
        near = subject.nearest(name, subject.catalogue.agents)
        message = f"No agent {name[:100]!r} exists that you may use."
        yield Gap("agent", name, _unknown("unknown_agent", pointer, message, near))
    elif not entry.is_active:
        message = f"The agent {name!r} is switched off."
        yield Gap("agent", name, Problem("inactive_agent", "error", pointer, message))


def _tool(name: str, pointer: str, subject: Subject) -> Iterator[Gap]:
    entry = subject.catalogue.tools.get(name)
    server, colon, _ = name.partition(":")
    if entry is None:
        near = subject.nearest(name, subject.catalogue.tools)
        if colon and server != NATIVE and server not in subject.catalogue.servers:
            message = f"No MCP server {server[:100]!r} exists that you may use."
            problem = _unknown("unknown_server", pointer, message, near)
            yield Gap("mcp", server, problem)
            yield Gap("tool", name, problem)
            return
        message = f"No tool {name[:150]!r} exists that you may use."
        yield Gap("tool", name, _unknown("unknown_tool", pointer, message, near))
        return
    if not entry.is_available:
        message = f"The tool {name!r} is gone from its server."
        hint = "Choose another tool, or refresh the server."
        yield Gap("tool", name, Problem("tool_unavailable", "error", pointer, message, hint))
        return
    known = subject.catalogue.servers.get(entry.server_id or "")
    if known is not None and known.status == "disabled":
        message = f"The MCP server {known.id!r} is disabled."
        yield Gap("mcp", known.id, Problem("server_disabled", "error", pointer, message))


def _unknown(code: str, pointer: str, message: str, near: str | None) -> Problem:
    fix = ({"op": "replace", "path": pointer, "value": near},) if near else None
    return Problem(code, "error", pointer, message, f"Did you mean {near!r}?" if near else "", fix)


def _narrowing(subject: Subject) -> Iterator[Problem]:
    """A step's `tools` can only narrow what its agent has."""
    for place in subject.all_places:
        step = place.step
        if not isinstance(step, AgentStep) or not step.agent_id:
            continue
        agent = subject.catalogue.agents.get(step.agent_id)
        if agent is None:
            continue
        for number, tool in enumerate(step.tools or []):
            if tool not in agent.tools and tool in subject.catalogue.tools:
                where = join(place.pointer, "tools", number)
                message = (
                    f"The agent {agent.id!r} does not have the tool {tool!r}; a step can't add it."
                )
                hint = "Give the tool to the agent, or remove it here."
                fix = ({"op": "remove", "path": where},)
                yield Problem("tool_not_allowed", "warning", where, message, hint, fix)


def _unreachable_servers(subject: Subject) -> Iterator[Problem]:
    for place in subject.all_places:
        server = _server_of(place, subject)
        known = subject.catalogue.servers.get(server or "")
        if known is not None and known.status == "unreachable":
            where = join(place.pointer, "tool")
            message = f"The MCP server {known.id!r} did not answer when it was last asked."
            yield Problem("server_unreachable", "warning", where, message, "Refresh the server.")


def _server_of(place: Place, subject: Subject) -> str | None:
    if not isinstance(place.step, ToolStep) or not place.step.tool:
        return None
    entry = subject.catalogue.tools.get(place.step.tool)
    return entry.server_id if entry else None
