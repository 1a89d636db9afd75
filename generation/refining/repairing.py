"""Putting the problems of a workflow right: the patches that they bring, then, if asked, a model's operations."""

from collections.abc import Sequence
from dataclasses import replace

from generation.modelling.asking import Asker
from generation.refining.mending import Mended, mend
from generation.refining.operations import SuggestAgent
from generation.refining.outcome import Refined, unchanged
from generation.refining.request import RefineRequest, answer_to
from generation.refining.with_model import Enter, refine_with_model
from generation.result import Drafted
from workflows.definition.catalogue import Catalogue
from workflows.definition.problems import Problem
from workflows.definition.steps import Definition

PROMPT = "Put right the problems that the validation found, and change nothing else."


def repair_offline(definition: Definition, version: int, catalogue: Catalogue) -> Drafted:
    """`definition` with every patch that its problems bring; nothing else changes."""
    request = repair_request(definition, version, catalogue)
    return answer_to(request, _outcome(request, mend(definition, catalogue)), [])


def repair_request(definition: Definition, version: int, catalogue: Catalogue) -> RefineRequest:
    """The request to repair `definition`."""
    return RefineRequest(
        prompt=PROMPT, catalogue=catalogue, definition=definition, version=version, is_repair=True
    )


async def repair_with_model(request: RefineRequest, *, asker: Asker, enter: Enter) -> Drafted:
    """As `repair_offline`, then the model about what is left; raises what `refine_with_model` raises."""
    mended = mend(request.definition, request.catalogue)
    left = [problem for problem in mended.report.problems if problem.severity != "note"]
    if not left:
        return answer_to(request, _outcome(request, mended), [])
    made = await refine_with_model(
        PROMPT,
        mended.definition,
        request.catalogue,
        asker=asker,
        enter=enter,
        problems=_told(left),
    )
    # The others begin at the mended definition, not at the stored one, so they are not kept.
    suggested = tuple(one for one in made.outcome.operations if isinstance(one, SuggestAgent))
    outcome = replace(
        made.outcome,
        before=request.definition,
        operations=suggested,
        notes=(*mended.notes, *made.outcome.notes),
    )
    return answer_to(request, outcome, made.warnings, said=made.explanation)


def _outcome(request: RefineRequest, mended: Mended) -> Refined:
    same = unchanged(request.definition, mended.report)
    return replace(same, definition=mended.definition, notes=mended.notes)


def _told(problems: Sequence[Problem]) -> list[str]:
    return [f"{one.severity} at {one.path}: {one.message} {one.hint}".strip() for one in problems]
