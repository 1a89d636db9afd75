"""Which step of a workflow some words mean: by its id, its name, its kind, or what it does; never a guess."""

import re
from collections.abc import Sequence

from generation.planning.language.words import STOP, stem, tokens
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import AgentStep, Definition, Step, ToolStep, walk

_FILLERS = re.compile(
    r"^(?:the|a|an|my|our|this|that|step|called|named)\s+|\s+(?:step|steps|task|stage|part)$", re.IGNORECASE
)  # fmt: skip
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "final": -1}
_NUMBERED = re.compile(r"^(?:step )?(?:number |no\.? )?(\d{1,3})$", re.IGNORECASE)
_KINDS = {
    "approval": "approval", "wait": "wait", "pause": "wait", "loop": "loop", "parallel": "parallel",
    "decision": "conditional", "condition": "conditional", "conditional": "conditional", "branching": "conditional",
}  # fmt: skip


class StepNotFound(Exception):
    """Words that mean no step, or several; the message says which there are."""


def find_step(phrase: str, definition: Definition, catalogue: Catalogue) -> Step:
    """The step that `phrase` means; raises `StepNotFound` where there is none, or more than one."""
    steps = [step for _, step in walk(definition.steps)]
    plain = _plain(phrase)
    for candidates in (
        _by_id(plain, steps), _by_name(plain, steps), _by_place(plain, definition), _by_kind(plain, steps),
        _by_words(plain, steps, catalogue),
    ):  # fmt: skip
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            names = ", ".join(repr(step.id) for step in candidates[:8])
            raise StepNotFound(f"{phrase.strip()!r} could be several steps: {names}. Use its id.")
    names = ", ".join(repr(step.id) for step in steps[:20]) or "none yet"
    raise StepNotFound(f"No step is meant by {phrase.strip()[:120]!r}. The steps are: {names}.")


def _plain(phrase: str) -> str:
    text = phrase.strip().strip("'\"`.,!").strip()
    while (shorter := _FILLERS.sub("", text).strip().strip("'\"`")) not in (text, ""):
        text = shorter
    return text


def _by_id(text: str, steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.id == text] or [
        step for step in steps if _flat(step.id) == _flat(text)
    ]


def _by_name(text: str, steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.name and _flat(step.name) == _flat(text)]


def _by_place(text: str, definition: Definition) -> list[Step]:
    """'first', 'last', 'step 2': of the outermost list."""
    number = _ORDINALS.get(text.lower())
    if number is None and (match := _NUMBERED.match(text)):
        number = int(match[1]) - 1
    steps = definition.steps
    return [steps[number]] if number is not None and steps and number < len(steps) else []


def _by_kind(text: str, steps: Sequence[Step]) -> list[Step]:
    kind = _KINDS.get(text.lower())
    return [step for step in steps if step.type == kind]


def _by_words(text: str, steps: Sequence[Step], catalogue: Catalogue) -> list[Step]:
    """Steps that share every word, first with what they are called, then with what they are described to do."""
    wanted = {stem(word) for word in tokens(text) if word not in STOP}
    if not wanted:
        return []
    for told in (_called, _described):
        shared = {step.id: len(wanted & told(step, catalogue)) for step in steps}
        full = [step for step in steps if shared[step.id] == len(wanted)]
        if full:
            return full
    scores = {s.id: len(wanted & (_called(s, catalogue) | _described(s, catalogue))) for s in steps}
    best = max(scores.values(), default=0)
    return [step for step in steps if scores[step.id] == best] if best * 2 > len(wanted) else []


def _called(step: Step, catalogue: Catalogue) -> set[str]:
    return _stems(f"{step.id} {step.name} {_used(step)}")


def _described(step: Step, catalogue: Catalogue) -> set[str]:
    used = _used(step)
    agent, tool = catalogue.agents.get(used), catalogue.tools.get(used)
    told = agent.description if agent else tool.description if tool else ""
    first = str(step.input).split("\n")[0] if isinstance(step, AgentStep) else ""
    return _stems(f"{step.id} {step.name} {used} {step.description} {told} {first}")


def _used(step: Step) -> str:
    if isinstance(step, AgentStep):
        return step.agent_id or (step.agent.name if step.agent else "")
    return (step.tool or "") if isinstance(step, ToolStep) else ""


def _stems(text: str) -> set[str]:
    return {stem(word) for word in tokens(text)}


def _flat(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().lower()
