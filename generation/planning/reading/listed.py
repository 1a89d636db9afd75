"""Things that are to come about side by side, listed as nouns: 'three things at once: a recap, a newsletter and captions'."""

import re

from generation.planning.language.verbs import base_form, is_question, starts_with_verb
from generation.planning.language.words import stem, tokens

_PARALLEL = r"(?:at the same (?:time|moment)|in parallel|simultaneously|concurrently|side by side|next to each other|independently(?: of (?:each other|one another))?|all at once|at once)"
# What announces such a list, up to its colon, and the list.
_LIST = re.compile(
    rf"(?P<before>(?:^|[.!?;]\s+))(?P<intro>[^.!?;:]*\b{_PARALLEL}\b[^.!?;:]*):\s+(?P<items>[^.!?;:]+)(?=[.!?;]|$)",
    re.IGNORECASE,
)
_MARKER = re.compile(_PARALLEL, re.IGNORECASE)
_CUT = re.compile(r",\s+(?:and\s+)?|\s+and\s+", re.IGNORECASE)
# 'a newsletter that goes out', 'a letter, which is posted'
_RELATIVE = re.compile(r"\b(?:which|that|who)\b\s+(?=[a-z]+\b)", re.IGNORECASE)
# What goes on telling of the thing before.
_GOES_ON = re.compile(r"^(?:which|that|who|for|with|from|by)\b", re.IGNORECASE)
_PLACE = re.compile(r"^(?:in|on|to|at|via|by|from|with|for)\b", re.IGNORECASE)
_DOER = re.compile(
    r"^(?:the|an?|our) (?:[\w-]+ ){0,3}?(?:[a-z]+(?:er|or|ist)|agent|expert)\b", re.IGNORECASE
)
_AT_NAMED = re.compile(r"\b(?:on|via|in|to|with|from|through) [A-Z]")
_GOVERNED = re.compile(
    r"^(?:and |but )?(?:if|unless|otherwise|else|for (?:each|every)|in case)\b", re.IGNORECASE
)
# Whoever has eyes on a thing examines it.
_LOOKS = re.compile(r"\b(?:eyes|look\w*|check\w*|review\w*|examin\w*|angles?)\b", re.IGNORECASE)
_CAUSED = re.compile(r"\b(?:things|jobs|texts|items|pieces) (?P<verb>[a-z]+ed)\b", re.IGNORECASE)
LONGEST_THING = 9
EXAMINE, PRODUCE = "check", "produce"


def listed_in(text: str) -> tuple[str, tuple[str, ...], str] | None:
    """(what stands before, each thing as an instruction, what stands behind), null where no things are listed so."""
    for match in _LIST.finditer(text):
        things = _things(match["items"])
        if len(things) < 2 or _GOVERNED.match(match["intro"]) or not all(map(_is_thing, things)):
            continue
        verb = _verb(match["intro"])
        strands = tuple(_instruction(thing, verb) for thing in things)
        before = text[: match.start("intro")] + _told_before(match["intro"])
        return before, strands, text[match.end() :].lstrip(" .;")
    return None


def _told_before(intro: str) -> str:
    """'collect the commits' in 'collect the commits and announce everywhere at once'."""
    parts = [part for part in _CUT.split(intro) if not _MARKER.search(part)]
    return ". ".join(part for part in parts if starts_with_verb(part, is_first=True))


def _things(items: str) -> list[str]:
    """The things of the list, each with what is told of it; what 'and' joins within a thing stays together."""
    found: list[str] = []
    for part in _CUT.split(items):
        if found and _GOES_ON.match(part):
            found[-1] = f"{found[-1]} {part}"
        elif part.strip():
            found.append(part.strip())
    return found


def _is_thing(text: str) -> bool:
    head = _RELATIVE.split(text, maxsplit=1)[0]
    if is_question(text):
        return True
    if _PLACE.match(text):
        return False
    return 0 < len(tokens(head)) <= LONGEST_THING and not starts_with_verb(head)


def _verb(intro: str) -> str:
    if _LOOKS.search(intro):
        return EXAMINE
    asked = _CAUSED.search(intro)
    return (base_form(stem(asked["verb"].lower())) if asked else "") or PRODUCE


def _instruction(thing: str, verb: str) -> str:
    """'a newsletter that goes out' → 'make a newsletter. It goes out.'"""
    if is_question(thing):
        return thing
    head, *told = _RELATIVE.split(thing, maxsplit=1)
    if verb == EXAMINE and _DOER.match(head):
        return f"have {head.strip(' ,')} look at it"
    if verb == PRODUCE and _AT_NAMED.search(head):
        # A post on a named service is stored there.
        verb = "make"
    behind = f". It {_singular(told[0])}" if told else ""
    return f"{verb} {head.strip(' ,')}{behind}"


def _singular(told: str) -> str:
    return re.sub(
        r"^(?:are|get|go)\b",
        lambda said: {"are": "is", "get": "gets", "go": "goes"}[said.group().lower()],
        told,
    )
