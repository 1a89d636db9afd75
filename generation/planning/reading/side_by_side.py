"""Ways of telling that things are done side by side, as 'in parallel': '(can run together)', 'A and B - fetch both at once'."""

import re

from generation.planning.language.verbs import actions, base_form, starts_with_verb
from generation.planning.language.words import stem, tokens

_AT_ONCE = (
    r"(?:(?:at|in) the same (?:time|moment)|in parallel|simultaneously|concurrently|side by side|next to each other|alongside each other|all at once|at once|"
    r"independently(?: (?:of|from) (?:each other|one another))?)"
)
_THEY = r"(?:(?:these|those|the|they|all|both|it all|all of (?:these|this|it|them)|each)(?: (?:two|three|four|both|can|steps|tasks|things|jobs))*|two|three|no order)"
# What stands in brackets behind the things: '(can run together)', '(in any order)'
_IN_BRACKETS = re.compile(
    rf"\s*\((?:{_THEY} )?(?:(?:can|may|could|should|might|will|to) )?(?:(?:all |both )?(?:run|happen|be done|be run|go|work|proceed|start|take place|done|run) )?(?:{_AT_ONCE}|together|in any order|parallel)\)",
    re.IGNORECASE,
)
# ', they can run together', '- both may happen together'
_MAY_RUN = re.compile(
    rf"(?:\s*[,;]|\s+[-\u2013\u2014]|[.!]) (?:and )?(?:{_THEY} )(?:can|may|could|should|might) (?:all |both )?(?:run|happen|be done|be run|go|work|proceed|start|take place) (?:{_AT_ONCE}|together|in any order)(?=[.,;!?]|$)",
    re.IGNORECASE,
)
# 'load the profile and the payments together': what is only read is not put together.
_READ_TOGETHER = re.compile(
    r"(?P<act>(?:^|(?<=[.;:!?,] )|(?<=\band )|(?<=\bthen ))[a-z]+(?: up)? [^.,;:!?]{3,60}? and [^.,;:!?]{3,60}?),? together(?=\s*(?:[.,;!?]|$))",
    re.IGNORECASE,
)
# What needs no waiting is done at once: 'two jobs, no need to wait for each other'
_NO_WAITING = re.compile(
    r",? (?:with )?(?:no need to wait for (?:each other|one another)|(?:and )?neither (?:has to wait|waits) for the other|(?:which|that) (?:do not|don't) (?:depend on|wait for|need) (?:each other|one another))",
    re.IGNORECASE,
)
_BOTH_TOGETHER = re.compile(
    r", (?:both|all|the two|all three|all of them) (?:together|in one go|in one sweep)\b(?! (?:in|into|as|to)\b)",
    re.IGNORECASE,
)
# 'soil moisture, wind and rain - fetch all three': the things stand before the verb.
_THINGS_FIRST = re.compile(
    r"(?:(?<=[.!?] )|\A)(?P<things>[^.!?:;\u2013\u2014]{3,80}?,? and [^.!?:;,\u2013\u2014]{3,60}?)(?:\s+[-\u2013\u2014]\s+|:\s+|,\s+)(?P<verb>[a-z]+(?: up)?) "
    r"(?:all (?:two|three|four|of (?:them|these|those))|both(?: of them)?|them(?: (?:all|both))?|these|those(?: two| three)?|the (?:two|three|four))(?: of them)?\b(?P<rest>[^.!?]*)",
    re.IGNORECASE,
)
# 'check at the same time whether the room and the band are free'
_WHETHER = re.compile(
    rf"\b(?P<verb>check|see|find out|test|verify|ask|look up|determine),? {_AT_ONCE},? (?P<what>(?:if|whether)\b[^.,;!?]+)",
    re.IGNORECASE,
)
# 'None of these has to wait for the others', 'Do those two concurrently': it speaks of the sentence before.
_SAID_AFTER = re.compile(
    r"[.!?;]\s+(?:(?:none of (?:these|them|those)|no one|neither)(?: of them)? (?:has|needs|have|need) to wait[^.!?;]*|"
    r"(?:do|run|fetch|make|get|start|handle|let)?\s?(?:all of )?(?:these|those|they|them|both|all|the two|the three|all three|it all)(?: two| three| of (?:these|those|them)| things| steps| tasks)?"
    r"(?: (?:can|may|should|could|must|shall|are to|will))?(?: all| both)?(?: (?:run|happen|be done|go|work|proceed|start|take place|done))? "
    r"(?:at the same time|in parallel|concurrently|simultaneously|at once|side by side|independently(?: of (?:each other|one another))?))(?=[.!?;]|$)",
    re.IGNORECASE,
)
# 'three things can happen side by side: …' → 'side by side …'
_ANNOUNCED = re.compile(
    r"(?P<start>^|[,.;]\s+)[^,.:;]{0,40}\b(?:things|steps|tasks|actions|jobs|following|all of (?:this|these|it)|everything)\b[^,.:;]{0,40}?"
    r"\b(?P<how>side by side|next to each other|in parallel|at the same time|simultaneously|concurrently|at once)[^,.:;]{0,20}:\s",
    re.IGNORECASE,
)


_HAS_OBJECT = re.compile(r"[a-z]+ (?:the|an?|it|them|its|our)\b", re.IGNORECASE)
_ARRANGED = re.compile(
    rf"\barrange (?P<things>[^.;:!?]+? and [^.;:!?]+?),? (?P<how>(?:all |both )?{_AT_ONCE})(?=[.;!?]|$)",
    re.IGNORECASE,
)


def with_side_by_side(text: str) -> str:
    """`text` with all these ways of telling it as 'in parallel' behind the things, or 'at the same time' before them."""
    text = _NO_WAITING.sub(" in parallel", text)
    text = _MAY_RUN.sub(" in parallel", _IN_BRACKETS.sub(" in parallel", text))
    text = _READ_TOGETHER.sub(_read_together, _BOTH_TOGETHER.sub(" in parallel", text))
    text = _THINGS_FIRST.sub(_verb_first, text)
    text = _WHETHER.sub(r"\g<verb> \g<what> in parallel", text)
    text = _SAID_AFTER.sub(" in parallel", text)
    return _ANNOUNCED.sub(r"\g<start>at the same time, ", text)


def each_arranged(text: str) -> str:
    """'arrange sirens, a text and the opening of the shelters all at once' → 'arrange sirens, arrange a text …'."""
    return _ARRANGED.sub(_each_arranged, text)


def _each_arranged(match: re.Match[str]) -> str:
    things = re.split(r",\s+(?:and )?|\s+and\s+", match["things"])
    if any(starts_with_verb(thing) and _HAS_OBJECT.match(thing) for thing in things):
        return match.group()
    return f"{', '.join(f'arrange {thing}' for thing in things)}, {match['how']}"


def _read_together(match: re.Match[str]) -> str:
    is_read = starts_with_verb(match["act"], is_first=True) and "read" in actions(match["act"])
    return f"{match['act']} in parallel" if is_read else match.group()


def _verb_first(match: re.Match[str]) -> str:
    """'A, B and C - fetch all three in parallel' → 'fetch A, B and C in parallel'."""
    things, verb = match["things"], match["verb"]
    first = (tokens(things) or [""])[0]
    if base_form(stem(first)) == first or not starts_with_verb(f"{verb} it", is_first=True):
        return match.group()
    return f"{verb} {things[0].lower()}{things[1:]}{match['rest']}"
