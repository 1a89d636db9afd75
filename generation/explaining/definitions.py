"""A workflow in plain sentences, from its definition alone: what each step does, what it reads, and where it leads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from workflows.definition.caption import caption, one_line
from workflows.definition.catalogue import Catalogue
from workflows.definition.graph import StepList, edges, step_lists
from workflows.definition.plain_json import compact
from workflows.definition.references import TemplateSyntaxError, references_in
from workflows.definition.steps import (
    END,
    AgentStep,
    ApprovalStep,
    Branch,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
    ToolStep,
    WaitStep,
    WorkflowStep,
    to_json,
    walk,
)
from workflows.uses import used_agents, used_tools

LONGEST_VALUE = 160


@dataclass(frozen=True)
class ExplainedStep:
    """One step: `text` are sentences, `container` as in a difference ('' is the outermost list)."""

    id: str
    type: str
    container: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """A whole workflow: what it is, then its steps in document order."""

    summary: str
    steps: tuple[ExplainedStep, ...]


def explain(definition: Definition, catalogue: Catalogue) -> Explanation:
    """What `definition` does; `catalogue` is what the reader may see, so other names stay bare ids."""
    steps = tuple(
        ExplainedStep(step.id, step.type, _container(one), _sentences(step, catalogue))
        for one in step_lists(definition)
        for step in one.steps
    )
    order = {step.id: number for number, (_, step) in enumerate(walk(definition.steps))}
    return Explanation(
        _summary(definition, catalogue), tuple(sorted(steps, key=lambda step: order[step.id]))
    )


def _container(steps: StepList) -> str:
    around = steps.container.id if steps.container else ""
    return f"{around}/{steps.owner.id}" if isinstance(steps.owner, Branch) else around


def _summary(definition: Definition, catalogue: Catalogue) -> str:
    steps = [step for _, step in walk(definition.steps)]
    told = [f"{definition.name}: {definition.description}".rstrip(": .") + "."]
    if not steps:
        return f"{told[0]} It has no steps yet."
    count = len(steps)
    told.append(
        f"It has {count} step{'s' if count > 1 else ''} and begins with {definition.entry_step!r}."
    )
    agents = [_agent(agent, catalogue) for agent in sorted(used_agents(definition))]
    told += [f"It works with {_listed(agents)}."] if agents else []
    tools = sorted(used_tools(definition))
    told += [f"It uses {_listed(tools)}."] if tools else []
    asked = sum(isinstance(step, ApprovalStep) for step in steps)
    told += (
        [f"People are asked {asked} time{'s' if asked > 1 else ''} at most per pass."]
        if asked
        else []
    )
    if definition.output is not None:
        told.append(f"Its result is {_value(definition.output)}.")
    return " ".join(told)


def _sentences(step: Step, catalogue: Catalogue) -> str:
    told = [_does(step, catalogue), *_reads(step), *_bounds(step), *_ways(step)]
    return " ".join(sentence for sentence in told if sentence)


def _does(step: Step, catalogue: Catalogue) -> str:
    match step:
        case AgentStep():
            return _agent_does(step, catalogue)
        case ToolStep():
            return _tool_does(step, catalogue)
        case ParallelStep() | LoopStep():
            return _container_does(step)
        case ConditionalStep():
            source = f" by {_value(step.condition_source)}" if step.condition_source else ""
            return f"Decides{source} how to go on."
        case ApprovalStep():
            message = f": {step.approval_message!r}" if step.approval_message else ""
            return f"Waits for an approval {caption(step).replace('the owner', 'the owner of the run')}{message}."
        case WaitStep():
            is_open = step.until is None and step.duration_seconds is None
            return "Waits, but no time is chosen yet." if is_open else f"Waits {caption(step)}."
        case SetStep():
            keys = [*step.values, *step.compute]
            return f"Notes {_listed(keys)} for later steps." if keys else "Notes nothing yet."
        case WorkflowStep():
            return (
                f"Runs the workflow {caption(step)}."
                if step.workflow_id
                else "Runs a workflow that is not chosen yet."
            )
        case EndStep():
            output = f" with {_value(step.output)}" if step.output is not None else ""
            error = f" ({step.error})" if step.error else ""
            return f"{caption(step).capitalize()}{output}{error}."
        case _ as unreachable:
            assert_never(unreachable)


def _agent_does(step: AgentStep, catalogue: Catalogue) -> str:
    if step.agent_id is None and step.agent is None:
        return "An agent works here, but none is chosen yet."
    entry = catalogue.agents.get(step.agent_id or "")
    who = _agent(step.agent_id, catalogue) if step.agent_id else caption(step)
    purpose = (
        f" ({one_line(entry.description, 200).rstrip('.')})" if entry and entry.description else ""
    )
    told = f"The agent {who}{purpose} works, in at most {step.max_turns} turns."
    if step.tools:
        told += f" It may use {_listed(step.tools)}."
    fields = (step.output_schema or {}).get("properties")
    if isinstance(fields, dict) and fields:
        told += f" It answers with {_listed(list(fields))}."
    return told


def _tool_does(step: ToolStep, catalogue: Catalogue) -> str:
    if step.tool is None:
        return "Calls a tool that is not chosen yet."
    entry = catalogue.tools.get(step.tool)
    purpose = (
        f" ({one_line(entry.description, 200).rstrip('.')})" if entry and entry.description else ""
    )
    given = ", ".join(
        f"{name} = {_value(value)}" for name, value in list(step.arguments.items())[:12]
    )
    told = f"Calls the tool {step.tool}{purpose}{f' with {given}' if given else ''}."
    return f"{told} This can't be undone." if entry and entry.destructive else told


def _container_does(step: ParallelStep | LoopStep) -> str:
    inner = _listed([repr(one) for one in _inner(step)])
    if isinstance(step, LoopStep):
        times = {
            "count": f"{step.max_iterations or 'an unknown number of'} times",
            "foreach": f"for each item of {_value(step.over)}",
            "until": f"until {step.exit_condition}, at most {step.max_iterations or 'without end'} times",
        }[step.loop_mode]
        at_once = (
            f", up to {step.max_concurrency} at the same time" if step.max_concurrency > 1 else ""
        )
        return f"Repeats {inner} {times}{at_once}."
    joined = {
        "all": "all outputs are kept as a list", "merge": "the outputs are merged",
        "first": "the first that succeeds counts", "best": f"{step.judge_agent_id or 'a judge'} chooses the best",
    }[step.aggregation]  # fmt: skip
    return f"Runs {len(step.branches)} branches at the same time, beginning with {inner}; {joined}."


def _inner(step: ParallelStep | LoopStep) -> list[str]:
    if isinstance(step, LoopStep):
        return [inner.id for inner in step.steps]
    return [branch.entry_step for branch in step.branches if branch.entry_step]


def _reads(step: Step) -> Iterator[str]:
    """The outputs of other steps that it works on."""
    own = to_json(step)
    values = [value for name, value in own.items() if name not in ("steps", "branches")]
    found: dict[str, None] = {}
    for value in values:
        try:
            found |= {str(ref.path[0]): None for ref in references_in(value) if ref.root == "steps"}
        except TemplateSyntaxError:
            continue  # a condition, whose own text is told
    if found and not isinstance(step, ToolStep | ConditionalStep):
        yield f"It reads {_listed([repr(name) for name in found])}."


def _bounds(step: Step) -> Iterator[str]:
    retry = getattr(step, "retry", None)
    if retry is not None and retry.max_attempts > 1:
        yield f"It is tried up to {retry.max_attempts} times."
    if getattr(step, "on_error", "fail") == "skip":
        yield "If it fails, it is skipped."


def _ways(step: Step) -> Iterator[str]:
    for edge in edges(step):
        to = "this list ends" if edge.target == END else f"{edge.target!r} follows"
        match edge.kind:
            case "next":
                yield f"Then {to}."
            case "choice":
                yield f"If {edge.label!r}: {to}."
            case "default":
                yield f"Otherwise {to}."
            case "reject":
                yield f"If it is rejected, {to}."
            case "error":
                yield f"On {edge.label}, {to}."
    if isinstance(step, ApprovalStep) and step.on_reject == "fail":
        yield "A rejection fails the run."


def _agent(agent_id: str, catalogue: Catalogue) -> str:
    entry = catalogue.agents.get(agent_id)
    return (
        f"{entry.name} ({agent_id})"
        if entry and entry.name and entry.name != agent_id
        else agent_id
    )


def _value(value: Any) -> str:
    return one_line(value if isinstance(value, str) else compact(value), LONGEST_VALUE)


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:12]) + ([f"{len(names) - 12} more"] if len(names) > 12 else [])
    return (
        shown[0]
        if len(shown) == 1
        else f"{', '.join(shown[:-1])} and {shown[-1]}"
        if shown
        else "nothing"
    )
