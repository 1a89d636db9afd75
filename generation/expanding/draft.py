"""An expanded plan on its way to a result: the definition as raw JSON, and what is still to be said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from generation.expanding.approving import unguarded, with_approvals
from generation.expanding.expansion import definition_of
from generation.expanding.gaps import Gap
from generation.expanding.naming import shown, title_of, workflow_id
from generation.plan import NewAgent, NewTool, Plan, leaves
from generation.planning.arguments import escaped
from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry
from workflows.definition.problems import Problem
from workflows.definition.validate import report


@dataclass
class Draft:
    """A definition in the making; filling and repairing change it in place.

    `catalogue` is what there will be once every suggestion has been followed, `offered` what there is.
    """

    plan: Plan
    raw: dict[str, Any]
    offered: Catalogue
    catalogue: Catalogue
    prompt: str
    warnings: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    new_agents: dict[str, NewAgent] = field(default_factory=dict)
    may_suggest_agents: bool = True

    def problems(self) -> list[Problem]:
        """Everything that is to be said against the definition, unasked destruction included. Never raises."""
        found = report(self.raw, self.catalogue)
        if found.definition is None:
            return found.problems
        return [*found.problems, *unguarded(found.definition, self.offered, self.prompt)]

    def errors(self) -> list[Problem]:
        """Those of its problems that forbid using it."""
        return [problem for problem in self.problems() if problem.severity == "error"]

    def settle(self, warning: str) -> None:
        """Take back a warning: what it was about is settled."""
        if warning in self.warnings:
            self.warnings.remove(warning)


def expanded(
    plan: Plan, catalogue: Catalogue, *, prompt: str, context: Mapping[str, Any] | None = None
) -> Draft:
    """The draft of `plan`, with `context` as the workflow's; its definition may have problems."""
    plan = with_approvals(_named(plan, prompt), catalogue, prompt)
    expansion, raw = definition_of(plan, catalogue, workflow_id=workflow_id(plan.name))
    if context:
        raw["context"] = escaped(dict(context))
    return Draft(
        plan=plan,
        raw=raw,
        offered=catalogue,
        catalogue=with_suggestions(catalogue, plan),
        prompt=prompt,
        warnings=[*plan.warnings, *expansion.warnings],
        gaps=expansion.gaps,
        new_agents={leaf.id: leaf for leaf in leaves(plan.all_nodes) if isinstance(leaf, NewAgent)},
    )


def with_suggestions(catalogue: Catalogue, plan: Plan) -> Catalogue:
    """`catalogue` as it will be when every suggestion of `plan` has been followed."""
    agents, tools, servers = dict(catalogue.agents), dict(catalogue.tools), dict(catalogue.servers)
    for leaf in leaves(plan.all_nodes):
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
        name=shown(plan.name or title_of(prompt), 200) or "Workflow",
        description=shown(plan.description or prompt, 1_000),
    )
