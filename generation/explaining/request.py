"""A request to explain a workflow, and the answer to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.drafting import DraftRequest
from generation.refining.outcome import contract, unchanged
from generation.result import Drafted
from workflows.definition.steps import Definition
from workflows.definition.validate import report


@dataclass(frozen=True, kw_only=True)
class ExplainRequest(DraftRequest):
    """Version `version` of a workflow is to be explained; `language` is a BCP 47 tag ('' is that of its texts)."""

    definition: Definition
    version: int
    language: str = ""


def explained(request: ExplainRequest, text: str, warnings: Sequence[str] = ()) -> Drafted:
    """The result that says `text` and changes nothing."""
    found = report(request.definition.to_json(), request.catalogue)
    told = contract(
        unchanged(request.definition, found),
        request.catalogue,
        version=request.version,
        explanation=text,
        warnings=warnings,
    )
    return Drafted(told, tuple(found.problems))
