"""Clauses that hold a run up: 'wait for 2 hours', 'ask me before …', 'after approval by the manager'."""

import re

from generation.plan import Approval, Wait

_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "ten": 10, "half an": 0.5,
}  # fmt: skip
_AMOUNT = rf"(?P<count>\d{{1,6}}(?:\.\d+)?|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})\s+(?P<unit>{'|'.join(_UNITS)})s?"
_WAITS = (
    re.compile(
        rf"^(?:wait|pause|sleep|hold on|delay)(?: it)? (?:for )?(?:at least )?{_AMOUNT}\b",
        re.IGNORECASE,
    ),
    re.compile(rf"^{_AMOUNT}(?: later)?$", re.IGNORECASE),
)
_SANCTION = r"(?:approval|sign-?off|confirmation|permission|consent|go-?ahead|okay|ok)"
_APPROVAL = re.compile(
    rf"^(?:(?:please )?ask (?:me|us)\b(?! (?:to|what|which|how|where|who)\b)(?! for\b(?! (?:[\w']+ ){{0,3}}?{_SANCTION}\b))|"
    rf"(?:ask|wait) (?:(?:me|us|[\w ]{{1,40}}?) )?for (?:[\w']+ ){{0,3}}?{_SANCTION}\b|"
    rf"(?:get|obtain|request|seek|require) (?:[\w']+ ){{0,3}}?{_SANCTION}\b|"
    rf"(?:let|have) (?:me|us) (?:approve|confirm|sign off|release)\b|"
    rf"(?!(?:mark|set|flag|label|tag|call|say)\b)(?:[\w']+ ){{0,2}}?{_SANCTION}(?: (?:by|from|of) [\w ]+)?$)",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(r"(?:ask|wait|pause|get|obtain|request|seek|let|have)\b", re.IGNORECASE)
LONGEST_WAIT = 31_536_000


def asks_to_hold(text: str) -> bool:
    """Whether `text` begins with an instruction to wait or to ask somebody: 'ask me for approval', not 'the approval'."""
    return bool(_INSTRUCTION.match(text)) and hold(text) is not None


def hold(text: str) -> Approval | Wait | None:
    """The approval or the wait that a clause asks for, null for every other clause."""
    text = text.strip()
    for pattern in _WAITS:
        if match := pattern.match(text):
            said = match["count"].lower()
            count = _COUNTS[said] if said in _COUNTS else float(said)
            seconds = round(count * _UNITS[match["unit"].lower()])
            return Wait(max(1, min(seconds, LONGEST_WAIT)), text)
    return Approval(text, text) if _APPROVAL.match(text) else None
