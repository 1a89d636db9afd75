"""Who works in an agent step: its instructions, model, schema and allow-list, as they are at the call."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import User

from discovery.calling import UsableTool
from discovery.selectors import agent_for
from executions.activities.callers import Caller
from executions.activities.failures import failure
from executions.approved_tools import ApprovedTools, is_approved
from executions.engine.messages.calls import Agent

# https://platform.openai.com/docs/api-reference/chat/create: function names have up to 64 of these characters.
FOREIGN_CHARACTERS = re.compile(r"[^a-zA-Z0-9_-]")
MAX_FUNCTION_NAME = 64


@dataclass(frozen=True, kw_only=True)
class AgentSetup:
    """An agent ready to work for `caller`; `tools` is what it may call in this step."""

    caller: User
    agent_id: str = ""
    version: int | None = None
    role: str = ""
    goal: str = ""
    instructions: str = ""
    model: str | None = None
    temperature: float | None = None
    tools: tuple[str, ...] = ()
    output_schema: dict[str, Any] | None = None
    max_turns: int = field(default=100)
    approved_tools: ApprovedTools | None = None

    def may_call(self, tool: UsableTool) -> bool:
        """Whether the model may be told of the tool, and call it, as it is now."""
        approved = self.approved_tools
        return is_approved(tool.id, tool, tool.schema_hash, approved, by_model=True)


def agent_setup(caller: Caller, agent: Agent | None) -> AgentSetup:
    """The setup for the run's owner; fails as `agent_error` for an agent that they can't use (any more)."""
    assert agent is not None, "an agent's call says for which agent it is"
    made = (
        _inline(agent, agent.inline, caller.user)
        if agent.inline is not None
        else _stored(agent, caller.user)
    )
    return replace(made, approved_tools=caller.approved_tools)


def function_name(tool_id: str) -> str:
    """What a model calls the tool: two different ids never share a name."""
    name = FOREIGN_CHARACTERS.sub("_", tool_id.replace(":", "__", 1))
    if name == tool_id.replace(":", "__", 1) and len(name) <= MAX_FUNCTION_NAME and ":" in tool_id:
        return name
    digest = hashlib.sha256(tool_id.encode()).hexdigest()[:8]
    return f"{name[: MAX_FUNCTION_NAME - 9]}_{digest}"


def tool_id_of(tools: tuple[str, ...], name: str) -> str | None:
    """The allowed tool that a model means; it may also use the id itself."""
    for tool in tools:
        if name in (function_name(tool), tool):
            return tool
    return None


def _inline(agent: Agent, inline: dict[str, Any], caller: User) -> AgentSetup:
    return AgentSetup(
        caller=caller,
        agent_id="",
        role=str(inline.get("name", "")),
        instructions=str(inline["instructions"]),
        model=inline.get("model"),
        tools=_narrowed(inline.get("tools", []), agent.tools),
        output_schema=agent.output_schema,
    )


def _stored(agent: Agent, caller: User) -> AgentSetup:
    row = agent_for(caller, agent.agent_id or "")
    if row is None or not row.is_active:
        raise failure(
            "agent_error",
            f"There is no active agent {agent.agent_id!r} that you may use.",
            code="agent_missing",
            hint="Create it, activate it, or choose another.",
        )
    return AgentSetup(
        caller=caller,
        agent_id=row.pk,
        version=row.version,
        role=row.role or row.name,
        goal=row.goal,
        instructions=row.instructions,
        model=row.model or None,
        temperature=row.temperature,
        tools=_narrowed(row.tools, agent.tools),
        output_schema=agent.output_schema or row.output_schema,
        max_turns=row.max_turns,
    )


def _narrowed(own: list[str], allowed: list[str] | None) -> tuple[str, ...]:
    """The agent's own tools, of which the step may allow fewer but never more."""
    return tuple(tool for tool in own if allowed is None or tool in allowed)
