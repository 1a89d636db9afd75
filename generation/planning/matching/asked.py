"""What a clause asks for, as its grammar tells it: the words that count, the kind of action, one thing or several."""

import re
from dataclasses import dataclass

from generation.planning.language.verbs import DETERMINERS, actions, leading_verb, verb_at
from generation.planning.language.words import Unit, stem, tokens, units

WORK = frozenset({"analyse", "compose", "make"})
# What the words for who hears it count, in 'mail it to purchasing'.
RECIPIENT = 0.4
# What tools are called that bring several things, and those that bring one.
LISTING = frozenset({"list", "search", "find", "query"})
SEARCHING = frozenset({"search", "find"})
SINGLE = frozenset({"get", "read", "fetch"})
_RECIPIENT = re.compile(r"\bto ((?:the |our |my |his |her |their |an? )?[\w' -]+)$", re.IGNORECASE)
# 'claim 88-12', but not '20 orders'
_NUMBERED = re.compile(
    r"\b[a-z]{3,}(?<!last)(?<!next)(?<!past) (?:no\.? |number |#)?\d[\d-]{2,}\b(?! [a-z]+s\b)",
    re.IGNORECASE,
)
# What things are sent by, as a verb, behind a preposition, or as what is sent.
_WAYS = {
    way: re.compile(
        rf"^(?:(?:please|then|also|just|finally|and) )*(?:{verbs})\b(?! (?:to|in|into|on)\b)|\b(?:by|via|per|as an?|in an?|over the) (?:{nouns})\b|"
        rf"\b(?:send|gets?|receives?|write)\b.* an? (?:[\w-]+ ){{0,2}}?(?:{nouns})\b(?! (?:to|in|from) (?:the|our) (?:channel|chat|group)\b)",
        re.IGNORECASE,
    )
    for way, verbs, nouns in (
        ("email", r"e-?mail|mail", r"e-?mail|mail"),
        ("sms", "text", "sms|text message|text"),
        ("phonecall", "phone|ring|call", "phone call|voice call|phone|call"),
    )
}
_PLACE_THERE = re.compile(
    r"\b(?:in|into|to|on|onto) (?:the|our|my|this|that|its|their) (?!new\b)((?:[\w-]+ ){0,2}?[\w-]+)(?= (?:in|on|of|from|for|with|at|about|by)\b|[,.;]|$)",
    re.IGNORECASE,
)
# 'search the mailbox': what stands behind these is a place.
_PLACES_ARE_ASKED = frozenset({"search", "queri"})
_QUOTED = re.compile(r"[\"\u201c\u201e\u00ab][^\"\u201d\u201c\u00bb]*[\"\u201d\u201c\u00bb]")
_BEHIND_OBJECT = re.compile(
    r"\s(?:of|for|from|in|on|at|with|to|by|about|that|which|who|since|between|as)\s|,",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """`number`: 1 for several things, -1 for one, 0 for neither; `is_work`: no fetching or keeping, but work on a thing;
    `way`: the concept of the way that something is to be sent, '' where none is told; `places`: stems of the places
    that are there already."""

    said: tuple[Unit, ...]
    kinds: frozenset[str]
    verb: str
    number: int
    is_work: bool
    way: str = ""
    places: frozenset[str] = frozenset()


def asked_for(text: str, kinds: frozenset[str] | None) -> Asked:
    """What `text` asks for; `kinds` replaces the kinds of action that are read from it."""
    told = actions(text)
    said = _weighed(text)
    if kinds is None and told == {"send"}:
        said = _without_recipient(said, text)
    found = told if kinds is None else kinds
    verb = leading_verb(text).partition(" ")[0]
    is_work = bool(found) and found <= WORK and (not verb or _is_trade(verb))
    number = _number(text) if "read" in found else 0
    return Asked(
        said, found, verb, number, is_work, _way(text) if "send" in found else "", _places(text)
    )


def _places(text: str) -> frozenset[str]:
    """The stems of places that are there already: 'into the sheet', 'on our list'."""
    found = [word for place in _PLACE_THERE.finditer(text) for word in tokens(place.group(1))]
    return frozenset(stem(word) for word in found)


def _way(text: str) -> str:
    """'text the customer', 'tell him by e-mail', 'send them a letter': how it is to reach them."""
    for way, pattern in _WAYS.items():
        if pattern.search(text):
            return way
    return ""


def _is_trade(verb: str) -> bool:
    """'classify' tells what work is asked for, 'find out' does not."""
    kinds = verb_at([verb], 0)[1]
    return bool(kinds) and "read" not in kinds


def _number(text: str) -> int:
    """1 for 'the open tickets', -1 for 'the ticket' and 'the details of order 7781', 0 where a place is searched."""
    if leading_verb(text) in _PLACES_ARE_ASKED:
        return 0
    if _NUMBERED.search(_QUOTED.sub("", text)):
        return -1
    named = tokens(_BEHIND_OBJECT.split(text, maxsplit=1)[0])
    words = named[max(len(leading_verb(text).split()), 1) :]
    if not words:
        return 0
    if words[-1].endswith("s") and not words[-1].endswith(("ss", "us", "is", "news")):
        return 1
    return -1 if words[0] in ("the", "a", "an", "this", "that") else 0


def _weighed(text: str) -> tuple[Unit, ...]:
    """The words of a clause; a leading verb that is also a noun ('record it') tells as little as other verbs."""
    wanted = units(text)
    words = tokens(text)
    if len(words) < 2 or words[1] not in DETERMINERS or not wanted:
        return wanted
    length, kinds, _ = verb_at([stem(words[0])], 0)
    is_handling = (
        length and kinds & {"read", "create", "update", "run"} and not kinds & {"make", "analyse"}
    )
    if is_handling and f"={stem(words[0])}" in wanted[0][1]:
        return ((0.3, wanted[0][1]), *wanted[1:])
    return wanted


def _without_recipient(said: tuple[Unit, ...], text: str) -> tuple[Unit, ...]:
    """'mail it to purchasing': who hears it tells little of what is used."""
    to = _RECIPIENT.search(text)
    if to is None:
        return said
    there = {f"={stem(word)}" for word in tokens(to.group(1))}
    return tuple(
        (weight * RECIPIENT if there & set(terms) else weight, terms) for weight, terms in said
    )
