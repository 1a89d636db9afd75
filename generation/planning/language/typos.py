"""Mends misspelt words: an unknown word that is one slip away from exactly one that matters here."""

import re
from collections.abc import Iterable
from functools import cache

from rapidfuzz.distance import OSA

from generation.planning.language.verbs import FILLERS, verb_words
from generation.planning.language.words import STOP, known_products, noun_words, stem, tokens
from generation.planning.meaning.encoder import is_common_word
from workflows.definition.catalogue import Catalogue

_WORD = re.compile(r"(?<![\w@#/.$&+-])[A-Za-z]{4,24}(?![\w@/&+]|\.\w|-\w)")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|https?://\S+|\$\{[^}]*\}")
_CONTROL = frozenset(
    [
        "then",
        "otherwise",
        "else",
        "until",
        "repeat",
        "while",
        "before",
        "after",
        "finally",
        "meanwhile",
        "parallel",
        "depending",
        "unless",
        "every",
        "each",
        "when",
        "afterwards",
        "simultaneously",
        "same",
        "time",
        "both",
    ]
)
# They are never misspelt forms of something else, and nothing is mended into them.
_FUNCTION_WORDS = (
    STOP
    | FILLERS
    | {"second", "seconds", "minute", "minutes", "hour", "hours", "days", "week", "weeks"}
    | {"least", "most", "less", "more", "than", "fewer", "above", "below", "under", "over"}
    | {"lower", "higher", "greater", "larger", "smaller", "bigger", "maximum", "minimum"}
)
# Three letters in the wrong order: only these are so common that nothing else can be meant.
_SWAPPED = {"adn": "and", "nad": "and", "teh": "the", "hte": "the", "tehn": "then", "thne": "then", "wiht": "with",
             "taht": "that", "jsut": "just", "fi": "if", "evry": "every", "wether": "whether", "untill": "until"}  # fmt: skip
_SHORT = re.compile(rf"\b(?:{'|'.join(_SWAPPED)})\b", re.IGNORECASE)
# Shorter words have too many neighbours: only swapped letters are mended there.
LONG = 5
# Two slips are believed in words of this length.
VERY_LONG = 9


def mended(text: str, catalogue: Catalogue) -> str:
    """`text` with its misspelt words put right; quoted text, addresses and names are left alone."""
    text = _SHORT.sub(lambda match: _SWAPPED[match.group().lower()], text)
    known = _known(catalogue)
    roots = {stem(word) for word in known}
    protected = [match.span() for match in _QUOTED.finditer(text)]

    def right(match: re.Match[str]) -> str:
        word = match.group()
        is_quoted = any(start <= match.start() < end for start, end in protected)
        if (
            is_quoted
            or word.lower() in known
            or word.lower() in _FUNCTION_WORDS
            or stem(word.lower()) in roots
            or is_common_word(word.lower())
        ):
            return word
        found = _nearest(word.lower(), known)
        if not found or stem(found) == stem(word.lower()):
            return word
        return found.capitalize() if word[0].isupper() else found

    return _WORD.sub(right, text)


def _known(catalogue: Catalogue) -> frozenset[str]:
    entries: list[Iterable[str]] = [
        tokens(f"{e.name} {e.description}") for e in catalogue.agents.values()
    ]
    entries += [
        tokens(f"{e.id.partition(':')[2]} {e.description}") for e in catalogue.tools.values()
    ]
    entries += [tokens(f"{e.id} {e.name} {e.description}") for e in catalogue.servers.values()]
    words = {word for entry in entries for word in entry if word.isascii() and word.isalpha()}
    return frozenset(words) | _language()


@cache
def _language() -> frozenset[str]:
    names = {word for spelling in known_products() for word in spelling}
    return frozenset(verb_words() | noun_words() | _CONTROL | names)


def _nearest(word: str, known: frozenset[str]) -> str:
    """The only known word that is closest to `word`, '' for none or several."""
    best, found = 3.0, set[str]()
    for other in known:
        if abs(len(other) - len(word)) > 2 or len(other) < 4 or other[0] not in word[:2]:
            continue
        cost = _slips(word, other)
        if cost is None:
            continue
        # The first letter is hardly ever the wrong one.
        cost += 0.1 * (other[0] != word[0])
        if cost > best:
            continue
        if cost < best:
            best, found = cost, set()
        found.add(other)
    roots = {stem(other) for other in found}
    return min(found, key=lambda other: (len(other), other)) if len(roots) == 1 else ""


def _slips(word: str, other: str) -> float | None:
    """What it takes to get from `word` to `other`: swapped letters cost least; None for too much."""
    allowed = 2 if min(len(word), len(other)) >= VERY_LONG else 1
    cost = OSA.distance(word, other, score_cutoff=allowed)
    if cost > allowed:
        return None
    if len(word) == len(other) and _is_swap(word, other):
        return 0.5
    if len(word) < LONG:
        # 'evry': a letter too few in a word that everybody means.
        return 1.0 if len(other) == len(word) + 1 and other in _CONTROL else None
    if cost == 1 and len(word) == len(other) and len(word) <= LONG + 1:
        # One letter for another in a short word makes other words: 'filed', 'field'.
        return None
    return float(cost)


def _is_swap(word: str, other: str) -> bool:
    wrong = [n for n, (a, b) in enumerate(zip(word, other, strict=True)) if a != b]
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and word[wrong[0]] == other[wrong[1]]
        and word[wrong[1]] == other[wrong[0]]
    )
