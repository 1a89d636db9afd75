"""German, Spanish and French instructions as English ones: their shapes by hand, what stands in them by the planner's vocabulary."""

import re
from collections.abc import Iterable, Iterator

from generation.planning.language.languages import language_of, to_english
from generation.planning.language.verbs import verb_words
from generation.planning.language.words import STOP, known_products, noun_words
from generation.refining.instructions.shapes_of_languages import COUNTS, QUANTIFIERS, SHAPES

# They turn what is said; the plain reading, word by word, may lose them.
_NEGATIONS = {
    "de": r"nicht|nichts|kein\w*|nie|niemals|ohne|niemand|weder|statt|außer|nur",
    "es": r"no|nunca|sin|nada|nadie|ningun\w*|ningún|tampoco|excepto|menos|salvo|solo|sólo",
    "fr": r"ne|n'\w+|pas|jamais|sans|rien|personne|aucun\w*|sauf|seulement|uniquement",
}
_PLACEHOLDER = re.compile("\x01(\\d+)\x01")
_SETTLED = re.compile("\x02(\\d+)\x02")
_WORD = re.compile(r"(?<![\w\x01])[^\W\d_]{3,}(?![\w\x01])")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)'[^']*'(?!\w)")
# 'if the tone good is'
_VERB_LAST = re.compile(
    r"^(?P<who>.+?) (?P<rest>(?:at least|at most|more than|less than|not|very|too) [\w-]+|[\w-]+) (?P<verb>is|are|was|has)$"
)
# Letters and elisions that only one of the languages has: a short instruction has few other marks.
_LETTERS = {
    "de": re.compile(r"[äöüß]", re.IGNORECASE),
    "es": re.compile(r"[ñáíóú¿¡]", re.IGNORECASE),
    "fr": re.compile(r"[àâçèêëîïôûùœ]|\b(?:[ldnjcms]|qu)['\u2019]\w", re.IGNORECASE),
}
# What is put in as it was said.
_NAMES = frozenset({"name", "count"})


def in_english(part: str, names: Iterable[str]) -> list[str]:
    """What `part` may say in English, the likeliest first; `names` are words that stay, such as ids of steps."""
    hidden, kept = _hidden(part, names)
    found = [
        _shown(text, kept) for language in _likely(hidden) for text in _shaped(hidden, language)
    ]
    found += [part] if not language_of(part) else []
    language = _language(hidden)
    if language and not re.search(rf"\b(?:{_NEGATIONS[language]})\b", hidden, re.IGNORECASE):
        english = to_english(hidden, language)
        found += [] if _left_over(hidden, english) else [_shown(english, kept)]
    return list(dict.fromkeys(found))


def _left_over(text: str, english: str) -> bool:
    """Whether a word came through that no vocabulary has: it may be the one that matters ('al principio')."""
    same = {word.lower() for word in _WORD.findall(text)} & {
        w.lower() for w in _WORD.findall(english)
    }
    known = verb_words() | noun_words() | STOP
    return any((word,) not in known_products() and word not in known for word in same)


def _likely(text: str) -> list[str]:
    """The language of the words, or all where they do not tell: the shapes do."""
    language = _language(text)
    return [language] if language else list(SHAPES)


def _language(text: str) -> str:
    marked = [language for language, letters in _LETTERS.items() if letters.search(text)]
    return marked[0] if len(marked) == 1 and language_of(text) else language_of(text)


def _shaped(text: str, language: str) -> Iterator[str]:
    """English for the shapes that fit, with what stands in them translated, and then as it was said."""
    for pattern, english in SHAPES[language]:
        match = pattern.match(text)
        if match is not None:
            said = {name: value or "" for name, value in match.groupdict().items()}
            meant = {n: v if n in _NAMES else _phrase(v, language) for n, v in said.items()}
            counts = {n: COUNTS.get(v.lower(), v) for n, v in said.items() if n == "count"}
            for values in (meant, said):
                yield _tidy(english.format_map(values | counts))


def _phrase(text: str, language: str) -> str:
    done: list[str] = []

    def settle(match: re.Match[str], english: str) -> str:
        done.append(match.expand(english))
        return f"\x02{len(done) - 1}\x02"

    for pattern, english in QUANTIFIERS[language]:
        text = pattern.sub(lambda match, told=english: settle(match, told), text)  # type: ignore[misc]
    english = _SETTLED.sub(lambda match: done[int(match[1])], to_english(text, language).strip())
    return _VERB_LAST.sub(r"\g<who> \g<verb> \g<rest>", english)


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,")


def _hidden(text: str, names: Iterable[str]) -> tuple[str, list[str]]:
    """`text` with quotations and `names` as numbers, which no vocabulary knows."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x01{len(kept) - 1}\x01"

    text = _QUOTED.sub(hide, text)
    longest = sorted(set(names), key=len, reverse=True)
    if longest:
        pattern = rf"(?<![\w\x01-])(?:{'|'.join(map(re.escape, longest))})(?![\w\x01-])"
        text = re.sub(pattern, hide, text)
    return text, kept


def _shown(text: str, kept: list[str]) -> str:
    return _PLACEHOLDER.sub(lambda match: kept[int(match[1])], text)
