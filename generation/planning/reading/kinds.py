"""Decisions told of kinds of things: 'bug reports become tickets, everything else gets a label', 'whoever passes …'."""

import re
from collections.abc import Callable

from generation.planning.language.verbs import actions, starts_with_verb
from generation.planning.reading.clauses import inner_instruction
from generation.planning.reading.happening import VERB, happening
from generation.planning.reading.implied import REST
from generation.planning.reading.runs import with_runs

# 'Whoever reaches it gets a certificate', 'customers who are upset should get a call'
_WHOEVER = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but |while |whereas )?)(?:whoever|(?:(?<=[:.;] )|(?<=^))who(?! (?:is|are|was|can|will|should)\b)|(?:the )?(?:anyone|anybody|everyone|everybody|those|all|people|[a-z]+s)(?: of them)? (?:who|that|which))"
    r" (?P<condition>(?!is to\b)[^.;:!?,]{3,60}?),? (?P<verb>gets?|receives?|goes|go|should|must|has to|have to|is to|are to|can|may|moves?|is|are)(?P<rest> (?!not\b|n't)[^.;!?]+)",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"\b(?:whoever|(?:anyone|anybody|everyone|everybody|those|people|[a-z]+s) (?:who|that|which))\b",
    re.IGNORECASE,
)
# 'for a complaint write an answer'
_FOR_KIND = re.compile(
    r"(?P<start>[.;:!?]\s+|,\s+(?:and |but |while )?)(?:for|with|on|upon|at) (?:an?|any) (?P<told>[a-z][^.,;:!?]+|[a-z][\w -]{2,30}, [^.,;:!?]+)",
    re.IGNORECASE,
)
# 'advertising just gets moved' behind such cases
_KIND_HAPPENS = re.compile(
    rf",\s+(?:and |but |while )?(?P<who>(?!(?:the|it|they|then|otherwise|if|this|that|we|you|i) )(?:[\w-]+ ){{1,3}}?)(?:just |simply |only )?{VERB}(?P<rest> [^.,;:!?]+)",
    re.IGNORECASE,
)
_REST_BEHIND = re.compile(
    rf",\s+(?:and |but |while )?(?:for )?{REST} {VERB}(?P<rest> .+)$", re.IGNORECASE
)
# As many cases of one sentence are told apart.
MOST_CASES = 8
_ANY_REST = re.compile(rf"\b(?:{REST}|otherwise|else)\b", re.IGNORECASE)


def with_kinds(text: str) -> str:
    """`text` with what happens to each kind of thing as 'if it is …, …' and 'otherwise …'."""
    return _with_whoever(with_runs(_with_for(text)))


def opening(start: str) -> str:
    """The separator before a decision that becomes a sentence of its own."""
    return ". " if start[:1] in (",", ";", ":") else start


def cut(pattern: re.Pattern[str], text: str) -> tuple[str, str, str]:
    """`text` up to where `pattern` begins, what separates the two then, and the rest; all of it where it does not."""
    match = pattern.search(text)
    if match is None:
        return text, "", ""
    return text[: match.start()], ". ", text[match.start() :].lstrip(" ,")


def replaced(pattern: re.Pattern[str], told: Callable[[re.Match[str]], str], text: str) -> str:
    """`text` with `told` for every match, also for those that a match before took in and left behind its own case."""
    for _ in range(MOST_CASES):
        changed = pattern.sub(told, text)
        if changed == text:
            break
        text = changed
    return text


def _with_for(text: str) -> str:
    """'for a complaint write an answer, for an application open a case' as a decision, where somebody finds out which it is."""
    found = [match for match in _FOR_KIND.finditer(text) if _for_kind(match)]
    if len(found) < 2 or "analyse" not in _asked_before(text[: found[0].start() + 1]):
        return text
    spans = {match.span() for match in found}
    head, told = text[: found[0].start()], text[found[0].start() :]
    offset = len(head)

    def case(match: re.Match[str]) -> str:
        is_found = (match.start() + offset, match.end() + offset) in spans
        kind = _for_kind(match) if is_found else None
        return f"{opening(match['start'])}If it is {kind[0]}, {kind[1]}" if kind else match.group()

    told = _KIND_HAPPENS.sub(
        lambda match: (
            f". If it is {match['who'].strip()}, {happening(match['verb'], match['rest'])}"
        ),
        _FOR_KIND.sub(case, told),
    )
    return f"{head}{told}"


def _for_kind(match: re.Match[str]) -> tuple[str, str] | None:
    """('complaint', 'write an answer'); ('', '') where no instruction follows."""
    kind, comma, act = match["told"].partition(", ")
    if comma:
        return (kind, act) if starts_with_verb(act, is_first=True) else None
    kind, act = inner_instruction(match["told"], least=1)
    return (kind, act) if act else None


def _asked_before(text: str) -> frozenset[str]:
    return frozenset(kind for part in re.split(r"[.,;:!?]|\band\b", text) for kind in actions(part))


def _with_whoever(text: str) -> str:
    """'whoever passes gets a mail, whoever does not is told' as a decision; one alone may only say which are meant."""
    is_told = _WHOEVER.search(text) is not None
    if not is_told or (len(_WHO.findall(text)) < 2 and not _ANY_REST.search(text)):
        return text
    return replaced(_WHOEVER, _whoever, text)


def _whoever(match: re.Match[str]) -> str:
    rest, separator, others = cut(_WHOEVER, match["rest"])
    if left := _REST_BEHIND.search(rest):
        separator = f". Otherwise {happening(left['verb'], left['rest'])}{separator}"
        rest = rest[: left.start()]
    told = f"{opening(match['start'])}If it {_singular(match['condition'])}, {happening(match['verb'], rest)}"
    return f"{told}{separator}{others}"


def _singular(condition: str) -> str:
    return re.sub(r"^(?:are|were)\b", "is", re.sub(r"^do\b", "does", condition))
