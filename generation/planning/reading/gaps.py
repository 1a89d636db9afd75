"""Words that are left out because they were said before, put in again: 'the rest a reminder', '…; a bug, open an issue'."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb
from generation.planning.language.words import stem, tokens
from generation.planning.reading.implied import REST
from generation.planning.reading.passives import is_participle

_DETERMINED = r"(?:the|an?|its|their|our|his|her|one)"
# 'have a picture drawn and the text translated', 'have the tyres judged and a painter assess the scratches'
_CAUSED = re.compile(
    rf"\b(?P<first>(?P<have>have|get) {_DETERMINED} (?:[\w'-]+ ){{1,6}}?(?P<done>[a-z]+)(?: (?:in|into|by|to|for|from|with|as|on|against|about) [\w' -]{{2,40}}?)?)(?P<joint>,? and (?:then )?|, )"
    rf"(?P<second>{_DETERMINED} (?:[\w'-]+ ){{1,4}}?(?P<again>[a-z]+)\b(?= (?:in|into|by|to|for|from|with|as|on|{_DETERMINED})\b|\s*[.,;!?]|$| and\b))",
    re.IGNORECASE,
)
# 'if it is a question, answer it; a bug, open an issue; spam, delete it'
_CASES = re.compile(
    r"(?P<first>\bif (?:it|this|that|he|she|they|there) (?P<be>is|are) [^.,;!?]{2,60}, [^.;!?]+)(?P<others>(?:;\s+(?:and |or |but )?[^.;!?]+)+)",
    re.IGNORECASE,
)
_CASE = re.compile(
    r"^(?:if )?(?P<kind>(?:(?:an?|the|about) )?[\w-]+(?: [\w-]+){0,2})(?:,| -|:| \u2013)\s+(?P<act>.+)$",
    re.IGNORECASE,
)
# 'the others a friendly refusal' behind 'get a viewing'
_REST_GETS = re.compile(
    rf"(?P<told>\b(?:gets?|receives?|is sent|are sent)\b[^.;!?]*?)(?P<joint>[,;]\s+(?:and |but |while )?|\s+and\s+)(?P<rest>(?:for )?{REST}) (?P<what>(?:an?|the|our|some|only an?|just an?|nothing) )(?![^.,;!?]*\b(?:is|are|will|suffices|does|goes|becomes|should|must)\b)",
    re.IGNORECASE,
)
# 'do a code review, a scan and write tests'
_DO = re.compile(
    r"(?P<start>^|[.;:!?,]\s+|\b(?:and|then)\s+)(?P<verb>do|run|perform) (?P<first>[\w' -]{3,40}?), (?P<second>(?:an? )?[\w'-]+(?: [\w'-]+){0,2})(?=,? and (?P<last>[a-z]+ [a-z]+))",
    re.IGNORECASE,
)


def without_gaps(text: str) -> str:
    """`text` with every clause as it would be told alone."""
    text = _REST_GETS.sub(r"\g<told>\g<joint>\g<rest> get \g<what>", text)
    text = _CASES.sub(_cases, _CAUSED.sub(_caused, text))
    return _DO.sub(_done, text)


def _caused(match: re.Match[str]) -> str:
    if not is_participle(match["done"]):
        return match.group()
    is_done = is_participle(match["again"])
    is_doing = base_form(stem(match["again"].lower())) == match["again"].lower()
    followed = tokens(match.string[match.end() :][:40])[:1]
    is_clause = is_done or (
        is_doing and bool(followed) and followed[0] in ("the", "a", "an", "it", "its")
    )
    return f"{match['first']}{match['joint']}have {match['second']}" if is_clause else match.group()


def _cases(match: re.Match[str]) -> str:
    told = [part.strip() for part in match["others"].split(";") if part.strip()]
    return match["first"] + "".join(_case(part, match["be"]) for part in told)


def _case(part: str, be: str) -> str:
    """'a bug, open an issue' → '. If it is a bug, open an issue'; what is no case stays."""
    match = _CASE.match(re.sub(r"^(?:and|or|but) ", "", part))
    is_case = match is not None and not starts_with_verb(match["kind"], is_first=True)
    if match is None or not is_case or not starts_with_verb(match["act"], is_first=True):
        return f"; {part}"
    return f". If it {be} {match['kind']}, {match['act']}"


def _done(match: re.Match[str]) -> str:
    if starts_with_verb(match["second"]) or not starts_with_verb(match["last"], is_first=True):
        return match.group()
    return f"{match['start']}{match['verb']} {match['first']}, {match['verb']} {match['second']}"
