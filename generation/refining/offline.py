"""Refinement without a model: the wishes in an instruction to operations; what is not understood changes nothing."""

from dataclasses import dataclass, field, replace

from generation.planning.language.typos import mended
from generation.refining.application import OperationsRefused, with_suggested
from generation.refining.examples import examples
from generation.refining.finding import StepAmbiguous, StepNotFound
from generation.refining.granting.grants import grant
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.inserting import NotInsertable
from generation.refining.instructions.languages import in_english
from generation.refining.instructions.parts import parts_of
from generation.refining.instructions.reading import read
from generation.refining.mending import problems_of
from generation.refining.outcome import Refined, refined, unchanged
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition, walk
from workflows.definition.validate import report

MAX_PARTS = 20


@dataclass
class Followed:
    """What an instruction led to; `refusals` are the parts that changed nothing, each with its reason."""

    outcome: Refined
    warnings: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def follow(instruction: str, definition: Definition, catalogue: Catalogue) -> Followed:
    """Carry out what `instruction` says as far as it is understood; never raises."""
    now = unchanged(definition, report(definition.to_json(), catalogue))
    followed, known = Followed(now), problems_of(definition, catalogue)
    for part in parts_of(instruction)[:MAX_PARTS]:
        so_far = followed.outcome
        usable = with_suggested(catalogue, so_far.operations)
        try:
            granted = _granted(part, so_far.definition, usable)
            outcome = refined(so_far.definition, granted.operations, usable, known=known)
            _require_sound(outcome)
        except (NotUnderstood, NotInsertable, StepNotFound) as error:
            followed.refusals.append(f"{part[:120]!r} changed nothing: {error}")
        except OperationsRefused as error:
            told = "; ".join(sentence.partition(": ")[2] or sentence for sentence in error.problems)
            followed.refusals.append(f"{part[:120]!r} changed nothing: {told}")
        else:
            followed.outcome = _after(so_far, outcome)
            followed.warnings += granted.warnings
    return followed


def _after(first: Refined, second: Refined) -> Refined:
    """Both, one after the other, as one."""
    return replace(
        second,
        before=first.before,
        operations=(*first.operations, *second.operations),
        notes=(*first.notes, *second.notes),
    )


def _require_sound(outcome: Refined) -> None:
    if outcome.new_errors:
        told = " ".join(problem.message for problem in outcome.new_errors[:3])
        raise NotUnderstood(f"it would break the workflow. {told}")
    if outcome.difference.is_empty:
        raise NotUnderstood("the workflow is like that already.")


def _granted(part: str, definition: Definition, catalogue: Catalogue) -> Granted:
    """The operations for one part; its words as they are first, then in English."""
    ground = Ground(definition, catalogue)
    names = [step.id for _, step in walk(definition.steps)]
    refusal: Exception | None = None
    for text in dict.fromkeys([*in_english(part, names), mended(part, catalogue)]):
        wish = read(text)
        if wish is None:
            continue
        try:
            return grant(wish, ground)
        except StepAmbiguous:
            raise
        except (NotUnderstood, NotInsertable, StepNotFound) as error:
            # The next reading is of the same words; the likeliest one says why.
            refusal = refusal or error
    if refusal is not None:
        raise refusal
    if part.endswith("?"):
        raise NotUnderstood("a question changes nothing: ask for an explanation instead.")
    raise NotUnderstood(
        f"it was not understood. {_half_understood(part, ground)}{examples(definition, part)}"
    )


def _half_understood(part: str, ground: Ground) -> str:
    """Which step it speaks of, where one can be told."""
    step = ground.steps.likeliest(part, ground.steps.all)
    return f"It seems to be about {step.id!r}, but not what is to happen with it. " if step else ""
