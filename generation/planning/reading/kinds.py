"""Decisions told of kinds of things: 'bug reports become tickets, everything else gets a label', 'whoever passes …'."""

import re
from collections.abc import Callable

from generation.planning.reading.happening import happening
from generation.planning.reading.implied import REST
from generation.planning.reading.runs import with_runs

# 'Whoever reaches it gets a certificate', 'customers who are upset should get a call'
_WHOEVER = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but |while |whereas )?)(?:whoever|(?:the )?(?:anyone|anybody|everyone|everybody|those|all|people|[a-z]+s)(?: of them)? (?:who|that|which))"
    r" (?P<condition>(?!is to\b)[^.;:!?,]{3,60}?),? (?P<verb>gets?|receives?|goes|go|should|must|has to|have to|is to|are to|can|may|moves?|is|are)(?P<rest> (?!not\b|n't)[^.;!?]+)",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"\b(?:whoever|(?:anyone|anybody|everyone|everybody|those|people|[a-z]+s) (?:who|that|which))\b",
    re.IGNORECASE,
)
# As many cases of one sentence are told apart.
MOST_CASES = 8
_ANY_REST = re.compile(rf"\b(?:{REST}|otherwise|else)\b", re.IGNORECASE)


def with_kinds(text: str) -> str:
    """`text` with what happens to each kind of thing as 'if it is …, …' and 'otherwise …'."""
    return _with_whoever(with_runs(text))


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


def _with_whoever(text: str) -> str:
    """'whoever passes gets a mail, whoever does not is told' as a decision; one alone may only say which are meant."""
    is_told = _WHOEVER.search(text) is not None
    if not is_told or (len(_WHO.findall(text)) < 2 and not _ANY_REST.search(text)):
        return text
    return replaced(_WHOEVER, _whoever, text)


def _whoever(match: re.Match[str]) -> str:
    rest, separator, others = cut(_WHOEVER, match["rest"])
    told = f"{opening(match['start'])}If it {_singular(match['condition'])}, {happening(match['verb'], rest)}"
    return f"{told}{separator}{others}"


def _singular(condition: str) -> str:
    return re.sub(r"^(?:are|were)\b", "is", re.sub(r"^do\b", "does", condition))
