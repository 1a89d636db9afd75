"""The way with a model: shortlist, plan, expansion, fill calls, checks and repairs, each a stage that can be seen."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from generation.expanding.draft import Draft
from generation.modelling import prompts
from generation.modelling.asking import Asker, UnusableAnswer
from generation.modelling.examples import nearest
from generation.modelling.filling import fill, wants_filling
from generation.modelling.reading import plan_of
from generation.modelling.repairing import Rounds, repair
from generation.modelling.schemas import PLAN_SCHEMA
from generation.modelling.shortlisting import Shortlist, shortlist
from generation.plan import Plan
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition


async def design(
    *,
    prompt: str,
    catalogue: Catalogue,
    context: Mapping[str, Any],
    complexity: str,
    templates: Sequence[Definition],
    asker: Asker,
    enter: Callable[[str], Awaitable[None]],
    expand: Callable[[Plan], Draft],
) -> Draft:
    """A draft without errors. `enter` is told each stage and raises `Cancelled`; `expand` makes a draft of a plan.

    Raises `ModelError` (no answer) and `UnusableAnswer` (what came stayed wrong after the repair rounds).
    """
    await enter("shortlisting")
    resources = shortlist(prompt, catalogue)
    examples = nearest(prompt, templates, resources.aliases)
    rounds = Rounds(enter)
    said = prompts.planning(prompt, context, complexity, resources, examples)
    await enter("planning")
    draft = expand(await _plan(said, resources, catalogue, asker, rounds))
    if wants_filling(draft):
        await enter("filling")
        await fill(draft, asker)
    await enter("checking")
    await repair(draft, resources, asker, rounds)
    return draft


async def _plan(
    said: prompts.Messages,
    resources: Shortlist,
    catalogue: Catalogue,
    asker: Asker,
    rounds: Rounds,
) -> Plan:
    """The model's plan; one that can't be read is asked for again, which takes a repair round."""
    stage, messages = "plan", said
    while True:
        try:
            answer = await asker.ask(
                purpose=stage, messages=messages, schema=PLAN_SCHEMA, name="workflow_plan"
            )
            return plan_of(answer, resources, catalogue)
        except UnusableAnswer as error:
            stage = await rounds.begin(error.problems)
            messages = prompts.planning_again(said, error.problems, error.text)
