"""Which step of a workflow some words mean: by its id, its name, its place, its kind, or what it does; never a guess."""

import re
from collections.abc import Sequence
from functools import cached_property

from generation.planning.language.typos import mended
from generation.planning.language.verbs import actions, verb_at
from generation.planning.language.words import STOP, stem, tokens, units
from generation.planning.matching.index import Index, Match
from generation.refining.inserting import CHANGES
from generation.refining.step_index import KEY, index_of_steps, used_by
from workflows.definition.catalogue import Catalogue
from workflows.definition.graph import edges, step_lists
from workflows.definition.steps import AgentStep, Definition, Step, ToolStep, to_json, walk

_FILLERS = re.compile(
    r"^(?:the|a|an|my|our|this|that|step|called|named|when|whenever|by|via|of)\s+|(?:'s)?\s+(?:step|steps|task|stage|part|node|agent|tool|one)$",
    re.IGNORECASE,
)
_ORDINALS = {
    "first": 0, "very first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "sixth": 5,
    "last": -1, "very last": -1, "final": -1, "second to last": -2, "second last": -2, "next to last": -2,
    "last but one": -2, "penultimate": -2,
}  # fmt: skip
_NUMBERED = re.compile(r"^(?:step )?(?:number |no\.? |#)?(\d{1,3})$", re.IGNORECASE)
_BESIDE = re.compile(
    r"^(?:the )?(?:step|one)(?: that (?:comes|runs|is))? (?P<side>(?:right |directly |just )?(?:after|before|behind|following)) (?P<of>.+)$",
    re.IGNORECASE,
)
_KINDS = {
    "approval": "approval", "confirmation": "approval", "sign-off": "approval", "wait": "wait", "pause": "wait", "delay": "wait",
    "loop": "loop", "parallel": "parallel", "decision": "conditional", "condition": "conditional",
    "conditional": "conditional", "branching": "conditional",
}  # fmt: skip
# 'before it goes out': sent.
_GETS = re.compile(r"\bgets? (?=sent\b|\w+ed\b)", re.IGNORECASE)
_GOES_OUT = re.compile(r"\b(?:goes|go|is|are|gets?|went|has gone) (?:out|off)\b", re.IGNORECASE)
# Words that say which steps, how many, or when: a phrase with one of them is more than the name of one step.
_MORE = re.compile(
    r"\b(?:everything|all|every|each|other|others|rest|branch(?:es)?|except|but|and|or|if|unless|until|not|only|between|before|after|then|instead)\b",
    re.IGNORECASE,
)
# The one noun of work whose stem is not its verb's.
_ANALYSIS = "analysis"
# 'paying', of which the stem is not that of 'pay'.
_GERUND = re.compile(r"\b([a-z]{3,})ing\b", re.IGNORECASE)
_ANYBODY = frozenset({"anybody", "nobody", "somebody", "everybody", "anyone", "someone"})
# How far ahead of the next step the best one has to be, and how much of the words it has to explain.
AHEAD, EXPLAINED = 0.7, 0.4


class StepNotFound(Exception):
    """Words that mean no step, or several; the message says which there are."""


class StepAmbiguous(StepNotFound):
    """Words that could mean several steps."""


class Steps:
    """The steps of a workflow, to be found by words."""

    def __init__(self, definition: Definition, catalogue: Catalogue) -> None:
        self.definition = definition
        self.catalogue = catalogue
        self.all: list[Step] = [step for _, step in walk(definition.steps)]

    @cached_property
    def _index(self) -> Index:
        return index_of_steps(self.all, self.catalogue)

    def find(self, phrase: str) -> Step:
        """The step that `phrase` means; raises `StepNotFound` where there is none, or more than one."""
        plain = phrase.strip() if _BESIDE.match(phrase.strip()) else _plain(phrase)
        for candidates in (
            self._by_id(plain), self._by_name(plain), self._by_place(plain), self._by_kind(plain),
            self._by_words(plain),
        ):  # fmt: skip
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                names = ", ".join(repr(step.id) for step in candidates[:8])
                raise StepAmbiguous(
                    f"{phrase.strip()!r} could be several steps: {names}. Use its id."
                )
        names = ", ".join(repr(step.id) for step in self.all[:20]) or "none yet"
        raise StepNotFound(f"No step is meant by {phrase.strip()[:120]!r}. The steps are: {names}.")

    def found(self, phrase: str) -> Step | None:
        """As `find`; null where no step is meant. Raises `StepAmbiguous` where several could be."""
        try:
            return self.find(phrase)
        except StepAmbiguous:
            raise
        except StepNotFound:
            return None

    def is_called(self, step: Step, phrase: str) -> bool:
        """Whether `phrase` is the very id or name of `step`."""
        return _flat(_plain(phrase)) in (_flat(step.id), _flat(step.name))

    def likeliest(self, phrase: str, among: Sequence[Step]) -> Step | None:
        """The one of `among` that `phrase` is most about; null where none shares a meaning with it."""
        ids = {step.id: step for step in among}
        ranked = (m for m in self._index.rank(phrase) if m.entry.id.removeprefix(KEY) in ids)
        best = next(ranked, None)
        if best is None or not (best.shared or best.nearness >= EXPLAINED):
            return None
        return ids[best.entry.id.removeprefix(KEY)]

    def _by_id(self, text: str) -> list[Step]:
        return [step for step in self.all if step.id == text] or [
            step for step in self.all if _flat(step.id) == _flat(text)
        ]

    def _by_name(self, text: str) -> list[Step]:
        return [step for step in self.all if step.name and _flat(step.name) == _flat(text)]

    def _by_place(self, text: str) -> list[Step]:
        """'first', 'last', 'step 2' of the outermost list; 'the step after draft'."""
        if match := _BESIDE.match(text):
            return self._beside(self.find(match["of"]), match["side"].lower())
        number = _ORDINALS.get(text.lower())
        if number is None and (match := _NUMBERED.match(text)):
            number = int(match[1]) - 1
        steps = self.definition.steps
        is_there = number is not None and -len(steps) <= number < len(steps)
        return [steps[number]] if number is not None and is_there else []

    def _beside(self, step: Step, side: str) -> list[Step]:
        here = next(one for one in step_lists(self.definition) if step.id in one.index)
        if "before" in side:
            return [s for s in here.steps if any(e.target == step.id for e in edges(s))]
        ahead = {edge.target for edge in edges(step) if edge.kind != "error"}
        return [s for s in here.steps if s.id in ahead]

    def _by_kind(self, text: str) -> list[Step]:
        kind = _KINDS.get(text.lower())
        return [step for step in self.all if step.type == kind]

    def _by_words(self, text: str) -> list[Step]:
        """Steps that are called or described with every word; else the one that the words mean far more than any other."""
        found = self._by_these_words(text)
        bare = _GERUND.sub(r"\1", text)
        return found or (self._by_these_words(bare) if bare != text else [])

    def _by_these_words(self, text: str) -> list[Step]:
        text = _GETS.sub("is ", _GOES_OUT.sub("is sent", mended(text, self.catalogue)))
        wanted = {stem(word) for word in tokens(text) if word not in STOP}
        if not wanted or _MORE.search(text) or text.lower() in _KINDS:
            return []
        called = [step for step in self.all if wanted <= _stems(self._called(step))]
        if len(called) == 1:
            return called
        meant = self._meant(text)
        if called:
            return [step for step in meant if step in called] if len(meant) == 1 else called
        described = [step for step in self.all if wanted <= _stems(self._described(step))]
        return meant or (described if len(described) == 1 else [])

    def _meant(self, text: str) -> list[Step]:
        """By the planner's matcher, against everything else that could be meant: what no step uses is not there."""
        ranked = self._index.rank(text)
        is_step = bool(ranked) and ranked[0].entry.id.startswith(KEY)
        if not is_step or not _is_explained(text, ranked[0]):
            return self._users(text)
        steps = [match for match in ranked if match.entry.id.startswith(KEY)]
        near = [m for m in steps if m.score >= AHEAD * steps[0].score]
        ids = {match.entry.id.removeprefix(KEY) for match in near}
        return [step for step in self.all if step.id in ids]

    def _users(self, text: str) -> list[Step]:
        """'send the reply', where 'the reply' is one step's work and another step, which reads it, sends."""
        verb, _, rest = text.partition(" ")
        kinds, made = actions(verb) & CHANGES, self._index.rank(rest) if rest else []
        if not kinds or not made or not _is_explained(rest, made[0]):
            return []
        output = f"steps.{made[0].entry.id.removeprefix(KEY)}."
        entries = {entry.id: entry for entry in self._index.entries}
        return [
            step
            for step in self.all
            if isinstance(step, AgentStep | ToolStep)
            and made[0].entry.id != f"{KEY}{step.id}"
            and entries[f"{KEY}{step.id}"].kinds & kinds
            and output in str(to_json(step))
        ]

    def _called(self, step: Step) -> str:
        return f"{step.id} {step.name} {used_by(step)}"

    def _described(self, step: Step) -> str:
        used = used_by(step)
        agent, tool = self.catalogue.agents.get(used), self.catalogue.tools.get(used)
        told = agent.description if agent else tool.description if tool else ""
        first = str(step.input).split("\n")[0] if isinstance(step, AgentStep) else ""
        first = re.sub(r"\$\{[^}]*\}", " ", first)
        return f"{self._called(step)} {step.description} {told} {first}"


def _is_explained(text: str, match: Match) -> bool:
    """Whether the entry has all that the words are about: left over may be only verbs of its kind ('the tone check')."""
    if match.coverage < EXPLAINED or not match.shared:
        return False
    for _, terms in units(text):
        if set(terms) & set(match.entry.weights):
            continue
        root = terms[-1].removeprefix("=")
        kinds = frozenset({"analyse"}) if _ANALYSIS in terms else verb_at([root], 0)[1]
        is_its_work = kinds and (not match.entry.kinds or kinds & match.entry.kinds)
        if not is_its_work and root not in {stem(word) for word in _ANYBODY}:
            return False
    return True


def _plain(phrase: str) -> str:
    text = phrase.strip().strip("'\"`.,!“”„").strip()
    while (shorter := _FILLERS.sub("", text).strip().strip("'\"`")) not in (text, ""):
        text = shorter
    return text


def _stems(text: str) -> set[str]:
    return {stem(word) for word in tokens(text)}


def _flat(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().lower()
