"""The agents and tools that a model is shown, under short ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from generation.planning.language.languages import to_english
from generation.planning.matching.index import build_index
from workflows.definition.catalogue import Catalogue, ToolEntry

# As many as a model reads with care; up to that many all are shown.
SHORTLIST = 24
DESCRIPTION_LENGTH = 300
PARAMETERS_LENGTH = 600


@dataclass(frozen=True)
class Shortlist:
    """What the model may name: short ids for the ids of agents and tools, so that none can be misspelt."""

    agents: Mapping[str, str]
    tools: Mapping[str, str]
    shown: Sequence[Mapping[str, str]]

    @property
    def aliases(self) -> dict[str, str]:
        """Every short id with what it stands for."""
        return {**self.agents, **self.tools}


def shortlist(request: str, catalogue: Catalogue) -> Shortlist:
    """All agents and tools when they are few, else those that share most with the request.

    What they share is looked for in ids, names, descriptions and the tools' parameters.
    """
    index = build_index(with_parameters(catalogue))
    ids = [entry.id for entry in index.entries]
    if len(ids) > SHORTLIST:
        found = index.rank(f"{request} {to_english(request)}", kinds=frozenset())
        ids = list(dict.fromkeys([*(match.entry.id for match in found), *ids]))[:SHORTLIST]
    agents, tools, shown = dict[str, str](), dict[str, str](), list[Mapping[str, str]]()
    for number, entry_id in enumerate(ids, start=1):
        alias = f"r{number}"
        shown.append(_shown(alias, entry_id, catalogue))
        (agents if entry_id in catalogue.agents else tools)[alias] = entry_id
    return Shortlist(agents, tools, shown)


def with_parameters(catalogue: Catalogue) -> Catalogue:
    """`catalogue` whose tools speak of their parameters in their descriptions."""
    tools = {
        tool_id: replace(tool, description=f"{tool.description} {_parameters(tool)}")
        for tool_id, tool in catalogue.tools.items()
    }
    return replace(catalogue, tools=tools)


def _parameters(tool: ToolEntry) -> str:
    properties = tool.input_schema.get("properties")
    if not isinstance(properties, Mapping):
        return ""
    told = (
        f"{name}: {about.get('description', '')}" if isinstance(about, Mapping) else name
        for name, about in properties.items()
    )
    return "; ".join(told)[:PARAMETERS_LENGTH]


def _shown(alias: str, entry_id: str, catalogue: Catalogue) -> Mapping[str, str]:
    agent = catalogue.agents.get(entry_id)
    if agent is not None:
        kind, description = "agent", f"{agent.name}: {agent.description}"
    else:
        kind, description = "tool", _tool_text(entry_id, catalogue)
    return {"id": alias, "kind": kind, "what": entry_id, "does": description[:DESCRIPTION_LENGTH]}


def _tool_text(tool_id: str, catalogue: Catalogue) -> str:
    tool = catalogue.tools[tool_id]
    properties = tool.input_schema.get("properties")
    names = ", ".join(list(properties)[:12]) if isinstance(properties, Mapping) else ""
    return f"{tool.description} (arguments: {names})" if names else tool.description
