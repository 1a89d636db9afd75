"""From an instruction and a workflow to a checked refinement: a model where one is configured, else our own reading."""

import logging
import re
from dataclasses import replace

from discovery.language_model.client import ModelError, is_configured
from generation.drafting import OFFLINE_PLANNER, OPENAI, DraftResult, OnStage
from generation.modelling.asking import Asker, Cancelled, UnusableAnswer
from generation.refining.application import OperationsRefused
from generation.refining.guarding import guarded
from generation.refining.offline import follow
from generation.refining.outcome import unchanged
from generation.refining.repairing import repair_offline, repair_with_model
from generation.refining.request import RefineRequest, answer_to
from generation.refining.with_model import MAX_DEFINITION_CHARACTERS, Enter, refine_with_model
from generation.result import Drafted
from workflows.definition.plain_json import compact
from workflows.definition.validate import report

logger = logging.getLogger(__name__)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


async def refine(
    request: RefineRequest, *, on_stage: OnStage, asker: Asker | None = None
) -> DraftResult:
    """A checked refinement; raises `Cancelled`. A model that fails never fails the job."""
    request = replace(request, prompt=_UNSTORABLE.sub(" ", request.prompt))
    asker = asker or Asker()

    async def enter(stage: str) -> None:
        if not await on_stage(stage):
            raise Cancelled

    reason = _why_offline(request)
    if reason is None:
        try:
            return DraftResult(await _by_model(request, asker, enter), OPENAI, asker.spent)
        except ModelError as error:
            logger.warning("The model gave no operations: %s", error.code)
            reason = error.message
        except UnusableAnswer as error:
            logger.warning("The model's operations stayed unusable: %s", error)
            reason = "The model's operations stayed unusable after two repair rounds."
    await enter("planning")
    if request.is_repair:
        made = repair_offline(request.definition, request.version, request.catalogue)
        return DraftResult(made, OFFLINE_PLANNER, asker.spent)
    return DraftResult(refine_offline(request, instead=reason), OFFLINE_PLANNER, asker.spent)


async def _by_model(request: RefineRequest, asker: Asker, enter: Enter) -> Drafted:
    if request.is_repair:
        return await repair_with_model(request, asker=asker, enter=enter)
    made = await refine_with_model(
        request.prompt, request.definition, request.catalogue, asker=asker, enter=enter
    )
    return answer_to(request, made.outcome, made.warnings, said=made.explanation)


def refine_offline(request: RefineRequest, *, instead: str = "") -> Drafted:
    """What the instruction's words lead to; `instead` says why no model read them, which becomes a warning."""
    catalogue = request.catalogue
    followed = follow(request.prompt, request.definition, catalogue)
    outcome, warnings = followed.outcome, [*followed.warnings]
    try:
        outcome, told = guarded(outcome, request.prompt, catalogue, in_own_words=True)
    except OperationsRefused as error:
        found = report(request.definition.to_json(), catalogue)
        outcome, told = unchanged(request.definition, found), error.problems
    because = [f"No model read this instruction: {instead}"] if instead else []
    return answer_to(request, outcome, [*because, *warnings, *told, *followed.refusals])


def _why_offline(request: RefineRequest) -> str | None:
    """Why no model is asked ('' is no reason to tell); null: ask it."""
    if request.generator == OFFLINE_PLANNER or not is_configured():
        return ""
    if len(compact(request.definition.to_json())) > MAX_DEFINITION_CHARACTERS:
        return "The workflow is too large to be sent to it."
    return None
