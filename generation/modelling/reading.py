"""A model's answer, which is untrusted and has the shape, to a plan within limits.

Names that were not offered stay: the check of the definition finds them, and a repair round puts them right.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from common import strict_json
from generation.modelling.asking import UnusableAnswer
from generation.modelling.shortlisting import Shortlist
from generation.plan import (
    AgentUse,
    Approval,
    Case,
    Choice,
    Loop,
    NewAgent,
    NewTool,
    Node,
    Parallel,
    Plan,
    ToolUse,
    Wait,
    leaves,
)
from generation.planning.arguments import escape, escaped
from generation.planning.matching.suggesting import identifier
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import MAX_WAIT_SECONDS

MAX_NODES = 200
MAX_DEPTH = 8
TASK_LENGTH = 4_000
_NAME = re.compile(r"[A-Za-z][\w.-]{0,99}(?::[\w./-]{1,100})?")


def plan_of(answer: Any, resources: Shortlist, catalogue: Catalogue) -> Plan:
    """The plan in `answer`; raises `UnusableAnswer` for one without steps, or too large."""
    reader = _Reader(resources, catalogue)
    nodes = reader.nodes(answer["steps"], 1)
    if not any(True for _ in leaves(nodes)) and not reader.problems:
        reader.problems.append("The plan has no steps.")
    if reader.problems:
        raise UnusableAnswer(reader.problems)
    unplaced = tuple(f"Could not be placed: {said[:200]!r}." for said in answer["unplaced"][:20])
    return Plan(nodes, name=answer["name"], description=answer["description"], warnings=unplaced)


class _Reader:
    """Turns checked JSON into nodes and collects what is wrong with the whole."""

    def __init__(self, resources: Shortlist, catalogue: Catalogue) -> None:
        self.resources = resources
        self.catalogue = catalogue
        self.problems: list[str] = []
        self.count = 0
        self.new_agents: dict[str, NewAgent] = {}

    def nodes(self, raw: list[Any], depth: int) -> tuple[Node, ...]:
        """The nodes of a list; too many, or too deep, is a problem."""
        if depth > MAX_DEPTH:
            self._problem(f"The plan is nested more than {MAX_DEPTH} deep.")
            return ()
        self.count += len(raw)
        if self.count > MAX_NODES:
            self._problem(f"The plan has more than {MAX_NODES} nodes.")
            return ()
        return tuple(self._node(item, depth) for item in raw)

    def _node(self, raw: Mapping[str, Any], depth: int) -> Node:
        match raw:
            case {"agent": str() as name}:
                return self._agent(name, raw)
            case {"tool": str() as name}:
                return self._tool(name, raw)
            case {"new_agent": str() as name}:
                return self._new_agent(name, raw)
            case {"new_tool": str() as name}:
                return self._new_tool(name, raw)
            case {"approval": str() as question}:
                return Approval(question[:TASK_LENGTH], _task(raw))
            case {"wait": str() as reason}:
                seconds = min(max(raw["seconds"], 1), MAX_WAIT_SECONDS)
                return Wait(seconds, reason[:TASK_LENGTH])
            case {"parallel": list() as branches}:
                return Parallel(tuple(self.nodes(b["steps"], depth + 1) for b in branches))
            case {"choose": str() as question, "cases": list() as cases}:
                return self._choice(question, cases, raw, depth)
            case _:
                body = self.nodes(raw["steps"], depth + 1)
                times = min(max(raw["times"], 0), 1_000)
                return Loop(raw["repeat"], raw["over_or_until"], body, times)

    def _agent(self, name: str, raw: Mapping[str, Any]) -> Node:
        return AgentUse(self.resources.agents.get(name) or _plain(name), _task(raw))

    def _tool(self, name: str, raw: Mapping[str, Any]) -> Node:
        known = self.resources.tools.get(name) or _plain(name)
        entry = self.catalogue.tools.get(known)
        properties = entry.input_schema.get("properties") if entry else None
        schemas = properties if isinstance(properties, Mapping) else {}
        given = {a["name"]: a["value"] for a in raw["arguments"]}
        values = {n: _value(v, schemas[n]) for n, v in given.items() if n in schemas}
        return ToolUse(known, _task(raw), values)

    def _new_agent(self, name: str, raw: Mapping[str, Any]) -> Node:
        base = identifier(name, fallback="assistant")
        agent_id, number = base, 2
        while agent_id in self.catalogue.agents:
            agent_id, number = f"{base}-{number}", number + 1
        description, task = raw["description"][:1_000], _task(raw)
        plain = f"You are {name[:200]}. {description} Answer with the result alone."
        agent = NewAgent(agent_id, name[:200], description, plain, task)
        known = self.new_agents.setdefault(agent_id, agent)
        return replace(known, task=task)

    def _new_tool(self, name: str, raw: Mapping[str, Any]) -> Node:
        server_id = f"{identifier(name, fallback='service')}-server"
        while server_id in self.catalogue.servers:
            server_id += "-2"
        action = identifier(raw["action"], fallback="call").replace("-", "_")[:60]
        return NewTool(server_id, name[:200], raw["description"][:1_000], action, _task(raw))

    def _choice(self, question: str, cases: list[Any], raw: Mapping[str, Any], depth: int) -> Node:
        told = tuple(
            Case(f"{question}: {case['when']}", self.nodes(case["steps"], depth + 1))
            for case in cases
        )
        return Choice(told, self.nodes(raw["otherwise"], depth + 1))

    def _problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)


def _task(raw: Mapping[str, Any]) -> str:
    return str(raw["task"])[:TASK_LENGTH]


def _plain(name: str) -> str:
    """`name` as an id, whatever it holds."""
    return name if _NAME.fullmatch(name) else identifier(name, fallback="unknown")


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
