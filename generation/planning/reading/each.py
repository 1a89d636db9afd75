"""Loops over things told without 'for each': 'go through them one by one', 'per order: …', 'every one of them should be checked'."""

import re

from generation.planning.language.verbs import starts_with_verb

_ONE_BY_ONE = (
    r"(?:one by one|one at a time|one after (?:another|the other)|(?:each )?individually|each in turn|in turn|piece by piece|"
    r"(?P<unit>(?!step|side|day|little|word|week|time|year|month|one|again|hour)[a-z]+) (?:by|after) (?P=unit))"
)
_THINGS = r"(?P<things>them(?: all)?|these|those|it|all of (?:them|these|those)|(?:all |through )?(?:the|these|those|our|all|my|(?:this|last) \w+'s|today's|yesterday's) (?:[\w-]+ ){0,3}?[\w-]+)"
# 'treat them one by one: …' says no more than 'for each of them …'.
_TAKEN = re.compile(
    rf"\b(?:go|work|run|look|step|walk|take|treat|handle|process|tackle|deal with|do|consider) (?:through |over |with )?{_THINGS},? {_ONE_BY_ONE}\b"
    r"\s*(?:[.:;]\s+|,?\s+and\s+(?:then\s+)?|,\s*|$)",
    re.IGNORECASE,
)
# 'take every open ticket, judge it and …' says no more than 'for each open ticket'.
_TAKE_EACH = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+|\band\s+|\bthen\s+)(?:take|go through|walk through|look through|work through|run through|step through|handle|process|pick up) "
    r"(?P<each>(?:each|every)(?: one)?(?: of)? [^.,;:!?]{2,50}?)(?:,| and|:) (?:and )?(?=[a-z]+ )",
    re.IGNORECASE,
)
# To go through all open claims, and what is done with each of them.
_GO_THROUGH = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+|\band\s+|\bthen\s+)(?:please )?(?:go|work|run|walk|step|look|read|leaf) (?:through|over) (?P<things>(?:all|every one of|my|the|our|these|those|today's)\b"
    r"(?: [\w'-]+){1,6}?)(?P<link>(?:,? (?:like this|as follows|in this way))?\s*[:;]\s+|,? and (?:then )?|,\s+|\.\s+)(?P<next>[a-z']+(?: [a-z']+)?)",
    re.IGNORECASE,
)
_OF_ITEM = re.compile(
    r"(?:if|when(?:ever)?|wherever|where|whoever|anyone|anybody|those|unless|depending|for|(?:each|every)(?: one)?)\b|\w{1,20} (?:it|its|each|every|them)$",
    re.IGNORECASE,
)
_PLURAL = re.compile(r"\b[a-z'-]+[^s\W]s(?:$|\s)", re.IGNORECASE)
_IN_FRONT = re.compile(
    rf"(?P<start>^|[.;:!?]\s+|,?\s+and\s+|,?\s+then,?\s+|,\s+){_ONE_BY_ONE}[,:]?\s+(?P<rest>[^.!?]+)",
    re.IGNORECASE,
)
# 'for all guests one after another, assign a room'
_FOR_ALL = re.compile(
    rf"\b(?:for|with) (?:all|all of|the|our|these|those)(?: (?:the|our|these|those))? (?P<many>(?:[\w'-]+ ){{0,4}}?[a-z'-]+s(?: (?:in|of|from|on) [\w' -]{{2,30}}?)?),? {_ONE_BY_ONE}\s*[,:]?\s+",
    re.IGNORECASE,
)
_EACH = re.compile(r"(?:for )?(?:each|every)\b", re.IGNORECASE)
_BEHIND = re.compile(
    rf"(?P<start>^|[.;:!?,]\s+|\band\s+|\bthen\s+)(?P<act>[a-z]+ {_THINGS}),? {_ONE_BY_ONE}\b",
    re.IGNORECASE,
)


def with_each(text: str) -> str:
    """`text` with 'one by one' as 'for each of …'."""
    text = _FOR_ALL.sub(r"for each of the \g<many>, ", _GO_THROUGH.sub(_gone_through, text))
    text = _TAKEN.sub(lambda match: f"for each of {_of(match['things'])}, ", text)
    text = _BEHIND.sub(_behind, _TAKE_EACH.sub(r"\g<start>for \g<each>, ", text))
    return _IN_FRONT.sub(_in_front, text)


def _gone_through(match: re.Match[str]) -> str:
    """A loop where several things are gone through and what follows speaks of each of them."""
    things, following = match["things"], match["next"]
    is_of_item = _OF_ITEM.match(following) or (
        ":" in match["link"] and not following.lower().startswith("each")
    )
    sentence = re.split(r"[.!?]", match.string[match.end("link") :], maxsplit=1)[0]
    if re.search(r"\b(?:each|every)\b", sentence, re.IGNORECASE):
        # 'go through the payments and for each one …' tells the loop itself.
        return match.group()
    is_all = things.lower().startswith("all") and "." not in match["link"]
    if not _PLURAL.search(things) or not (is_of_item or is_all):
        return match.group()
    things = re.sub(
        r"^(?:all|every one of) (?:of )?(?:(?=(?:our|my|these|those)\b)|the |(?=\w))",
        lambda said: "" if re.match(r"(?:our|my|these|those)\b", things[said.end() :]) else "the ",
        things,
        flags=re.IGNORECASE,
    )
    return f"{match['start']}for each of {things}, {following}"


def _of(things: str) -> str:
    plain = re.sub(r"^(?:all of|all|through) ", "", things, flags=re.IGNORECASE)
    return "them" if plain.lower() in ("them all", "it", "these", "those", "them") else plain


def _in_front(match: re.Match[str]) -> str:
    if _EACH.match(match["rest"]):
        return f"{match['start']}{match['rest']}"
    if not starts_with_verb(match["rest"], is_first=True):
        return match.group()
    start = re.sub(r"\band\s+$|\bthen,?\s+$", "then ", match["start"], flags=re.IGNORECASE)
    each = f"each {match['unit']}" if match["unit"] else "each of them"
    return f"{start}for {each}, {match['rest']}"


def _behind(match: re.Match[str]) -> str:
    if not starts_with_verb(match["act"], is_first=True):
        return match.group()
    verb, things = match["act"].split(" ")[0], _of(match["things"])
    return f"{match['start']}for each of {things}, {verb} it"
