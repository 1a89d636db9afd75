"""Cases told one after the other by what becomes of each kind: 'permits become tasks, complaints are mailed, the rest is filed'."""

import re
from dataclasses import dataclass, replace

from generation.planning.language.verbs import DETERMINERS, actions, starts_with_verb, verb_at
from generation.planning.language.words import stem, tokens
from generation.planning.reading.happening import VERB, happening, instruction
from generation.planning.reading.implied import REST, each_of

_CUT = re.compile(
    rf"(\s*[,;:]\s+(?:and |but |while |whereas )?|[.!?]\s+|\s*\n\s*|\s+(?:and|but|while|whereas)\s+(?=(?:for )?(?:{REST}|every other|any other)\b))",
    re.IGNORECASE,
)
# What happens to a kind of thing: 'bug reports become …'
_SUBJECT = re.compile(
    rf"^(?P<who>(?!if\b|when\b|whoever\b|as\b|once\b|after\b|before\b|until\b|while\b|unless\b|otherwise\b|then\b|it\b|i\b|we\b|you\b|they\b|he\b|she\b|there\b|this\b|that\b)(?:[\w'\u2019-]+ ){{1,7}}?){VERB}(?P<rest> .+)$",
    re.IGNORECASE | re.DOTALL,
)
_REST_CLAUSE = re.compile(
    rf"^(?:for )?(?:{REST}|otherwise|(?:every|any|all|the) other (?:\w+))\b,? (?P<act>.+)$",
    re.IGNORECASE | re.DOTALL,
)
# 'questions an answer' behind 'complaints get an apology'
_GAPPED = re.compile(
    r"^(?P<who>[\w'\u2019-]+(?: [\w'\u2019-]+){0,2}?)(?P<rest> (?P<head>an?|the|our|some|to|into|in|on|by|via) .+)$",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"^(?:and |but )?(?:if|when(?:ever)?|in case)\b", re.IGNORECASE)
_ARTICLES = frozenset({"a", "an", "the", "our", "some"})
_ANY = frozenset({"anything", "anyone", "anybody", "those", "ones"})
_NO_KIND = DETERMINERS | {"everything", "everyone", "everybody", "what", "which", "who", "how", "one", "each", "every", "both", "all", "nothing", "nobody", "no"}  # fmt: skip
# What stands in a clause about a thing, not in its name.
_OF_CLAUSES = frozenset(
    {"it", "them", "they", "until", "till", "if", "when", "whether", "how", "what", "why", "where"}
)
_RELATIVE = frozenset({"who", "which", "that"})
LONGEST_KIND = 5
# How far back lies what finds out which kind it is.
LOOKS_BACK = 3


@dataclass(frozen=True)
class Clause:
    """A stretch of text with what separates it from the one before."""

    separator: str
    text: str

    @property
    def starts_sentence(self) -> bool:
        """Whether a sentence begins here."""
        return not self.separator.strip() or any(mark in self.separator for mark in ".!?\n")


@dataclass(frozen=True)
class Told:
    """What becomes of a kind: 'bug reports', 'become', ' a ticket'."""

    who: str
    verb: str
    rest: str


@dataclass(frozen=True)
class Run:
    """Cases, as they are told instead, how many clauses they take, and how many of them are kinds."""

    cases: tuple[str, ...]
    length: int
    kinds: int
    has_rest: bool


def with_runs(text: str) -> str:
    """`text` with what becomes of each kind of thing as 'if it is …, …' and 'otherwise …'."""
    clauses = _clauses(text)
    found: list[str] = []
    at = 0
    while at < len(clauses):
        clause = clauses[at]
        run = _run(clauses, at)
        if run is not None and _is_decision(run, clauses, at):
            if (
                found
                and _is_some(_subject(clause.text))
                and (each := each_of(clauses[at - 1].text))
            ):
                found[-1] = f"{clauses[at - 1].separator}{each}"
            start = clause.separator if clause.starts_sentence else ". "
            found.append(start + ". ".join(run.cases))
            at += run.length
            continue
        found.append(f"{clause.separator}{clause.text}")
        at += 1
    return "".join(found)


def _clauses(text: str) -> list[Clause]:
    parts = ["", *_CUT.split(text)]
    return [Clause(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]


def _run(clauses: list[Clause], start: int) -> Run | None:
    """The cases from `start` on; None where no kind of thing is told of."""
    run = Run((), 0, 0, False)
    last: Told | None = None
    for at in range(start, len(clauses)):
        clause = clauses[at]
        text = clause.text.rstrip(" .!")
        told = _told(text) or _gapped(text, last, clauses[:start])
        is_new_sentence = clause.starts_sentence and at > start
        if last is not None and (rest := _REST_CLAUSE.match(text)):
            case = f"otherwise {_of_rest(rest['act'], last)}"
            return replace(run, cases=(*run.cases, case), has_rest=True, length=run.length + 1)
        is_further = not is_new_sentence and not _is_certain(told)
        if told is not None and (is_kind(told.who) or is_further):
            case = f"if it is {_quality_of(told.who)}, {happening(told.verb, told.rest)}"
            run, last = replace(run, cases=(*run.cases, case), kinds=run.kinds + 1), told
        elif run.cases and _goes_on(clauses, start, at):
            run = replace(run, cases=(*run.cases[:-1], f"{run.cases[-1]}{clause.separator}{text}"))
        else:
            break
        run = replace(run, length=run.length + 1)
    return run if run.kinds else None


def _told(text: str) -> Told | None:
    told = None if _REST_CLAUSE.match(text) else _SUBJECT.match(text)
    words = tokens(told["who"]) if told else []
    is_thing = words and words[-1] not in _RELATIVE and not set(words) & _OF_CLAUSES
    if not told or not is_thing or _is_instruction(told["who"]):
        return None
    return Told(told["who"], told["verb"], told["rest"])


def _gapped(text: str, last: Told | None, before: list[Clause]) -> Told | None:
    """'praise a thank-you note', where what happens was told of a kind before, and praise was spoken of."""
    gap = _GAPPED.match(text) if last is not None else None
    if gap is None or last is None:
        return None
    spoken = {stem(word) for clause in before for word in tokens(clause.text)}
    words = tokens(gap["who"])
    is_named = bool(words) and not set(words) & _OF_CLAUSES
    is_spoken_of = is_named and (stem(words[-1]) in spoken or words[-1].endswith("s"))
    borrowed = _borrowed(last, gap["head"])
    if borrowed is None or not is_spoken_of:
        return None
    return Told(gap["who"], last.verb, f"{borrowed}{gap['rest']}")


def _borrowed(last: Told, head: str) -> str | None:
    """What stands between the verb and the words that a gap begins with: ' forwarded' of 'get forwarded to Anna' for 'to Luc'."""
    if head.lower() in _ARTICLES:
        return "" if last.rest.split()[0].lower() in _ARTICLES else None
    before, is_there, _ = last.rest.partition(f" {head} ")
    return before if is_there else None


def _of_rest(act: str, last: Told) -> str:
    """What is done with the rest, with the verb of the case before where it has none: 'to the pool'."""
    borrowed = _borrowed(last, act.split()[0])
    is_gap = borrowed is not None and act.split()[0].lower() not in _ARTICLES
    return happening(last.verb, f"{borrowed} {act}") if is_gap else instruction(act)


def _goes_on(clauses: list[Clause], start: int, at: int) -> bool:
    """Whether a clause still tells of the case before: a further instruction, or a condition in between."""
    clause = clauses[at]
    if clause.starts_sentence:
        return bool(_CONDITION.match(clause.text)) and _is_some(_subject(clauses[start].text))
    head = next(n for n in range(at, start - 1, -1) if n == start or clauses[n].starts_sentence)
    is_conditional = head > start and bool(_CONDITION.match(clauses[head].text))
    return is_conditional or starts_with_verb(clause.text)


def _is_decision(run: Run, clauses: list[Clause], start: int) -> bool:
    """Whether the kinds are cases: something is left for the rest, or somebody found out which kind it is."""
    is_of_kinds = is_kind(_subject(clauses[start].text))
    if run.has_rest and (run.kinds > 1 or not _crosses(clauses, start, run)):
        return is_of_kinds or clauses[start].starts_sentence
    if run.has_rest:
        return _is_some(_subject(clauses[start].text))
    before = clauses[max(0, start - LOOKS_BACK) : start]
    return run.kinds > 1 and is_of_kinds and any(map(_finds_out, before))


def _finds_out(clause: Clause) -> bool:
    return any("analyse" in actions(part) for part in re.split(r"\band\b", clause.text))


def _crosses(clauses: list[Clause], start: int, run: Run) -> bool:
    """Whether the cases stand in several sentences."""
    return any(clause.starts_sentence for clause in clauses[start + 1 : start + run.length])


def _is_some(subject: str) -> bool:
    """'anyone under 18', 'suspicious ones', 'hot leads': some of the things that were spoken of."""
    words = tokens(subject)
    return bool(words) and (words[0] in _ANY or words[-1] in _ANY)


def _subject(text: str) -> str:
    told = _SUBJECT.match(text)
    return told["who"] if told else text


def is_kind(subject: str) -> bool:
    """Whether things of a kind are meant, not a certain one: 'building permits', 'anything about taxes', 'urgent ones'."""
    words = tokens(subject)
    if not words or len(words) > LONGEST_KIND + (words[0] in _ANY):
        return False
    return words[0] in _ANY or words[-1] in _ANY or words[0] not in _NO_KIND


def _is_certain(told: Told | None) -> bool:
    """'the docket': one certain thing, no kind of things."""
    words = tokens(told.who) if told else []
    return (
        words[:1] in (["the"], ["its"], ["our"])
        and not words[-1].endswith("s")
        and words[-1] not in ("rest", "other", "one")
    )


def _is_instruction(subject: str) -> bool:
    words = tokens(subject)
    roots = [stem(word) for word in words]
    length, _, is_noun_too = verb_at(roots, 0)
    return bool(length) and not is_noun_too and not words[0].endswith(("ed", "ing", "s"))


def _quality_of(subject: str) -> str:
    plain = subject.strip().lower()
    plain = re.sub(
        r"^(?:the|an?|all|any|those|every|each|anything|anyone|anybody) (?=\w)", "", plain
    )
    return re.sub(r"(?<=\w) ones$", "", plain)
