"""Repair rounds: a model is told what is wrong with a definition and answers with operations, not with a new one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from generation.expanding.draft import Draft
from generation.modelling import mechanical, prompts
from generation.modelling.asking import Asker, UnusableAnswer
from generation.modelling.shortlisting import Shortlist
from generation.plan import NewAgent
from generation.refining.application import (
    OperationsRefused,
    apply_operations,
    with_suggested,
)
from generation.refining.operations import OPERATIONS_SCHEMA, Operation, SetSetting, SuggestAgent
from generation.refining.reading import UnreadableOperations, read_operations
from workflows.definition.normalise import normalise
from workflows.definition.plain_json import compact
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.steps import Definition
from workflows.uses import used_workflows

ROUNDS = 2
MAX_PROBLEMS = 20
# Of a definition that is sent to be repaired; a longer one would cost more than it is worth.
MAX_CHARACTERS = 100_000


@dataclass
class Rounds:
    """The repair rounds of one job; `enter` shows the stage of each and raises `Cancelled`."""

    enter: Callable[[str], Awaitable[None]]
    used: int = 0

    async def begin(self, problems: Sequence[str]) -> str:
        """Take a round; the name of its stage. Raises `UnusableAnswer` with `problems` when none is left."""
        if self.used == ROUNDS:
            raise UnusableAnswer(list(problems))
        self.used += 1
        stage = f"repairing_{self.used}"
        await self.enter(stage)
        return stage


async def repair(draft: Draft, resources: Shortlist, asker: Asker, rounds: Rounds) -> None:
    """Bring the draft to a definition without errors; raises `UnusableAnswer`, `ModelError` and `Cancelled`."""
    mechanical.mend(draft)
    refused: list[str] = []
    while errors := draft.errors():
        said = [f"{problem.path}: {problem.message}" for problem in errors]
        stage = await rounds.begin(said)
        definition = _readable(draft, said)
        try:
            answer = await asker.ask(
                purpose=stage,
                messages=_messages(definition, errors, refused, draft.prompt, resources),
                schema=OPERATIONS_SCHEMA,
                name="operations",
            )
            operate(
                draft, definition, read_operations(answer["operations"], aliases=resources.aliases)
            )
            refused = []
        except (UnusableAnswer, UnreadableOperations, OperationsRefused) as error:
            refused = error.problems
        mechanical.mend(draft)


def _readable(draft: Draft, problems: list[str]) -> Definition:
    """What there is to operate on; raises `UnusableAnswer` for a definition that is none, or too long to be sent."""
    try:
        definition = normalise(draft.raw)
    except DefinitionError as error:
        raise UnusableAnswer(problems) from error
    if len(compact(definition.to_json())) > MAX_CHARACTERS:
        raise UnusableAnswer(problems)
    return definition


def operate(draft: Draft, definition: Definition, operations: Sequence[Operation]) -> None:
    """Carry `operations` out on the draft, whose definition is `definition`; raises `OperationsRefused`."""
    suggested = [one for one in operations if isinstance(one, SuggestAgent)]
    if suggested and not draft.may_suggest_agents:
        raise OperationsRefused(["No new agents are wanted. Use an id of `resources`."])
    if any(isinstance(one, SetSetting) for one in operations):
        raise OperationsRefused(["Leave the settings of the workflow as they are."])
    changed = apply_operations(definition, operations, draft.catalogue)
    if used_workflows(changed):
        raise OperationsRefused(["Steps that run other workflows are not wanted here."])
    draft.raw = changed.to_json()
    draft.catalogue = with_suggested(draft.catalogue, operations)
    for one in suggested:
        if one.id not in draft.offered.agents:
            draft.new_agents[one.id] = NewAgent(
                one.id, one.name[:200] or one.id, one.description[:1_000],
                one.instructions[:20_000] or one.description[:1_000] or one.id,
            )  # fmt: skip


def _messages(
    definition: Definition,
    errors: Sequence[Problem],
    refused: Sequence[str],
    prompt: str,
    resources: Shortlist,
) -> prompts.Messages:
    data: dict[str, Any] = {
        "request": prompt,
        "definition": definition.to_json(),
        "problems": [
            {"place": problem.path, "problem": problem.message, "hint": problem.hint}
            for problem in errors[:MAX_PROBLEMS]
        ],
        "resources": resources.shown,
    }
    if refused:
        data["refused"] = list(refused)[:MAX_PROBLEMS]
    return prompts.conversation(prompts.REPAIRING, data)
