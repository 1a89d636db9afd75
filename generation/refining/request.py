"""A request to change a workflow, and the answer to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.drafting import DraftRequest
from generation.refining.examples import examples
from generation.refining.outcome import UNCHANGED, Refined, contract, unchanged
from generation.result import Drafted
from workflows.definition.steps import Definition
from workflows.definition.validate import report

# Characters of a request for a new workflow, and of an instruction such as 'drop tone'.
MIN_PROMPT, MIN_INSTRUCTION = 10, 3


@dataclass(frozen=True, kw_only=True)
class RefineRequest(DraftRequest):
    """What `prompt` is to change in version `version` of a workflow, and what may be used for it.

    `is_repair`: the problems of that version are to be put right.
    """

    definition: Definition
    version: int
    is_repair: bool = False


def answer_to(
    request: RefineRequest, outcome: Refined, warnings: Sequence[str], *, said: str = ""
) -> Drafted:
    """The result of `request`; `said` are a model's words about it, which never stand for a change."""
    explanation = ""
    if outcome.difference.is_empty:
        # Even if operations cancelled each other out.
        found = report(request.definition.to_json(), request.catalogue)
        outcome, explanation = unchanged(request.definition, found), UNCHANGED
        is_puzzling = not (warnings or request.is_repair)
        warnings = (
            [f"{UNCHANGED} {examples(request.definition, request.prompt)}"]
            if is_puzzling
            else warnings
        )
    told = contract(
        outcome,
        request.catalogue,
        version=request.version,
        explanation=explanation,
        warnings=warnings,
    )
    if said and not explanation:
        told["explanation"] = f"{told['explanation']} {said}".strip()
    return Drafted(told, tuple(outcome.report.problems))
