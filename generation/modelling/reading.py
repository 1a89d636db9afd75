"""A model's answer, which is untrusted, to a plan: the strict gate, the shape, and only names that were offered."""

from collections.abc import Mapping
from typing import Any

from common import strict_json
from generation.modelling.asking import UnusableAnswer
from generation.modelling.shortlisting import Shortlist
from generation.plan import (
    AgentUse,
    Case,
    Choice,
    Loop,
    NewAgent,
    NewTool,
    Node,
    Parallel,
    Plan,
    ToolUse,
    leaves,
)
from generation.planning.arguments import escape, escaped
from generation.planning.matching.suggesting import identifier
from workflows.definition.catalogue import Catalogue

MAX_NODES = 200
MAX_DEPTH = 8


def plan_of(answer: Any, resources: Shortlist, catalogue: Catalogue) -> Plan:
    """The plan in `answer`, which has the shape; raises `UnusableAnswer` for names that were not offered."""
    reader = _Reader(resources, catalogue)
    nodes = reader.nodes(answer["steps"], 1)
    if not any(True for _ in leaves(nodes)) and not reader.problems:
        reader.problems.append("The plan has no steps.")
    if reader.problems:
        raise UnusableAnswer(reader.problems)
    unplaced = tuple(f"Could not be placed: {said[:200]!r}." for said in answer["unplaced"][:20])
    return Plan(nodes, name=answer["name"], description=answer["description"], warnings=unplaced)


class _Reader:
    """Turns checked JSON into nodes and collects what is wrong with the names in it."""

    def __init__(self, resources: Shortlist, catalogue: Catalogue) -> None:
        self.resources = resources
        self.catalogue = catalogue
        self.problems: list[str] = []
        self.count = 0
        self.new_agents: dict[str, NewAgent] = {}

    def nodes(self, raw: list[Any], depth: int) -> tuple[Node, ...]:
        """The nodes of a list; those that can't be used become problems."""
        if depth > MAX_DEPTH:
            self._problem(f"The plan is nested more than {MAX_DEPTH} deep.")
            return ()
        self.count += len(raw)
        if self.count > MAX_NODES:
            self._problem(f"The plan has more than {MAX_NODES} nodes.")
            return ()
        found = (self._node(item, depth) for item in raw)
        return tuple(node for node in found if node is not None)

    def _node(self, raw: Mapping[str, Any], depth: int) -> Node | None:
        match raw:
            case {"agent": str() as name}:
                return self._agent(name, raw)
            case {"tool": str() as name}:
                return self._tool(name, raw)
            case {"new_agent": str() as name}:
                return self._new_agent(name, raw)
            case {"new_tool": str() as name}:
                return self._new_tool(name, raw)
            case {"parallel": list() as branches}:
                return Parallel(tuple(self.nodes(b["steps"], depth + 1) for b in branches))
            case {"choose": str() as question, "cases": list() as cases}:
                return self._choice(question, cases, raw, depth)
            case _:
                body = self.nodes(raw["steps"], depth + 1)
                times = min(max(raw["times"], 0), 1_000)
                return Loop(raw["repeat"], raw["over_or_until"], body, times)

    def _agent(self, name: str, raw: Mapping[str, Any]) -> Node | None:
        known = self.resources.agents.get(name, name)
        if known in self.resources.agents.values():
            return AgentUse(known, raw["task"])
        self._problem(
            f"There is no agent {name[:100]!r}. Use an id of `resources`, or a new_agent."
        )
        return None

    def _tool(self, name: str, raw: Mapping[str, Any]) -> Node | None:
        known = self.resources.tools.get(name, name)
        if known not in self.resources.tools.values():
            self._problem(
                f"There is no tool {name[:100]!r}. Use an id of `resources`, or a new_tool."
            )
            return None
        properties = self.catalogue.tools[known].input_schema.get("properties")
        schemas = properties if isinstance(properties, Mapping) else {}
        given = {a["name"]: a["value"] for a in raw["arguments"]}
        values = {n: _value(v, schemas[n]) for n, v in given.items() if n in schemas}
        return ToolUse(known, raw["task"], values)

    def _new_agent(self, name: str, raw: Mapping[str, Any]) -> Node:
        base = identifier(name, fallback="assistant")
        agent_id, number = base, 2
        while agent_id in self.catalogue.agents:
            agent_id, number = f"{base}-{number}", number + 1
        agent = self.new_agents.setdefault(
            agent_id,
            NewAgent(
                agent_id, name[:200], raw["description"][:1_000], raw["instructions"][:20_000]
            ),
        )
        return NewAgent(agent.id, agent.name, agent.description, agent.instructions, raw["task"])

    def _new_tool(self, name: str, raw: Mapping[str, Any]) -> Node:
        server_id = f"{identifier(name, fallback='service')}-server"
        while server_id in self.catalogue.servers:
            server_id += "-2"
        action = identifier(raw["action"], fallback="call").replace("-", "_")[:60]
        return NewTool(server_id, name[:200], raw["description"][:1_000], action, raw["task"])

    def _choice(self, question: str, cases: list[Any], raw: Mapping[str, Any], depth: int) -> Node:
        told = tuple(
            Case(f"{question}: {case['when']}", self.nodes(case["steps"], depth + 1))
            for case in cases
        )
        return Choice(told, self.nodes(raw["otherwise"], depth + 1))

    def _problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)


def _value(text: str, schema: Any) -> Any:
    """The argument as its schema wants it; a text stays a text and can't become a template."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if kind in (None, "string"):
        return escape(text)
    try:
        value = strict_json.loads(text)
    except strict_json.RefusedJson:
        return escape(text)
    return escaped(value)
