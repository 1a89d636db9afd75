"""Decisions told of kinds of things: 'bug reports become tickets, everything else gets a label', 'whoever passes …'."""

import re

from generation.planning.language.verbs import verb_at
from generation.planning.language.words import stem, tokens
from generation.planning.reading.implied import REST

# 'Whoever reaches it gets a certificate', 'customers who are upset should get a call'
_WHOEVER = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but |while |whereas )?)(?:whoever|(?:anyone|anybody|everyone|everybody|those|all|people|[a-z]+s)(?: of them)? (?:who|that|which))"
    r" (?P<condition>(?!is to\b)[^.;:!?,]{3,60}?),? (?P<verb>gets?|receives?|goes|go|should|must|has to|have to|is to|are to|moves?|is|are)(?P<rest> (?!not\b|n't)[^.;!?]+)",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"\b(?:whoever|(?:anyone|anybody|everyone|everybody|those|people|[a-z]+s) (?:who|that|which))\b",
    re.IGNORECASE,
)
_ANY_REST = re.compile(rf"\b(?:{REST}|otherwise|else)\b", re.IGNORECASE)
# What happens to a kind of thing: 'bug reports become …'
_VERB = r"(?P<verb>becomes?|turns? into|moves?|gets?|receives?|goes|go|are|is|needs?|deserves?|should|must|will|can)"
_SUBJECT = re.compile(
    rf"^(?P<who>(?!if\b|when\b|otherwise\b|then\b|it\b|i\b|we\b|you\b|there\b|this\b|that\b)(?:[\w'\u2019-]+ ){{1,7}}?){_VERB}(?P<rest> .+)$",
    re.IGNORECASE | re.DOTALL,
)
_SUBJECT_LESS = re.compile(rf"^{_VERB}(?P<rest> .+)$", re.IGNORECASE | re.DOTALL)
_REST_CLAUSE = re.compile(
    rf"^(?:for )?(?:{REST}|otherwise|(?:every|any|all|the) other (?:\w+))\b,? (?P<act>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_SUFFICES = re.compile(
    r"^(?P<what>(?:an?|the|our|some|one) .+?) (?:is enough|will do|suffices|is sufficient|is fine|does it)$",
    re.IGNORECASE,
)


def with_kinds(text: str) -> str:
    """`text` with what happens to each kind of thing as 'if it is …, …' and 'otherwise …'."""
    return _with_whoever(_listed(text))


def instruction(act: str) -> str:
    """What happens to a thing as an instruction where that is certain: 'goes on the list' → 'it goes on the list'."""
    act = act.strip()
    if match := _SUBJECT_LESS.match(act):
        return _happening(match["verb"], match["rest"])
    if match := _SUFFICES.match(act):
        return f"make {match['what']}"
    return act


def opening(start: str) -> str:
    """The separator before a decision that becomes a sentence of its own."""
    return ". " if start[:1] in (",", ";", ":") else start


def cut(pattern: re.Pattern[str], text: str) -> tuple[str, str, str]:
    """`text` up to where `pattern` begins, what separates the two then, and the rest; all of it where it does not."""
    match = pattern.search(text)
    if match is None:
        return text, "", ""
    return text[: match.start()], ". ", text[match.start() :].lstrip(" ,")


def _with_whoever(text: str) -> str:
    """'whoever passes gets a mail, whoever does not is told' as a decision; one alone may only say which are meant."""
    is_told = _WHOEVER.search(text) is not None
    if not is_told or (len(_WHO.findall(text)) < 2 and not _ANY_REST.search(text)):
        return text
    return _WHOEVER.sub(_whoever, text)


def _whoever(match: re.Match[str]) -> str:
    rest, separator, others = cut(_WHOEVER, match["rest"])
    told = f"{opening(match['start'])}If it {_singular(match['condition'])}, {_happening(match['verb'], rest)}"
    return f"{told}{separator}{_WHOEVER.sub(_whoever, others)}"


def _singular(condition: str) -> str:
    return re.sub(r"^(?:are|were)\b", "is", re.sub(r"^do\b", "does", condition))


def _listed(text: str) -> str:
    """'Bug reports become tickets, people who cancel get a call, and everything else gets a label' as a decision."""
    return re.sub(r"[^.!?]+", lambda match: _in_sentence(match.group()), text)


def _in_sentence(sentence: str) -> str:
    lead, clauses = _clauses(sentence)
    rest = next((at for at, clause in enumerate(clauses) if _REST_CLAUSE.match(clause)), 0)
    told = [_SUBJECT.match(clause) for clause in clauses[:rest]]
    if not rest or any(match is None or _is_instruction(match["who"]) for match in told):
        return sentence
    cases = [
        f"if it is {_quality_of(match['who'])}, {_happening(match['verb'], match['rest'])}"
        for match in told
        if match is not None
    ]
    other = _REST_CLAUSE.match(clauses[rest])
    assert other is not None
    after = clauses[rest + 1 :]
    return lead + ". ".join([*cases, ", ".join([f"otherwise {instruction(other['act'])}", *after])])


def _clauses(sentence: str) -> tuple[str, list[str]]:
    lead = re.match(r"\s*", sentence)
    assert lead is not None
    return lead.group(), re.split(
        rf"\s*[,;]\s+(?:and |but |while |whereas )?|\s+(?:and|but|while|whereas)\s+(?=(?:for )?(?:{REST}|every other|any other)\b)",
        sentence[lead.end() :],
    )


def _is_instruction(subject: str) -> bool:
    words = tokens(subject)
    roots = [stem(word) for word in words]
    length, _, is_noun_too = verb_at(roots, 0)
    return bool(length) and not is_noun_too and not words[0].endswith(("ed", "s"))


def _quality_of(subject: str) -> str:
    return re.sub(r"^(?:the|an?|all|any|those|every|each) ", "", subject.strip().lower())


def _happening(verb: str, rest: str) -> str:
    """'become', ' a ticket' → 'make it a ticket'."""
    verb = verb.lower()
    if modal := re.match(r" (?:get|receive|be given)(?= )", rest):
        verb, rest = "gets", rest[modal.end() :]
    if verb in ("become", "becomes", "turn into", "turns into"):
        return f"make it{rest}"
    if verb in ("move", "moves"):
        return f"move it{rest}"
    if verb in ("go", "goes"):
        return f"it goes{rest}"
    if verb in ("are", "is"):
        return f"it is{rest}"
    if verb in ("get", "gets", "receive", "receives", "need", "needs", "deserve", "deserves"):
        return f"it gets{rest}"
    return f"it {verb}{rest}"
