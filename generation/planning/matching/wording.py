"""What the wording of a clause tells before anything is looked up: bare pronouns, several objects, a place in front."""

import re

from generation.planning.language.verbs import actions, leading_verb, starts_with_verb
from generation.planning.language.words import tokens, units
from generation.planning.matching.entries import Entry
from generation.planning.reading.clauses import inner_instruction

PRONOUN = re.compile(r"\b(?:it|them|this|that|these|those|the (?:\w+ )?ones?)\b", re.IGNORECASE)
_LIST = re.compile(r",\s*(?:and |or |plus )?|\s+(?:and|plus|as well as)\s+", re.IGNORECASE)
_BOTH = re.compile(r"\bboth\b", re.IGNORECASE)
_PLACE_WORDS = frozenset({"from", "out", "based", "using", "given", "with", "in", "on", "for"})


def is_called(entry: Entry, text: str) -> bool:
    """Whether all words of an agent's name are said: 'the copy editor has no complaints'."""
    said = {term for _, terms in units(text) for term in terms}
    return len(entry.trade) > 1 and all(said & set(word) for word in entry.trade)


def is_bare(text: str) -> bool:
    """'issue it': no word but the verb tells anything."""
    pronoun = PRONOUN.search(text)
    if pronoun is None:
        return False
    verb = {f"={root}" for root in leading_verb(text).split()}
    told = [terms for _, terms in units(text) if not verb & set(terms)]
    if verb:
        return not told
    # 'give it a headline' tells what, 'frobnicate it' does not.
    return len(units(text)) <= 1 and not units(text[pronoun.end() :])


# 'translate it to German', of which 'French' is another one
_NAME = re.compile(r"[A-Z]\w*(?: [A-Z]\w*)?")
_NAMED_PLACE = re.compile(rf"(?P<before>.+ (?:to|into|in|on|for|from) ){_NAME.pattern}$")


def parts_of(text: str) -> list[str]:
    """'produce posts, a translation and a chart' → the verb with each object."""
    pieces = [piece.strip() for piece in _LIST.split(_BOTH.sub("", text)) if piece.strip()]
    count = len(leading_verb(text).split())
    head = " ".join(text.split()[:count])
    place = _NAMED_PLACE.match(pieces[0]) if pieces else None
    rest = [
        piece
        if _is_told(piece, head)
        else f"{place['before']}{piece}"
        if place and _NAME.fullmatch(piece)
        else f"{head} {piece}"
        for piece in pieces[1:]
    ]
    return [*pieces[:1], *rest]


def _is_told(piece: str, head: str) -> bool:
    """Whether a part has a verb of its own: 'mail it to him'."""
    return starts_with_verb(piece) if head else bool(actions(piece))


def without_place(text: str) -> str:
    """'From a blog text produce posts' → 'produce posts from a blog text'."""
    if not _PLACE_WORDS & set(tokens(text)[:1]):
        return text
    place, rest = inner_instruction(text)
    if not rest:
        return text
    return rest if "," in rest else f"{rest} {place[:1].lower()}{place[1:]}"
