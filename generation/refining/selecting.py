"""Which steps some words mean when they may mean several: 'everything after X', 'all but X', 'X and Y', 'the last two steps'."""

import re
from collections.abc import Sequence

from generation.planning.language.verbs import starts_with_verb
from generation.planning.language.words import tokens
from generation.refining.finding import StepNotFound, Steps
from generation.refining.instructions.phrases import number, several
from workflows.definition.graph import StepList, edges, step_lists
from workflows.definition.steps import Definition, Step

_ALL = r"(?:everything|anything|whatever|what|all(?: of)?(?: (?:the|those|these))?(?: (?:steps|parts|tasks))?|(?:the )?steps|any steps?|every step|the rest)"
_RUNS = r"(?: (?:that|which))?(?: (?:comes?|runs?|is|are|stands?|happens?|follows?))?"
_AFTER = re.compile(
    rf"^(?:{_ALL}{_RUNS} (?:after|behind|following|from (?P<from>.+?) on(?:wards)?)|(?:everything|what|all)(?: that)? follows)(?: (?P<of>.+))?$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"^{_ALL}{_RUNS} (?:before|ahead of|up to|preceding) (?P<of>.+)$", re.IGNORECASE
)
_BETWEEN = re.compile(rf"^{_ALL}{_RUNS} (?:in )?between (?P<a>.+?) and (?P<b>.+)$", re.IGNORECASE)
_EXCEPT = re.compile(
    r"^(?:everything|all(?: of)?(?: the)?(?: (?:other )?(?:steps|parts|tasks))?|every step|the steps)(?: else)?,? (?:except|but|other than|apart from|besides|save)(?: for)? (?P<of>.+)$",
    re.IGNORECASE,
)
_SOME = re.compile(
    r"^(?:the )?(?P<which>first|last|final) (?P<count>\d{1,2}|two|three|four|five|six|ten) (?:steps|parts|tasks)$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|them|that|this)\b", re.IGNORECASE)
_WHOLE = re.compile(
    r"^(?:everything|it all|all(?: of (?:it|them|the steps))?|all (?:the )?steps|every step|the (?:whole|entire) workflow|the workflow)$",
    re.IGNORECASE,
)


_NUMBERS = re.compile(
    r"^(?:the )?steps? (?P<all>\d{1,3}(?:(?:,| and|, and| to|-) ?\d{1,3})+)$", re.IGNORECASE
)


def select(phrase: str, steps: Steps) -> list[Step]:
    """The steps that `phrase` means, in order, each once; raises `StepNotFound` where that is not certain."""
    text = phrase.strip().strip(".,!").strip()
    if _WHOLE.match(text):
        ids = ", ".join(repr(step.id) for step in steps.all[:20])
        raise StepNotFound(f"{phrase!r} is the whole workflow. The steps are: {ids}.")
    if match := _NUMBERS.match(text):
        return _numbered(match["all"], steps)
    if match := _SOME.match(text):
        return _some(match, steps)
    if match := _BETWEEN.match(text):
        return _between(steps.find(match["a"]), steps.find(match["b"]), steps)
    if match := _EXCEPT.match(text):
        kept = select(match["of"], steps)
        return [step for step in _outermost(kept, steps).steps if step not in kept]
    if match := _AFTER.match(text):
        step = steps.find(match["of"] or match["from"] or "")
        found = _ahead(_outermost([step], steps), step.id)
        return _some_at_all([step, *found] if match["from"] else found, phrase)
    if match := _BEFORE.match(text):
        step = steps.find(match["of"])
        here = _outermost([step], steps)
        later = [step, *_ahead(here, step.id)]
        behind = [s for s in here.steps if s not in later and step in _ahead(here, s.id)]
        return _some_at_all(behind, phrase)
    return _all_found(text, steps)


def steps_ahead(definition: Definition, step: Step) -> list[Step]:
    """The steps of its own list that may run after `step`."""
    here = next(one for one in step_lists(definition) if step.id in one.index)
    return _ahead(here, step.id)


def _all_found(text: str, steps: Steps) -> list[Step]:
    """One step, or those of a list of phrases."""
    parts = several(text)
    if len(parts) > 1 and steps.found(text) is None:
        for part in parts[1:]:
            if _is_act(part):
                raise StepNotFound(f"{part!r} is said as something to do, not as a step.")
        return list({(step := steps.find(part)).id: step for part in parts}.values())
    return [steps.find(text)]


def _is_act(part: str) -> bool:
    """'remove tone and send the draft' says two things."""
    words = tokens(re.sub(r"\s+(?:step|task)$", "", part))
    is_named = not words or words[0].endswith("ing") or len(words) == 1
    return bool(_PRONOUN.search(part)) or (not is_named and starts_with_verb(part, is_first=True))


def _some(match: re.Match[str], steps: Steps) -> list[Step]:
    count, found = number(match["count"]), steps.definition.steps
    if count >= len(found):
        raise StepNotFound(f"There are only {len(found)} steps, and {match[0]!r} is all of them.")
    return list(found[:count] if match["which"].lower() == "first" else found[-count:])


def _numbered(text: str, steps: Steps) -> list[Step]:
    """'2 and 3', '2 to 4'."""
    found = [int(one) for one in re.findall(r"\d+", text)]
    if re.search(r"to|-", text):
        if len(found) != 2:
            raise StepNotFound(f"Which steps {text!r} are is not clear.")
        found = list(range(found[0], found[1] + 1))
    return [steps.find(str(one)) for one in dict.fromkeys(found)]


def _between(first: Step, second: Step, steps: Steps) -> list[Step]:
    here = _outermost([first, second], steps)
    inside = [s for s in _ahead(here, first.id) if second in _ahead(here, s.id) and s != second]
    if second not in _ahead(here, first.id):
        raise StepNotFound(f"{second.id!r} does not come after {first.id!r}.")
    return _some_at_all(inside, f"between {first.id} and {second.id}")


def _outermost(found: Sequence[Step], steps: Steps) -> StepList:
    """The outermost list, which holds `found`: inside loops and branches, 'before' and 'after' mean too many things."""
    here = step_lists(steps.definition)[0]
    for step in found:
        if step.id not in here.index:
            raise StepNotFound(
                f"{step.id!r} stands inside another step: name the steps by their ids."
            )
    return here


def _ahead(here: StepList, step_id: str) -> list[Step]:
    """What runs after the step, in the order of the list; errors' ways count too."""
    seen, ahead = set[str](), [step_id]
    for name in ahead:
        new = {edge.target for edge in edges(here.steps[here.index[name]])} - seen
        ahead += sorted(target for target in new if target in here.index)
        seen |= new
    return [step for step in here.steps if step.id in seen]


def _some_at_all(found: list[Step], phrase: str) -> list[Step]:
    if not found:
        raise StepNotFound(f"There is no step {phrase!r}.")
    return found
