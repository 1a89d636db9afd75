"""Strands that run side by side and are told one after the other: 'On the one hand … On the other hand …', 'Track one: …'."""

import re
from dataclasses import dataclass

from generation.planning.reading.listed import listed_in

_STRAND = r"(?:tracks?|branch(?:es)?|threads?|strands?|paths?|lanes?|lines?|parts?|streams?|sides?|halves|half|teams?)"
_NUMBER = r"(?:one|two|three|four|1|2|3|4|a|b|c|d)"
_LABEL = re.compile(
    rf"(?:(?<=[.;:!?,]\s)|(?<=\n)|\A)(?:and )?(?:(?:on|in) )?(?:an? |the )?(?:{_STRAND} {_NUMBER}|"
    rf"(?:first|second|third|fourth|other) {_STRAND}|(?<=on a )(?:first|second|third|fourth))\s*(?::|,|\s[-\u2013\u2014])\s*|"
    rf"(?:(?<=[.;!?]\s)|(?<=\n)|\A)(?:{_STRAND}|worker|person|agent|job|task) {_NUMBER} (?=[a-z]+s )",
    re.IGNORECASE,
)
# Strands in one sentence behind a colon, divided by semicolons.
_SEMICOLONS = re.compile(
    r"(?:(?<=[.!?]\s)|\A)(?P<intro>[^.!?:;]*\b(?:side by side|in parallel|at the same time|simultaneously|concurrently|at once|independently)\b[^.!?:;]*):\s+"
    r"(?P<strands>[^.!?;]+(?:;\s+[^.!?;]+)+)",
    re.IGNORECASE,
)
# Strands in brackets: '[fetch the logs || fetch the metrics] -> find the cause'
_BRACKETS = re.compile(
    r"[\[({]\s*(?P<strands>[^\[\](){}|]{2,80}(?:\|\|?[^\[\](){}|]{2,80})+)[\])}]"
)
# … or between arrows, without brackets
_BARS = re.compile(
    r"(?:(?<=[.!?:>\u2192] )|\A)(?P<strands>[^\n.!?:|>\u2192\u21d2-]{2,80}(?: (?:\|\||&&?|\u2225) [^\n.!?:|>\u2192\u21d2-]{2,80})+)(?=\s*(?:-+>|=+>|\u2192|\u21d2))"
)
_BAR = re.compile(r"\s*\|\|?\s*|\s+&&?\s+|\s*\u2225\s*")
_ARROWS = re.compile(r"^[\s,;]*(?:-+>|=+>|\u2192|\u21d2)\s*|\s*(?:-+>|=+>|\u2192|\u21d2)[\s,;]*$")
# Strands that are numbered behind a colon: 'two things in parallel: (1) … (2) …'
_NUMBERED = re.compile(
    r"(?:(?<=[.!?]\s)|\A)[^.!?:]*\b(?:side by side|in parallel|at the same time|simultaneously|concurrently|at once|independently|alongside|in tandem|meanwhile)\b[^.!?:]*:\s*"
    r"(?=(?:\(?[1a][.)]|[-*•])\s)(?P<strands>.+)",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER_MARK = re.compile(
    r"(?:^|[\s,;.]*(?:\band\s+)?)(?:\(?(?:[1-6]|[a-f])[.)]|(?<=\n)[-*•])\s+", re.IGNORECASE
)
# 'Join the branches, then …'
_JOINED = re.compile(
    rf"^[\s.;,]*(?:join|merge|bring together|unite|combine) (?:the |both |these |all )*{_STRAND},?\s*(?:and |then |and then )?",
    re.IGNORECASE,
)
_HANDS = re.compile(
    r"\bon (?:the )?one (?:hand|side),?\s+(?P<first>.+?)[.;,]\s+(?:and |but |while )?on the other(?: (?:hand|side))?,?\s+(?P<second>[^.!?]+)",
    re.IGNORECASE | re.DOTALL,
)
_WHILE_ONE = re.compile(
    rf"(?:(?<=[.;:!?]\s)|\A)(?:while |whilst )?(?:in )?one(?: of them| {_STRAND}),?\s+(?P<first>[^.;!?]+?)[,;]\s+(?:and |while )?(?:in )?"
    rf"(?:the other|another)(?: one| {_STRAND})?,?\s+(?P<second>[^.!?]+)",
    re.IGNORECASE,
)
# 'Two tracks, running concurrently' only announces them.
_ANNOUNCED = re.compile(
    rf"(?:^|(?<=[.!?;:])\s*)[^.!?;:]*\b(?:two|three|four|both|following|several|{_STRAND}|things|independent\w*|parallel|concurrent\w*|same time|side by side)\b"
    r"[^.!?;:]*[.:;]?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Tracks:
    """What is told before the strands, each strand, and what is told after them."""

    before: str
    strands: tuple[str, ...]
    after: str


def tracks_in(text: str) -> Tracks | None:
    """The strands that `text` tells, null for none."""
    for pattern in (_HANDS, _WHILE_ONE):
        if match := pattern.search(text):
            hands = (match["first"].strip(), match["second"].strip())
            return Tracks(_introduction(text[: match.start()]), hands, _after(text[match.end() :]))
    if match := _BRACKETS.search(text) or _BARS.search(text):
        bars = tuple(part.strip() for part in _BAR.split(match["strands"]) if part.strip())
        before, behind = (
            _ARROWS.sub("", side) for side in (text[: match.start()], text[match.end() :])
        )
        return Tracks(before, bars, behind)
    if (match := _NUMBERED.search(text)) and len(numbered := _numbered(match["strands"])) > 1:
        last, _, after = _first_sentence(numbered[-1])
        return Tracks(text[: match.start()], (*numbered[:-1], last), _after(after))
    if match := _SEMICOLONS.search(text):
        strands = tuple(part.strip() for part in match["strands"].split(";"))
        return Tracks(text[: match.start()], strands, _after(text[match.end() :]))
    if listed := listed_in(text):
        before, things, after = listed
        return Tracks(before, things, _after(after))
    labels = list(_LABEL.finditer(text))
    if len(labels) < 2:
        return None
    ends = [*(label.start() for label in labels[1:]), len(text)]
    told = [text[label.end() : end] for label, end in zip(labels, ends, strict=True)]
    last, separator, after = _first_sentence(told[-1])
    return Tracks(
        _introduction(text[: labels[0].start()]),
        (*told[:-1], last),
        _after(f"{separator}{after}"),
    )


def _numbered(text: str) -> list[str]:
    return [part.strip() for part in _NUMBER_MARK.split(text) if part.strip()]


def _after(text: str) -> str:
    return _JOINED.sub("", text)


def _introduction(text: str) -> str:
    return _ANNOUNCED.sub("", text)


def _first_sentence(text: str) -> tuple[str, str, str]:
    match = re.search(r"[.!?]\s+|\s*\n+\s*", text)
    return (text, "", "") if match is None else (text[: match.start()], "", text[match.end() :])
