"""What a run of a published version may call: what was approved, kept with the run and asked again at each call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from common.errors import NotExecutable
from discovery.fingerprints import contract_hash
from executions.approved_tools import ApprovedTools, is_approved
from workflows.definition.catalogue import AgentEntry, Catalogue, ToolEntry
from workflows.definition.drift.changes import tools_of, used_by
from workflows.definition.problems import Problem
from workflows.definition.steps import AgentStep, Definition, Step, ToolStep, walk
from workflows.models import PublishedUse, Workflow

MOST_TOLD = 100


@dataclass(frozen=True)
class Standing:
    """What a run may call (null: whatever its owner may), and what differs from what was published."""

    approved_tools: ApprovedTools | None = None
    drift: list[dict[str, Any]] = field(default_factory=list)


def standing_of(
    workflow: Workflow,
    version: int,
    definition: Definition,
    catalogue: Catalogue,
    *,
    is_pinned: bool = False,
) -> Standing:
    """How a run of `version` stands to what was published, in one query; another version stands for itself.

    A version that the schedule or webhook names by which the run is started (`is_pinned`) counts as published.
    Raises `NotExecutable` where a step works with a tool that is not as it was approved.
    """
    if version != workflow.published_version and not is_pinned:
        return Standing()
    published = _Published.read(workflow, version)
    found = list(_differences(definition, published, catalogue))
    held = [one for one in found if one.is_held]
    if held:
        raise NotExecutable(
            f"This workflow can't run yet: {held[0].problem.message}",
            problems=[one.problem.to_json() for one in held],
            extra={"blocked_steps": list(dict.fromkeys(one.step for one in held))},
        )
    return Standing(published.tools, [one.to_json() for one in found[:MOST_TOLD]])


@dataclass(frozen=True)
class _Published:
    """The agents and tools that were published, without what they said."""

    agents: Mapping[str, str]
    tools: ApprovedTools
    catalogue: Catalogue

    @classmethod
    def read(cls, workflow: Workflow, version: int) -> "_Published":
        rows = list(
            PublishedUse.objects.filter(workflow=workflow, version=version).values_list(
                *("kind", "resource", "fingerprint", "contract_hash", "content_json__tools")
            )
        )
        agents = [row for row in rows if row[0] == PublishedUse.Kind.AGENT]
        entries = {key: AgentEntry(key, tools=tuple(tools or ())) for _, key, _, _, tools in agents}
        return cls(
            agents={key: fingerprint for _, key, fingerprint, _, _ in agents},
            tools={
                key: [fingerprint, contract]
                for kind, key, fingerprint, contract, _ in rows
                if kind == PublishedUse.Kind.TOOL and fingerprint
            },
            catalogue=Catalogue(agents=entries),
        )


@dataclass(frozen=True)
class _Difference:
    step: str
    kind: str
    resource: str
    change: str
    published: str
    fingerprint: str
    problem: Problem
    is_held: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the run's row keeps it."""
        return {
            "step": self.step,
            "kind": self.kind,
            "resource": self.resource,
            "change": self.change,
            "published_fingerprint": self.published,
            "fingerprint": self.fingerprint,
            "message": self.problem.message,
        }


def _differences(
    definition: Definition, published: _Published, catalogue: Catalogue
) -> Iterator[_Difference]:
    for pointer, step in walk(definition.steps):
        for kind, key in dict.fromkeys(used_by(step, published.catalogue)):
            if kind == "agent":
                yield from _of_agent(pointer, step, key, published, catalogue)
            else:
                yield from _of_tool(pointer, step, key, published, catalogue)
        if isinstance(step, AgentStep):
            yield from _new_tools(pointer, step, published, catalogue)


def _of_agent(
    pointer: str, step: Step, key: str, published: _Published, catalogue: Catalogue
) -> Iterator[_Difference]:
    today, was = catalogue.agents.get(key), published.agents.get(key, "")
    if today is None or today.fingerprint == was:
        return
    message = f"The agent {key!r} of the step {step.id!r} is another than when this was published."
    problem = Problem("agent_changed", "warning", pointer, message)
    yield _Difference(step.id, "agent", key, "changed", was, today.fingerprint, problem)


def _of_tool(
    pointer: str, step: Step, key: str, published: _Published, catalogue: Catalogue
) -> Iterator[_Difference]:
    by_model = not isinstance(step, ToolStep)
    today = catalogue.tools.get(key)
    was, contract = published.tools.get(key, ["", ""])
    if today is None or not today.is_available:
        yield _gone(pointer, step, key, was)
        return
    if today.schema_hash == was:
        return
    is_held = not is_approved(key, today, today.schema_hash, published.tools, by_model=by_model)
    change = "changed" if contract_hash(today) != contract else "worded_anew"
    message = f"The tool {key!r} of the step {step.id!r} is not as it was when this was published"
    message += ", and nobody has accepted it since." if is_held else "."
    hint = "Look at the workflow's drift: accept what changed there, or publish again."
    severity: Any = "error" if is_held else "warning"
    problem = Problem("tool_not_accepted", severity, pointer, message, hint)
    yield _Difference(step.id, "tool", key, change, was, today.schema_hash, problem, is_held)


def _gone(pointer: str, step: Step, key: str, was: str) -> _Difference:
    message = f"The tool {key!r} of the step {step.id!r} can't be called now."
    problem = Problem("tool_gone", "warning", pointer, message)
    return _Difference(step.id, "tool", key, "gone", was, "", problem)


def _new_tools(
    pointer: str, step: AgentStep, published: _Published, catalogue: Catalogue
) -> Iterator[_Difference]:
    """Tools that the agent got since: it works, without them."""
    had = tools_of(step, published.catalogue)
    for key in tools_of(step, catalogue):
        if key not in had and key not in published.tools:
            message = f"The agent of the step {step.id!r} got the tool {key!r} since this was published; it is not given it."
            problem = Problem("tool_withheld", "warning", pointer, message)
            today = catalogue.tools.get(key, ToolEntry(key))
            yield _Difference(step.id, "tool", key, "withheld", "", today.schema_hash, problem)
