"""Decisions that nobody called one: 'strong candidates are moved on, the others rejected'."""

import re
from dataclasses import replace

from generation.planning.language.verbs import actions
from generation.planning.reading.passives import Piece

# What is left when the kinds before it were spoken of.
REST = (
    r"(?:(?:all |any )?(?:the |of the )?(?:others?|(?:\w+ )?rest|remaining(?: ones)?)|all other(?: \w+|s)|"
    r"(?:the )?(?:other|remaining) (?:ones|\w+s)|everything else|every(?:one|body) else|any(?:thing|one|body) else)"
)
_IS_REST = re.compile(rf"^{REST}$", re.IGNORECASE)
_WITH_REST = re.compile(
    rf"^(?P<verb>[a-z]+(?: (?:on|out|up|back))?) {REST}\b(?P<tail>.*)$", re.IGNORECASE | re.DOTALL
)
_FOR_REST = re.compile(rf"^for {REST},?\s+(?P<body>.+)$", re.IGNORECASE | re.DOTALL)
_CONTRAST = re.compile(r",\s*(?:while|whereas|but)\s+$", re.IGNORECASE)
_ONES = re.compile(
    r"^(?:(?:the|all|any|an?) )?(?P<quality>(?:[\w-]+ ){0,2}[\w-]+) (?P<noun>ones?|[a-z]+s|goods)$",
    re.IGNORECASE,
)
_FOR_ONES = re.compile(
    r"^for (?:the |all |any )?(?P<quality>[\w-]+(?: [\w-]+)?) ones,?\s+(?P<body>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_ACT_FOR_ONES = re.compile(
    r"^(?P<body>.+?) (?:for|to|with) (?:the |all |all the |any )(?P<quality>[\w-]+) ones$",
    re.IGNORECASE | re.DOTALL,
)
_VERB_ONES = re.compile(
    r"^(?P<verb>[a-z]+(?: (?:on|out|up|back))?) (?:the |all |all the |any )(?P<quality>[\w-]+) ones\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_SOME = re.compile(
    r"^(?:(?:those|the ones|ones|all|anything|any(?:one|body)|every(?:one|body))|(?P<noun>(?:the |all )?[\w-]+s))"
    r" (?P<how>about|with|without|from|in|above|over|below|under|that|which|who) (?P<quality>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_THAT = re.compile(
    r"^(?P<verb>[a-z]+(?: (?:on|out|up|back))?) (?:(?:all )?(?:the |of the )?(?:ones|those)|those|all|any(?:thing)?|"
    r"(?:all |the )?(?P<noun>\w+s)) (?:that|which|who) (?P<condition>.+)$",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_LISTED = re.compile(
    r"^(?P<verb>\w+(?: \w+)?) (?:the |all |all the |our )(?P<things>(?:\w+ ){0,2}\w+[^siu\W]s)$",
    re.IGNORECASE,
)
_FOR_EACH = re.compile(r"for (?:each|every)\b[\w' -]*$", re.IGNORECASE)
_PER_ITEM = re.compile(r"\b(?:each|every|one by one|for all)\b", re.IGNORECASE)


def with_decisions(pieces: list[Piece]) -> list[Piece]:
    """`pieces` with implied decisions as 'if …, …, otherwise …', and what they go through as 'each of'."""
    found = list(pieces)
    for at, piece in enumerate(found):
        told = None if piece.is_governed else _quality(piece, found[at + 1 :])
        if told is None:
            continue
        condition, body, is_many = told
        separator = _CONTRAST.sub(", ", piece.separator)
        found[at] = replace(piece, text=f"if {condition}, {body}", subject="", separator=separator)
        found[at + 1 :] = [_otherwise(later) or later for later in found[at + 1 :]]
        is_led = at > 0 and bool(_FOR_EACH.match(found[at - 1].text))
        if is_many and not is_led and _goes_through(found, at):
            found[at] = replace(found[at], separator=". ")
    return found


def _quality(piece: Piece, later: list[Piece]) -> tuple[str, str, bool] | None:
    """(condition, what to do, whether it is said of several), where an alternative follows or 'ones' are spoken of."""
    has_rest = any(_otherwise(other) for other in later[:6])
    if match := _FOR_ONES.match(piece.text):
        return f"it is {match['quality']}", match["body"], True
    if match := _ACT_FOR_ONES.match(piece.text):
        return f"it is {match['quality']}", match["body"], True
    if (match := _VERB_ONES.match(piece.text)) and not piece.subject:
        return f"it is {match['quality']}", f"{match['verb']} it{match['rest']}", True
    some = _SOME.match(piece.subject)
    if some and (has_rest or not some["noun"]) and piece.subject.lower() != "all":
        how = "" if some["how"].lower() in ("that", "which", "who") else f"is {some['how']} "
        return f"it {how}{some['quality']}", piece.text.replace(piece.subject, "it", 1), True
    ones = _ONES.match(piece.subject)
    if (
        ones
        and (has_rest or ones["noun"].lower() in ("ones", "one"))
        and not _IS_REST.match(piece.subject)
    ):
        quality = ones["quality"].lower()
        return f"it is {quality}", piece.text.replace(piece.subject, "it", 1), True
    if has_rest and (match := _THAT.match(piece.text)) and actions(match["verb"]):
        return f"it {match['condition']}", f"{match['verb']} it", True
    return None


def _otherwise(piece: Piece) -> Piece | None:
    """The alternative: what is done with 'the others', 'the rest'."""
    if _IS_REST.match(piece.subject):
        text = piece.text.replace(piece.subject, "it", 1)
    elif match := _FOR_REST.match(piece.text):
        text = match["body"]
    elif (match := _WITH_REST.match(piece.text)) and not piece.subject:
        text = f"{match['verb']} it{match['tail']}"
    else:
        return None
    return replace(piece, text=f"otherwise {text}", subject="", separator=", ")


def _goes_through(found: list[Piece], at: int) -> bool:
    """Make the piece that judges the things speak of each of them; False where nothing does."""
    start = next((n for n in range(at, -1, -1) if found[n].starts_sentence), 0)
    if any(_PER_ITEM.search(piece.text) for piece in found[start:at]):
        return True
    if at == 0:
        return False
    before = found[at - 1]
    of_each = each_of(before.text)
    found[at - 1] = replace(before, text=of_each or before.text)
    return bool(of_each)


def each_of(text: str) -> str:
    """'triage the tickets' → 'triage each of the tickets'; '' where no things are gone through."""
    match = _LISTED.match(text)
    if match is None or not actions(text) & {"analyse", "make", "read"}:
        return ""
    return f"{match['verb']} each of the {match['things']}"
