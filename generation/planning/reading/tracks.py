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


def _after(text: str) -> str:
    return _JOINED.sub("", text)


def _introduction(text: str) -> str:
    return _ANNOUNCED.sub("", text)


def _first_sentence(text: str) -> tuple[str, str, str]:
    match = re.search(r"[.!?]\s+", text)
    return (text, "", "") if match is None else (text[: match.start()], "", text[match.end() :])
