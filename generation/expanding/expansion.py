"""A compact plan to a workflow definition: ids, ways, and references from consumers to producers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.expanding.deciding import answer_field, choose_by, judged_until
from generation.expanding.gaps import Gap, OpenArguments, OpenCondition
from generation.expanding.naming import shown, step_id, unused_id
from generation.expanding.scope import USER_INPUT, Scope, input_of, list_field
from generation.expanding.shaping import flattened, within_limits
from generation.plan import (
    AgentUse,
    Approval,
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
from generation.planning.arguments import escape, fill, zone_arguments
from generation.planning.data import Source
from generation.planning.language.verbs import actions
from generation.planning.matching.entries import tool_kinds
from generation.planning.open_arguments import is_open
from generation.planning.told_lists import kind_of, told_items, zones_of
from workflows.definition.catalogue import Catalogue, ToolEntry
from workflows.definition.steps import END, MAX_ITERATIONS, MAX_NESTING

DEFAULT_ITERATIONS = {"foreach": 100, "until": 5, "count": 3}
# Tools of these kinds give something worth handing on; a receipt for a sent message is not.
BRINGS = frozenset({"read", "make", "analyse", "run"})


@dataclass
class Expansion:
    """Builds the steps; `warnings` collects what a person should look at."""

    catalogue: Catalogue
    warnings: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    last: dict[str, Any] | None = None
    gaps: list[Gap] = field(default_factory=list)

    def steps(
        self, nodes: Sequence[Node], scope: Scope, *, after: str = END, depth: int = 1
    ) -> list[dict[str, Any]]:
        """The steps of one list; the last one goes to `after`. Nesting that the language refuses is unrolled."""
        flat = flattened(nodes) if depth >= MAX_NESTING else list(nodes)
        ids = [self._id(node) for node in flat]
        found: list[dict[str, Any]] = []
        for number, node in enumerate(flat):
            following = ids[number + 1] if number + 1 < len(ids) else after
            found += self._step(node, ids[number], following, scope, depth)
        return found

    def rescued(self, steps: list[dict[str, Any]], rescue: Sequence[Node]) -> list[dict[str, Any]]:
        """The steps of the outermost list, each of which goes to `rescue` when it fails, and ends as failed behind it."""
        end = {
            "id": unused_id("failed", self.taken), "type": "end", "name": "A step failed", "status": "failed",
            "error": "${error.message}",
        }  # fmt: skip
        self.last = None
        what = Source("${error.message}", "What went wrong")
        found = self.steps(rescue, Scope([USER_INPUT, what]), after=end["id"])
        for step in steps:
            step["on_error"] = found[0]["id"]
        return [*steps, *found, end]

    def _step(
        self, node: Node, step_id: str, following: str, scope: Scope, depth: int
    ) -> list[dict[str, Any]]:
        match node:
            case AgentUse() | NewAgent():
                return [self._agent(node, step_id, following, scope)]
            case ToolUse() | NewTool():
                return [self._tool(node, step_id, following, scope)]
            case Approval():
                return [self._approval(node, step_id, following, scope)]
            case Wait():
                return [_wait(node, step_id, following)]
            case Parallel():
                return [self._parallel(node, step_id, following, scope, depth)]
            case Choice():
                return self._choice(node, step_id, following, scope, depth)
            case Loop():
                return [self._loop(node, step_id, following, scope, depth)]

    def _agent(
        self, node: AgentUse | NewAgent, step_id: str, following: str, scope: Scope
    ) -> dict[str, Any]:
        agent_id = node.agent_id if isinstance(node, AgentUse) else node.id
        entry = self.catalogue.agents.get(agent_id)
        name = entry.name if entry else node.name if isinstance(node, NewAgent) else agent_id
        step = {
            "id": step_id, "type": "agent", "name": shown(name, 200), "agent_id": agent_id,
            "input": input_of(node.task, scope), "next": following,
        }  # fmt: skip
        schema = dict(entry.output_schema) if entry and entry.output_schema else None
        scope.sources.append(Source(f"${{steps.{step_id}.output}}", name, schema))
        self.last = step
        return step

    def _tool(
        self, node: ToolUse | NewTool, step_id: str, following: str, scope: Scope
    ) -> dict[str, Any]:
        tool_id = node.tool_id if isinstance(node, ToolUse) else f"{node.server_id}:{node.tool}"
        entry = self.catalogue.tools.get(tool_id)
        brings = _brings(entry, node)
        filled = fill(
            entry.input_schema if entry else {},
            node.task,
            scope.sources,
            works_on_text=brings,
            description=self._described(entry) if entry else "",
        )
        given = node.arguments if isinstance(node, ToolUse) else {}
        step = {
            "id": step_id, "type": "tool", "name": shown(node.task or tool_id, 200), "tool": tool_id,
            "arguments": filled.arguments | given, "next": following,
        }  # fmt: skip
        unsure = {
            argument: _open_warning(step_id, argument, filled.arguments[argument])
            for argument in filled.unsure
            if argument not in given
        }
        self.warnings += unsure.values()
        if unsure:
            certain = frozenset(filled.arguments | given) - set(unsure)
            self.gaps.append(OpenArguments(step, node.task, certain, unsure, tuple(scope.sources)))
        if brings:
            schema = dict(entry.output_schema) if entry and entry.output_schema else None
            scope.sources.append(
                Source(f"${{steps.{step_id}.output}}", shown(node.task, 60), schema)
            )
        self.last = step
        return step

    def _described(self, tool: ToolEntry) -> str:
        """What the tool and its server tell of themselves."""
        server = self.catalogue.servers.get(tool.server_id or "")
        return f"{tool.description} {server.description if server else ''}"

    def _approval(
        self, node: Approval, step_id: str, following: str, scope: Scope
    ) -> dict[str, Any]:
        """Asks the run's owner; a rejection ends the list of steps without an error."""
        self.warnings.append(
            f"The step {step_id!r} asks the run's owner: name approvers if somebody else is to decide."
        )
        return {
            "id": step_id, "type": "approval", "name": shown(node.task, 200) or "Approval",
            "approval_message": escape(node.message), "content": scope.sources[-1].template, "on_reject": END,
            "next": following,
        }  # fmt: skip

    def _parallel(
        self, node: Parallel, step_id: str, following: str, scope: Scope, depth: int
    ) -> dict[str, Any]:
        branches = []
        for number, branch in enumerate(node.branches, start=1):
            steps = self.steps(branch, scope.inner(), depth=depth + 1)
            branches.append(
                {"id": f"branch-{number}", "steps": steps, "entry_step": steps[0]["id"]}
            )
        scope.sources.append(
            Source(f"${{steps.{step_id}.output}}", "Results", {"type": "array"}, is_list=True)
        )
        self.last = None
        return {
            "id": step_id, "type": "parallel", "name": "At the same time", "branches": branches,
            "aggregation": "all", "next": following,
        }  # fmt: skip

    def _choice(
        self, node: Choice, step_id: str, following: str, scope: Scope, depth: int
    ) -> list[dict[str, Any]]:
        way = choose_by(self.last, [case.condition for case in node.cases], scope.sources[-1])
        known = tuple(scope.sources)
        if way.source is not None:
            scope.sources[-1] = way.source
        found: list[dict[str, Any]] = []
        heads = []
        for body in (*(case.body for case in node.cases), node.otherwise):
            steps = self.steps(body, scope.inner(), after=following, depth=depth)
            heads.append(steps[0]["id"] if steps else following)
            found += steps
        self.last = None
        asked = "; ".join(case.condition for case in node.cases)
        step = {
            "id": step_id,
            "type": "conditional",
            "name": shown(asked, 200),
            "default": heads[-1],
        }
        step |= way.fields(heads[:-1])
        words = tuple(case.condition for case in node.cases)
        self._undecided(step, words, way.warning, known)
        return [step, *found]

    def _undecided(
        self, step: dict[str, Any], words: tuple[str, ...], warning: str, known: tuple[Source, ...]
    ) -> None:
        """Tell, where there is a warning, that only words say what `step` decides on."""
        if warning:
            told = f"{warning} Step {step['id']!r}."
            self.warnings.append(told)
            self.gaps.append(OpenCondition(step, words, told, known))

    def _loop(
        self, node: Loop, step_id: str, following: str, scope: Scope, depth: int
    ) -> dict[str, Any]:
        times = node.times or DEFAULT_ITERATIONS[node.mode]
        step: dict[str, Any] = {
            "id": step_id, "type": "loop", "name": shown(f"{node.mode}: {node.phrase}", 200),
            "loop_mode": node.mode, "max_iterations": max(1, min(times, MAX_ITERATIONS)),
        }  # fmt: skip
        if node.mode == "foreach":
            step["over"], label = self._told(node) or (self._over(step_id, scope), "Item")
            inner = Scope([Source("${loop.item}", label)])
        else:
            inner = scope.inner(Source('${loop.last ?? "none yet"}', "Outcome of the round before"))
        steps = self.steps(node.body, inner, depth=depth + 1)
        step |= {"steps": steps, "entry_step": steps[0]["id"], "next": following}
        if node.mode == "until":
            self._until(node, step, scope, inner)
        else:
            scope.sources.append(
                Source(
                    f"${{steps.{step_id}.output}}",
                    "Results",
                    {"type": "array"},
                    is_list=node.mode == "foreach",
                )
            )
        self.last = None
        return step

    def _until(self, node: Loop, step: dict[str, Any], scope: Scope, inner: Scope) -> None:
        times = node.times or DEFAULT_ITERATIONS["until"]
        verdict = judged_until(step["steps"], node.phrase, times)
        step["exit_condition"] = verdict.condition
        if verdict.output:
            step["output"] = verdict.output
        self._undecided(step, (node.phrase,), verdict.warning, tuple(inner.sources))
        template = f"${{steps.{step['id']}.output{verdict.text_path}}}"
        scope.sources.append(Source(template, "Result"))

    def _told(self, node: Loop) -> tuple[list[str], str] | None:
        """The items that the words tell, and what one is called; cities as time zones where a tool in the loop takes one."""
        items = told_items(node.phrase)
        if not items:
            return None
        tools = [
            self.catalogue.tools.get(leaf.tool_id)
            for leaf in leaves(node.body)
            if isinstance(leaf, ToolUse)
        ]
        if any(tool and zone_arguments(tool.input_schema) for tool in tools) and (
            zones := zones_of(items)
        ):
            return zones, "Timezone"
        return [escape(item) for item in items], kind_of(node.phrase)

    def _over(self, step_id: str, scope: Scope) -> Any:
        """The list that a foreach goes through; without a known one, the run's input is its only item."""
        source = scope.sources[-1]
        if source is USER_INPUT or source.template == "${loop.item}":
            self.warnings.append(
                f"Say what the loop {step_id!r} goes through: for now its only item is the input."
            )
            return [source.template]
        if self.last is not None and self.last["type"] == "agent":
            return answer_field(self.last, "items", {"type": "array", "items": {"type": "string"}})
        listed = list_field(source)
        if listed:
            return listed
        if not source.is_list:
            self.warnings.append(
                f"The loop {step_id!r} needs a list: check that {source.template} is one."
            )
        return source.template

    def _id(self, node: Node) -> str:
        found = step_id(node, self.taken)
        self.taken.add(found)
        return found


def _brings(entry: ToolEntry | None, node: ToolUse | NewTool) -> bool:
    """Whether later steps read what a tool gives; of one that is still to be configured its presumable name tells."""
    if entry is None:
        return isinstance(node, NewTool) and bool(actions(node.tool) & BRINGS)
    return entry.read_only or bool(tool_kinds(entry) & BRINGS)


def _wait(node: Wait, step_id: str, following: str) -> dict[str, Any]:
    return {
        "id": step_id, "type": "wait", "name": shown(node.task, 200) or "Wait", "duration_seconds": node.seconds,
        "next": following,
    }  # fmt: skip


def definition_of(
    plan: Plan, catalogue: Catalogue, *, workflow_id: str
) -> tuple[Expansion, dict[str, Any]]:
    """The raw definition for `plan` (for `normalise`), and its expansion with what is left to be said about it."""
    expansion = Expansion(catalogue)
    steps = expansion.steps(within_limits(plan.nodes), Scope())
    if steps and (rescue := within_limits(plan.on_failure)):
        steps = expansion.rescued(steps, rescue)
    definition: dict[str, Any] = {
        "id": workflow_id,
        "name": shown(plan.name, 200) or "Workflow",
        "description": shown(plan.description, 1_000),
        "steps": steps,
    }
    if steps:
        definition["entry_step"] = steps[0]["id"]
    return expansion, definition


def _open_warning(step_id: str, argument: str, value: object) -> str:
    if is_open(value):
        return (
            f"The step {step_id!r} takes its argument {argument!r} from the run's input: "
            f"give it as input.{argument}, or write it into the step."
        )
    return f"Check the argument {argument!r} of the step {step_id!r}."
