"""Decisions told by amounts: 'anything up to 2,000 euros we pay out; bigger ones go to an adjuster'."""

import re

from generation.planning.language.verbs import verb_at
from generation.planning.language.words import stem, tokens
from generation.planning.reading.happening import instruction
from generation.planning.reading.implied import REST
from generation.planning.reading.kinds import cut, opening, replaced

_NUMBER = r"(?:[$€£]?\s?\d[\d.,]*\d|[$€£]?\s?\d)"
_UNIT = r"(?:(?: ?%| ?(?:percent|points?|euros?|eur|dollars?|usd|pounds?|gbp|chf|francs?|k|days?|hours?|weeks?|months?|minutes?|stars?|kg|km|people|items?|pieces?|degrees?|tons?|employees|guests|pages|words)\b))?+"
_OPEN_END = r"(?: (?:or|and) (?:more|less|above|below|over|under|up(?:wards)?|higher|lower|better|worse|beyond|fewer))"
_BOUND = rf"(?:(?:between|from) {_NUMBER}{_UNIT} (?:and|to|up to) {_NUMBER}{_UNIT}|(?:(?:at|from|with|for) )?{_NUMBER}{_UNIT}{_OPEN_END}|(?:at )?(?:above|over|under|below|up to|from|more than|less than|at least|at most|fewer than|greater than|higher than|lower than)\s+(?:{_NUMBER}){_UNIT}{_OPEN_END}?)"
_WHAT = r"(?:(?:for |with )?(?:anything|everything|all|those|amounts|sums|values|scores|claims|orders|invoices|requests|the ones|ones|an? [\w-]+|[\w-]+s) (?:of )?(?:that (?:is|are) |which (?:is|are) )?)?"
_THRESHOLD = re.compile(
    rf"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but )?)(?P<what>{_WHAT})(?P<bound>{_BOUND})(?:,|:|\s+[-\u2013\u2014])?\s+(?!is\b|are\b|it is (?!\w+(?:ed|en|id)\b))(?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but |while |whereas )?)(?:(?:for |with |at |if it is )?(?:the |any |all |every |all the )?"
    r"(?:anything |everything |anyone |anybody |everyone |everybody |those |all )?(?P<how>(?:bigger|smaller|larger|higher|lower|cheaper|dearer|costlier|less|more|fewer|greater|longer|shorter|older|newer|better|worse|heavier|lighter)(?! than (?!that))(?: than that)?|"
    r"(?:at )?(?:less|more|fewer) than that|(?:above|below|over|under|beyond|up to)(?= an?\b|: | it is|[:,]| (?:is|are|goes|go|gets|must|should|has|needs)\b)|(?:above|below|over|under|beyond|up to) (?:that|this|it)(?: (?:sum|amount|limit|score|price|value|number))?|in between)(?: (?:ones|amounts|sums|values|(?!is\b|gets\b|goes\b|has\b|needs\b|was\b)[a-z]+s))?|(?:for |with )?"
    rf"{REST})(?:,? and|,|:|\s+[-\u2013\u2014])?\s+(?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
# 'from 5 to 8 a comment': what there is to be, without a verb
_THING = re.compile(
    r"(?:only |just )?an? (?:(?!is\b|are\b|goes\b|gets?\b|will\b|should\b|must\b|has\b|needs?\b|can\b)[\w'-]+ ?){1,6}$",
    re.IGNORECASE,
)
_IF_IT = re.compile(r"[\s.;:!?,]*if it is\b", re.IGNORECASE)
_AMOUNT = re.compile(rf"\bis (?:{_BOUND})", re.IGNORECASE)
# A decision that was told before.
_DECIDED = re.compile(r"\bif (?:it|there) is\b", re.IGNORECASE)


def with_thresholds(text: str) -> str:
    """`text` with 'above 500 euros …; for anything smaller …' as 'if …, …' and 'otherwise …'."""
    changed = replaced(_THRESHOLD, _threshold, text)
    is_told = changed != text or _DECIDED.search(text)
    return _COMPARATIVE.sub(_rest, changed) if is_told else text


def _threshold(match: re.Match[str]) -> str:
    if verb_at([stem(word) for word in tokens(match["what"])[:1]], 0)[0]:
        return match.group()
    # 'go into HubSpot, everybody else is told': where the others begin.
    act, separator, rest = cut(_COMPARATIVE, match["act"])
    inner, also, others = cut(_THRESHOLD, act)
    if others:
        act, separator, rest = inner, also, f"{others}{separator}{rest}"
    bound = re.sub(
        r"^(?:at|for|with|from) (?=[\d$€£])", "", match["bound"].strip(), flags=re.IGNORECASE
    )
    thing = "arrange " if _THING.match(act) and instruction(act) == act else ""
    told = f"If it is {bound}, {thing}{instruction(act)}"
    return f"{opening(match['start'])}{told}{separator}{rest}"


def _rest(match: re.Match[str]) -> str:
    if _IF_IT.match(match.group()) and not _AMOUNT.search(match.string[: match.start()]):
        # 'Higher: …, lower: …' are two cases where no amount was told.
        return match.group()
    return f". Otherwise {instruction(match['act'])}"
