"""A person before what can't be undone: operations that bring in a destructive tool bring in an approval as well."""

from collections.abc import Sequence

from generation.expanding.approving import MESSAGES, UNASKED
from generation.planning.arguments import escape
from generation.planning.language.languages import language_of
from generation.refining.mending import place_of
from generation.refining.operations import AddStep, Operation, Place, UpdateStep
from generation.refining.outcome import Refined
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition, ToolStep, walk


def approvals_for(
    outcome: Refined, instruction: str, catalogue: Catalogue
) -> tuple[list[Operation], list[str]]:
    """The approvals that `outcome` lacks before destructive tools that it brought in, and warnings instead of them
    where the instruction asks for none."""
    raw = outcome.definition.to_json()
    brought = {o.step for o in outcome.operations if isinstance(o, AddStep | UpdateStep)}
    tools = {
        s.id: s.tool or "" for _, s in walk(outcome.definition.steps) if isinstance(s, ToolStep)
    }
    unguarded = [
        step
        for problem in outcome.new_problems
        if problem.code == "destructive_tool"
        and (step := place_of(raw, problem.path)[0]) in brought & set(tools)
    ]
    if UNASKED.search(instruction):
        return [], [
            f"The tool {tools[step]!r} can't be undone and runs without an approval, as the instruction asks."
            for step in unguarded
        ]
    return [_approval(step, tools[step], instruction, outcome.definition) for step in unguarded], []


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
