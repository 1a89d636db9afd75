"""The answer of a generation: the definition with its lists, all computed from the steps and never taken on trust."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.expanding.draft import Draft, expanded
from generation.expanding.scheduling import suggested_schedule
from generation.explaining.plans import explanation
from generation.known_servers import setup_of
from generation.plan import Choice, Loop, NewAgent, NewTool, Parallel, Plan, leaves
from workflows.definition.catalogue import Catalogue
from workflows.definition.normalise import normalise
from workflows.definition.problems import Problem
from workflows.definition.steps import AgentStep, Definition, ToolStep, walk


@dataclass(frozen=True)
class Drafted:
    """A checked draft: the contract's `result`, and the problems that remain (none of severity error)."""

    result: dict[str, Any]
    problems: tuple[Problem, ...]


class NotExpandable(ValueError):
    """A plan that gives no valid definition; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems[:5]))
        self.problems = problems


def drafted(
    plan: Plan, catalogue: Catalogue, *, prompt: str, context: Mapping[str, Any] | None = None
) -> Drafted:
    """The result for `plan`, with `context` as the workflow's; raises `NotExpandable` for an invalid definition."""
    return finished(expanded(plan, catalogue, prompt=prompt, context=context))


def finished(draft: Draft) -> Drafted:
    """The result for `draft`; raises `NotExpandable` for an invalid definition."""
    problems = draft.problems()
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise NotExpandable(errors)
    result = _contract(draft, normalise(draft.raw))
    result["suggested_schedule"], told = suggested_schedule(draft.prompt)
    result["warnings"] = list(dict.fromkeys([*draft.warnings, *told]))
    return Drafted(result, tuple(problems))


def _contract(draft: Draft, definition: Definition) -> dict[str, Any]:
    plan, catalogue = draft.plan, draft.offered
    steps = [step for _, step in walk(definition.steps)]
    agents = {s.agent_id for s in steps if isinstance(s, AgentStep) and s.agent_id}
    tools = {s.tool for s in steps if isinstance(s, ToolStep) and s.tool}
    servers = {tool.partition(":")[0] for tool in tools}
    blocked = [
        s.id for s in steps if isinstance(s, ToolStep) and s.tool and s.tool not in catalogue.tools
    ]
    suggested = _suggested_servers(plan)
    return {
        "workflow": definition.to_json(),
        "agents_to_create": [
            _agent_to_create(a) for a in draft.new_agents.values() if a.id in agents
        ],
        "existing_agents_used": sorted(agents & set(catalogue.agents)),
        "mcps_suggested": suggested,
        "existing_mcps_used": sorted(servers & set(catalogue.servers)),
        "explanation": explanation(plan, catalogue),
        "suggested_schedule": None,
        "warnings": [],
        "estimated_complexity": _complexity(plan, len(steps)),
        "ready_steps": [step.id for step in steps if step.id not in blocked],
        "blocked_steps": blocked,
        "can_execute": bool(steps) and not blocked,
    }


def _agent_to_create(agent: NewAgent) -> dict[str, Any]:
    return {
        "id": agent.id, "name": agent.name, "description": agent.description, "agent_type": "chat",
        "role": agent.role or agent.name, "goal": agent.goal or agent.description, "instructions": agent.instructions, "tools": [],
    }  # fmt: skip


def _suggested_servers(plan: Plan) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for leaf in leaves(plan.all_nodes):
        if isinstance(leaf, NewTool):
            entry = found.setdefault(
                leaf.server_id,
                {
                    "id": leaf.server_id, "name": leaf.server_name, "description": leaf.description,
                    "reason": f"Nothing that is configured can do this: {leaf.task[:200]}", "tools": [],
                    **setup_of(leaf.server_id, leaf.server_name, leaf.description),
                },
            )  # fmt: skip
            if leaf.tool not in entry["tools"]:
                entry["tools"].append(leaf.tool)
    return list(found.values())


def _complexity(plan: Plan, steps: int) -> str:
    has_control = any(isinstance(node, Parallel | Choice | Loop) for node in plan.nodes)
    if steps <= 3 and not has_control:
        return "simple"
    return "moderate" if steps <= 8 else "complex"
