"""An agent or tool before and now, and what is found about a step because of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from workflows.definition.catalogue import Catalogue
from workflows.definition.problems import Problem
from workflows.definition.steps import AgentStep, ParallelStep, Step, ToolStep

Kind = Literal["agent", "tool"]
Key = tuple[str, str]
WORDS = frozenset({"description"})


@dataclass(frozen=True)
class Change:
    """An agent or tool that differs from what was published; `now` is null where it can't be used any more.

    `is_other_contract` says of a tool whether more than its words changed.
    """

    kind: Kind
    id: str
    before: Mapping[str, Any]
    now: Mapping[str, Any] | None
    is_other_contract: bool = True

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return self.kind, self.id

    @cached_property
    def fields(self) -> list[str]:
        """The names of what differs; all of them where it is gone."""
        now = self.now
        return [name for name in self.before if now is None or now.get(name) != self.before[name]]

    @cached_property
    def new_tools(self) -> list[str]:
        """Of an agent: tools that it had not."""
        had = self.before.get("tools", ())
        return [tool for tool in (self.now or {}).get("tools", ()) if tool not in had]

    def holds(self, step: Step) -> bool:
        """Whether the step may not work with it until somebody accepts the change.

        A tool step's call does not depend on words, but an agent reads the words of its tools. Without a tool an
        agent goes on. Another agent is only warned of: its tools are looked at one by one.
        """
        if self.now is None:
            return self.kind == "agent" or isinstance(step, ToolStep)
        if self.kind == "agent" or self.id.startswith("native:"):
            return False
        return self.is_other_contract or not isinstance(step, ToolStep)


@dataclass(frozen=True)
class Finding:
    """What a change means for one step; an empty `step` is the definition's own output.

    `error`: the step breaks; `warning`: it may do something else; `note`: it goes on as before.
    """

    problem: Problem
    step: str
    kind: Kind
    resource: str
    is_held: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            **self.problem.to_json(),
            "step": self.step,
            "kind": self.kind,
            "resource": self.resource,
            "is_held": self.is_held,
        }


def used_by(step: Step, published: Catalogue) -> list[Key]:
    """What a step works with, by kind and id: also the tools that its agent had when it was published."""
    if isinstance(step, ToolStep):
        return [("tool", step.tool)] if step.tool else []
    if isinstance(step, ParallelStep):
        return [("agent", step.judge_agent_id)] if step.judge_agent_id else []
    if not isinstance(step, AgentStep):
        return []
    own = [("agent", step.agent_id)] if step.agent_id else []
    return [*own, *(("tool", tool) for tool in tools_of(step, published))]


def tools_of(step: AgentStep, catalogue: Catalogue) -> list[str]:
    """The tools that the step's agent may call: its own, of which the step may allow fewer."""
    if step.agent is not None:
        own: list[str] = list(step.agent.tools)
    else:
        known = catalogue.agents.get(step.agent_id or "")
        own = list(known.tools) if known else []
    return [tool for tool in own if step.tools is None or tool in step.tools]
