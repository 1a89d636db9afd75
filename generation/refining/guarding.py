"""A person before what can't be undone: nothing that a refinement does may bring a destructive tool to run unasked."""

from collections.abc import Sequence

from generation.expanding.approving import MESSAGES, UNASKED
from generation.planning.arguments import escape
from generation.planning.language.languages import language_of
from generation.refining.application import OperationsRefused
from generation.refining.mending import place_of
from generation.refining.operations import AddStep, Operation, Place, RemoveStep
from generation.refining.outcome import Refined, refined
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import AgentStep, ApprovalStep, Definition, ToolStep, walk


def guarded(
    outcome: Refined, instruction: str, catalogue: Catalogue, *, in_own_words: bool
) -> tuple[Refined, list[str]]:
    """`outcome` with an approval before each destructive tool that it would let run unasked, and warnings.

    It makes no difference whether the tool came in, or a way past its approval. Where `instruction` asks for no
    approval, or (`in_own_words`: the operations are its words, not a model's) takes one away, a warning stands instead.
    Raises `OperationsRefused` where no approval can help: an agent that is handed such a tool.
    """
    exposed = _exposed(outcome)
    handed = _newly_handed(outcome, catalogue)
    if UNASKED.search(instruction):
        return outcome, [_unasked(tool) for tool in dict.fromkeys([*exposed.values(), *handed])]
    if handed:
        raise OperationsRefused([_to_an_agent(tool) for tool in handed])
    warnings: list[str] = []
    if in_own_words and _takes_approvals_away(outcome):
        added = {one.step for one in outcome.operations if isinstance(one, AddStep)}
        warnings = [_unasked(tool) for step, tool in exposed.items() if step not in added]
        exposed = {step: tool for step, tool in exposed.items() if step in added}
    if not exposed:
        return outcome, warnings
    return _with_approvals(outcome, exposed, instruction, catalogue), warnings


def _with_approvals(
    outcome: Refined, exposed: dict[str, str], instruction: str, catalogue: Catalogue
) -> Refined:
    guards: list[Operation] = [
        _approval(step, tool, instruction, outcome.definition) for step, tool in exposed.items()
    ]
    mended = refined(outcome.before, (*outcome.operations, *guards), catalogue)
    left = set(_exposed(mended)) & set(exposed)
    if left:
        tools = dict.fromkeys(exposed[step] for step in sorted(left))
        raise OperationsRefused(
            [f"The tool {tool!r} can't be undone: an approval must lead to it." for tool in tools]
        )
    return mended


def _exposed(outcome: Refined) -> dict[str, str]:
    """The tool steps that could run, since the refinement, what can't be undone and nobody approved; with their tools."""
    raw = outcome.definition.to_json()
    steps = walk(outcome.definition.steps)
    tools = {step.id: step.tool or "" for _, step in steps if isinstance(step, ToolStep)}
    places = (
        place_of(raw, problem.path)[0]
        for problem in outcome.new_problems
        if problem.code == "destructive_tool"
    )
    return {step: tools[step] for step in places if step in tools}


def _newly_handed(outcome: Refined, catalogue: Catalogue) -> list[str]:
    """The destructive tools that an agent of the refinement has and did not have before."""
    before = _handed(outcome.before)
    found = {
        tool
        for step, tools in _handed(outcome.definition).items()
        for tool in tools - before.get(step, frozenset())
        if tool in catalogue.tools and catalogue.tools[tool].destructive
    }
    return sorted(found)


def _handed(definition: Definition) -> dict[str, frozenset[str]]:
    return {
        step.id: frozenset([*(step.tools or ()), *(step.agent.tools if step.agent else ())])
        for _, step in walk(definition.steps)
        if isinstance(step, AgentStep)
    }


def _takes_approvals_away(outcome: Refined) -> bool:
    steps = walk(outcome.before.steps)
    approvals = {step.id for _, step in steps if isinstance(step, ApprovalStep)}
    removed = {one.step for one in outcome.operations if isinstance(one, RemoveStep)}
    return bool(approvals & removed)


def _unasked(tool: str) -> str:
    return (
        f"The tool {tool!r} can't be undone and runs without an approval, as the instruction asks."
    )


def _to_an_agent(tool: str) -> str:
    return (
        f"The tool {tool!r} can't be undone, so no agent is handed it: "
        "use a step of type tool behind a step of type approval."
    )


def _approval(step: str, tool: str, instruction: str, definition: Definition) -> AddStep:
    message = MESSAGES.get(language_of(instruction), MESSAGES[""])
    fields = {
        "name": "Approval",
        "approval_message": escape(message.format(tool=tool, task="").strip()),
        "on_reject": "end",
    }
    return AddStep(_free(f"approve-{step}", definition), "approval", fields, Place("before", step))


def _free(base: str, definition: Definition) -> str:
    taken: Sequence[str] = [step.id for _, step in walk(definition.steps)]
    name, number = base[:96], 2
    while name in taken:
        name, number = f"{base[:96]}-{number}", number + 1
    return name
